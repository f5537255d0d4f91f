/** What a worker says of the index that it holds. */
import type { Core } from '@sagitta/core-wasm';
import { IvfIndex, MultiVectorIndex, PagedIndex, PagedMultiVectorIndex, VectorIndex } from '../index.ts';
import type { AnyInfo } from './protocol.ts';
import type { RecordIndex } from './record-service.ts';

export type AnyIndex = IvfIndex | PagedIndex | RecordIndex;

export function describeIndex(core: Core, index: AnyIndex): AnyInfo {
  const isPaged = 'reads' in index;
  const { n, d } = index;
  const held = { isPaged, bytesUsed: core.bytesUsed(), memoryBytes: core.memoryBytes() };
  if (index instanceof MultiVectorIndex || index instanceof PagedMultiVectorIndex) {
    const { dead, metric, parameterHash } = index;
    const reads = index instanceof PagedMultiVectorIndex && { reads: index.reads };
    return { n, d, dead, metric, parameterHash, ...held, ...reads };
  }
  const { nlist, metric, kind, quantizer, bits } = index;
  const common = { n, d, nlist, metric, kind, quantizer, bits, ...held };
  const reads = !(index instanceof IvfIndex || index instanceof VectorIndex) && { reads: index.reads };
  if (index instanceof IvfIndex || index instanceof PagedIndex) {
    const { keepsVectors, bytesPerVector } = index;
    return { ...common, keepsVectors, bytesPerVector, ...reads };
  }
  return { ...common, dead: index.dead, ...reads };
}
