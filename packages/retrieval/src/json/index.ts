/**
 * JSON records as vectors of one dimension, typed fields included, without a model; and their fields read back.
 *
 * @module
 */
export {
  type JsonExplanation,
  type JsonReading,
  JsonVectorizer,
  type JsonVectorOptions,
} from './vectorizer.ts';
