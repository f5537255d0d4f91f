/** sagitta eval --estimate: recall from the truth of a few queries and a deeper search of all. */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { gatherRows } from '@sagitta/quantizers/training';
import type { IvfIndex } from '@sagitta/retrieval';
import { estimateRecallFrom, type RecallEstimate } from '@sagitta/retrieval/evaluation';
import { exactNeighbors } from '../exact-neighbors.ts';
import { type SearchMeasurement, timeSearch } from '../measure-search.ts';
import { MAX_COUNT, type ScanOptions, searchOptions, type VectorOptions } from './arguments.ts';
import { blame, CommandFailure } from './failure.ts';
import { withVectors } from './inputs.ts';
import type { Reporter } from './io.ts';
import { count } from './text.ts';

/** A row of eval whose recall is an estimate. */
export type EstimatedRow = SearchMeasurement & RecallEstimate;

interface EstimateOptions extends VectorOptions, ScanOptions {
  readonly estimate?: number;
  readonly base?: string;
  readonly k: number;
  readonly repeat: number;
}

/** Lists or candidates of the deeper search, times those of the search that is measured. */
const DEEPER = 4;

/** Measures every width; truths that were found for one serve the next. */
export async function estimateAll(
  core: Core,
  index: IvfIndex,
  queries: VectorSet,
  widths: readonly { readonly nprobe?: number; readonly ef?: number }[],
  options: EstimateOptions,
  report: Reporter,
): Promise<EstimatedRow[]> {
  const { k, repeat, estimate: halfWidth = 1, base = '' } = options;
  const truths = new Map<number, Uint32Array>();
  const find = async (wanted: Uint32Array): Promise<Uint32Array[]> => {
    const missing = wanted.filter((query) => !truths.has(query));
    if (missing.length > 0) {
      report.note(`true neighbours of ${count(missing.length)} queries in ${base}`);
      const ids = await exactIds(core, index, base, gatherRows(queries, missing), options);
      missing.forEach((query, i) => {
        truths.set(query, ids.slice(i * k, (i + 1) * k));
      });
    }
    return Array.from(wanted, (query) => truths.get(query) as Uint32Array);
  };
  const rows: EstimatedRow[] = [];
  await report.progress('eval', widths.length, 'settings', async (progress) => {
    for (const width of widths) {
      const search = { ...searchOptions(options), k };
      const argument = options.rerank === undefined ? 'FILE' : '--rerank';
      const { ids, ...times } = await blame(argument, () =>
        timeSearch(index, queries, { ...search, ...width, repeat }),
      );
      const { ids: deeper } = timeSearch(index, queries, { ...search, ...deepen(width) });
      const row = (set: Uint32Array) => (query: number) => set.subarray(query * k, (query + 1) * k);
      const estimate = await blame('--queries', () =>
        estimateRecallFrom({ n: queries.n, k, found: row(ids), deeper: row(deeper), truth: find, halfWidth }),
      );
      rows.push({ ...times, ...estimate });
      progress.update(rows.length);
    }
  });
  return rows;
}

function deepen({ nprobe, ef }: { readonly nprobe?: number; readonly ef?: number }): {
  nprobe?: number;
  ef?: number;
} {
  const more = (value: number): number => Math.min(MAX_COUNT, DEEPER * value);
  return { ...(nprobe !== undefined && { nprobe: more(nprobe) }), ...(ef !== undefined && { ef: more(ef) }) };
}

async function exactIds(
  core: Core,
  index: IvfIndex,
  path: string,
  queries: VectorSet,
  options: EstimateOptions,
): Promise<Uint32Array> {
  const { d, metric } = index;
  return withVectors('--base', path, { ...options, d }, async (source) => {
    const { ids, n } = await blame('--base', () =>
      exactNeighbors(core, source, queries, { k: options.k, metric }),
    );
    if (n !== index.n) {
      throw new CommandFailure(
        '--base',
        `expected the ${count(index.n)} vectors of the index, ${path} has ${n}`,
      );
    }
    return ids;
  });
}
