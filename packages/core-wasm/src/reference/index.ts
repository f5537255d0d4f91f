/** Plain TypeScript twins of the kernels: oracles of the tests and the readable statement of what each kernel does. */
export { allowedMasks, isAllowed, maskScores } from './allowed.ts';
export { dotCodeRows } from './bit-dot.ts';
export { dotBitPlanesRows } from './bit-planes.ts';
export { packCode, unpackCode } from './code-pack.ts';
export { type CodeFactors, encodeCodeRows } from './code-search.ts';
export { dotF32, dotF32Rows, dotF32Tile, dotI8Rows } from './dot.ts';
export {
  fastscanPack,
  fastscanU8,
  fastscanU16,
  fastscanUnpack,
  signLutsU8,
  signLutsU16,
} from './fastscan.ts';
export {
  type CellLayout,
  cellSums,
  fillCells,
  maxScaledRows,
  nearestTokens,
  sketchRows,
  voteSums,
} from './fde.ts';
export { addDotF32Rows, addDotI8Rows, addScores, finishScores, gatherRows } from './fde-scan.ts';
export { rectifyRows } from './features.ts';
export {
  graphInsert,
  graphNearest,
  graphRepair,
  type MetVertex,
  type NeighbourGraph,
  type VertexCoordinates,
  vertexDistance,
  type WalkResult,
  walkGraph,
} from './graph.ts';
export { encodeColumnRows, encodeRangeRows } from './grid-code.ts';
export { hadamardF32Rows, rotateF32Rows } from './hadamard.ts';
export { hammingRows } from './hamming.ts';
export { l2F32, l2F32Rows, l2F32Tile, normF32Rows } from './l2.ts';
export { gramF32, matmulF32, nearestF32 } from './matmul.ts';
export {
  type DocumentRows,
  type MaxsimResult,
  maxsimBits,
  maxsimCode,
  maxsimF16,
  maxsimF32,
  maxsimI8,
} from './maxsim.ts';
export { packPanel, projectRows, quantizeRows, residualRows } from './project.ts';
export { reflectRows } from './reflect.ts';
export {
  expandFactor,
  type SegmentedSegment,
  segmentedBlockBytes,
  segmentedScores,
} from './segmented-scan.ts';
export { fillCubeRows, simhashRows } from './simhash.ts';
export {
  type AffineTerms,
  addScaledF32,
  affineScores,
  dotF16Rows,
  FACTOR_ADD,
  FACTOR_OFFSET,
  FACTOR_SCALE,
  halfToNumber,
  INTEGER_DOTS,
  tableRowsPacked,
  tableRowsU8,
} from './table-rows.ts';
export { selectBelowF32, topKPushF32, topKSortF32 } from './topk.ts';
