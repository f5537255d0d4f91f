/**
 * Codebooks by gradient descent: plain, and SimVQ, which does not collapse.
 *
 * @module
 */
export {
  type CodebookReport,
  codebookReport,
  type GradientVqModel,
  type GradientVqOptions,
  trainGradientVq,
} from './train.ts';
