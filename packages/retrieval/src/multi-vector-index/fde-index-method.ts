/** Indexes of FDEs as a value: what imports it carries SAQ, lists and graphs, and nothing else does. */
import { type Core, FormatError, making } from '@sagitta/core-wasm';
import { saq } from '@sagitta/quantizers';
import { openerOf } from '../files/index-head.ts';
import { readLive } from '../files/live-rows.ts';
import { inside, type Program, reading, type SectionTable } from '../files/program.ts';
import { readRows } from '../files/read-index.ts';
import { graph } from '../graph/graph-method.ts';
import { trainChecked } from '../ivf/build-index.ts';
import { INDEX_KIND, INDEX_VERSION } from '../ivf/format.ts';
import { listSlots } from '../search/slot-set.ts';
import { FdeIndex, LIVE, ROW_SECTIONS } from './fde-index.ts';
import type { FdeIndexMethod, FdeIndexOptions } from './fde-index-options.ts';

/** An empty index, trained on FDEs (m × length). @throws RangeError on too few of them */
function trainFdeIndex(core: Core, sample: Float32Array, length: number, options: FdeIndexOptions): FdeIndex {
  const { kind, bits, nlist, degree, efConstruction, seed } = options;
  const edges = {
    ...(degree !== undefined && { degree }),
    ...(efConstruction !== undefined && { efConstruction }),
  };
  const common = { metric: 'ip', quantizer: saq({ bits }), seed } as const;
  const method = kind === 'graph' ? { ...common, graph: graph(edges) } : { ...common, nlist };
  return making((own) => {
    const rows = own(trainChecked(core, { data: sample, d: length }, method, 'sample'));
    return new FdeIndex(core, rows);
  });
}

/** Reads what sections() wrote; rows that do not stay are gone. */
function* readFdeIndex(core: Core, table: SectionTable, length: number): Program<FdeIndex> {
  const own = table.inside({ kind: INDEX_KIND, version: INDEX_VERSION }, ROW_SECTIONS);
  return yield* reading(function* (keep): Program<FdeIndex> {
    const rows = keep(yield* inside(readRows(core, own, { open: openerOf([saq]), graph })));
    if (rows.d !== length || rows.metric !== 'ip' || rows.keepsVectors) {
      throw new FormatError(
        `the index of FDEs expected codes of inner products of ${length} numbers, got ${rows.metric} of ${rows.d}`,
        32,
      );
    }
    const live = readLive(table.has(LIVE) ? yield { section: LIVE } : undefined, rows.n);
    const stay = listSlots(live);
    if (stay.length < rows.n) rows.compaction(stay).commit();
    return new FdeIndex(core, rows);
  });
}

/**
 * Makes and reads FDEs in lists and in graphs, as `indexes: fdeIndexes` among options.
 * @example
 * const index = buildMultiVectorIndex(core, documents, { fdeIndex: 'graph', indexes: fdeIndexes });
 */
export const fdeIndexes: FdeIndexMethod = { train: trainFdeIndex, read: readFdeIndex };
