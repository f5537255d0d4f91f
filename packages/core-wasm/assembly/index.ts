/** The export list of the wasm module, nothing else: one group a file. */

export { allowedMasks, maskScores } from './allowed';
export { dotCodeRows } from './bit-dot';
export { dotBitPlanesRows } from './bit-planes';
export { packCode, unpackCode } from './code-pack';
export { encodeCodeRows } from './code-search';
export { dotF32, dotF32Rows, dotF32Tile, dotI8Rows } from './dot';
export { fastscanU8, fastscanU16 } from './fastscan';
export { fastscanPack, fastscanUnpack } from './fastscan-pack';
export { signLutsU8, signLutsU16 } from './fastscan-sign-luts';
export { cellSums, fillCells, maxScaledRows, nearestTokens, sketchRows, voteSums } from './fde';
export {
  addDotF32Rows,
  addDotI8Rows,
  addScores,
  finishScores,
  gatherRows,
} from './fde-scan';
export { rectifyRows } from './features';
export { graphInsert, graphNearest } from './graph-build';
export { graphRepair } from './graph-repair';
export { graphScan, graphSearch } from './graph-search';
export { encodeColumnRows, encodeRangeRows } from './grid-code';
export { hadamardF32Rows, rotateF32Rows } from './hadamard';
export { hammingRows } from './hamming';
export { heapBase as __heap_base } from './heap-base';
export { l2F32, l2F32Rows, l2F32Tile, normF32Rows } from './l2';
export { gramF32, matmulF32, nearestF32 } from './matmul';
export { maxsimCode, maxsimF16, maxsimF32, maxsimI8 } from './maxsim';
export { maxsimBits } from './maxsim-bits';
export { packPanel, projectRows, quantizeRows, residualRows } from './project';
export { reflectRows } from './reflect';
export { segmentedQuery } from './segmented-query';
export { segmentedScan, segmentedScores, segmentedSearch } from './segmented-scan';
export { fillCubeRows, simhashRows } from './simhash';
export { addScaledF32, affineScores, dotF16Rows, tableRowsPacked, tableRowsU8 } from './table-rows';
export { selectBelowF32, topKPushF32, topKSortF32 } from './topk';
