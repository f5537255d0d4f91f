/** Scores SAQ codes that lie row by row, for walks in graphs: the stages of a scan, heads before tails. */
import { type Block, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import type { GraphEstimator, GraphProbe, ScanHeap } from '../quantizer.ts';
import { saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { headStages, saqRowLayout, writeRowStages } from './row-layout.ts';
import {
  CONTEXT_RECORD_BYTES,
  RANGE_RECORD_BYTES,
  STAGE_RECORD_BYTES,
  saqRanges,
  saqStages,
  writeRangeRecords,
  writeStageRecords,
} from './stages.ts';

/** In a context: the word of the statistics, the byte of gamma. */
const STATISTICS = 8;
const GAMMA_AT = 44;

export class SaqGraphEstimator extends Owner implements GraphEstimator {
  readonly headStages: number;
  /** Of the query, for scans of blocks. */
  readonly #scan: Block;
  readonly #context: Block;

  /** scan — the context of the estimator whose query this one has. */
  constructor(core: Core, model: SaqModel, scan: Block) {
    super(core);
    this.#scan = scan;
    const layout = saqLayout(model.plan);
    const rows = saqRowLayout(layout, model.shares);
    const ranges = saqRanges(layout.coded);
    const stages = saqStages(layout.coded, ranges, rows.high);
    this.headStages = headStages(rows, ranges);
    const rangeBlock = this.allocate(ranges.length * RANGE_RECORD_BYTES);
    writeRangeRecords(layout, ranges, model.shares, rangeBlock.u32(), rows.high);
    const stageBlock = this.allocate(stages.length * STAGE_RECORD_BYTES);
    writeStageRecords(layout, ranges, stages, model.factorUnits, stageBlock.u32());
    writeRowStages(rows, ranges, stages, stageBlock.u32());
    const statistics = this.allocate(16 + 4 * stages.length);
    this.#context = this.allocate(CONTEXT_RECORD_BYTES);
    const words = this.#context.u32();
    // what is the estimator's: where the query lies, scratch, weight and share
    words.set(scan.u32());
    words.set([0, rangeBlock.at(), ranges.length, stageBlock.at(), stages.length]);
    words[STATISTICS] = statistics.at();
  }

  search(probe: GraphProbe, { k, scores, ids, size }: ScanHeap): number {
    const { graph, base, centroid, allowed } = probe;
    const context = this.#ready(centroid);
    return this.core.kernels.graphSearch(graph, context, base, allowed, k, scores, ids, size);
  }

  scan({ graph, base, centroid }: GraphProbe, slots: Ptr, count: number, heap: ScanHeap): void {
    const { scores, ids, size, k } = heap;
    const context = this.#ready(centroid);
    this.core.kernels.graphScan(graph, context, base, slots, count, k, scores, ids, size);
  }

  /** The context of the estimator's query. */
  #ready(centroid: Ptr): Ptr {
    this.checkLive('estimator');
    this.#context.f32(GAMMA_AT, 1).set(this.#scan.f32(GAMMA_AT, 1));
    this.core.kernels.segmentedQuery(this.#context.at(), centroid);
    return this.#context.at();
  }
}
