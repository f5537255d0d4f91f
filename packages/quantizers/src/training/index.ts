/** Training: samples, principal components, k-means. Each returns an immutable model. */
export {
  type Assignment,
  assignToNearest,
  type KmeansModel,
  type KmeansOptions,
  trainKmeans,
} from './kmeans.ts';
export { type LeadingPca, type LeadingPcaOptions, principalDirections } from './leading-pca.ts';
export { type PcaModel, type PcaOptions, projectRows, trainPca } from './pca.ts';
export { relevantDims } from './relevant-dims.ts';
export { gatherRows, RowReservoir, reservoirRows, sampleIndices, sampleRows } from './sample.ts';
export { type SymmetricEigen, symmetricEigen } from './symmetric-eigen.ts';
