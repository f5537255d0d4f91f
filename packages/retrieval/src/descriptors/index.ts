/**
 * Signals and covariance matrices as vectors whose Euclidean distance means something, without a model.
 *
 * @module
 */
export { type CovarianceOptions, covarianceDescriptor, logEuclidean } from './covariance.ts';
