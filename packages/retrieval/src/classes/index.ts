/**
 * Classes of vectors from labels on a collection, without a training loop: a few directions each, their scores, and which
 * classes will be mixed up.
 *
 * @module
 */
export { CLASS_KINDS, type ClassHit, type ClassKind, ClassModel } from './class-model.ts';
export { readClasses, writeClasses } from './format.ts';
export { type ClassOptions, trainClasses } from './train.ts';
