/** Error, recall, queries a second and bytes of SAQ codes in an IVF index, at several numbers of bits. */
import type { Core } from '@sagitta/core-wasm';
import { type IvfIndex, measureSearch, memorySource, relativeError, trainIndex } from '@sagitta/node';
import { cpuSeconds } from './cpu-seconds.ts';
import { type DataSet, firstRows } from './data-set.ts';
import { atLeast, atMost, beside, type Figure, show } from './figure.ts';

export interface SaqTarget {
  readonly bits: number;
  /** Average relative error of the reference, per cent. */
  readonly referenceError: number;
  readonly askedError: number;
  /** recall@100 and queries a second at nprobe of the set, where they are asked. */
  readonly search?: { readonly recall: number; readonly qps: number; readonly referenceQps: string };
}

export interface SaqSetting {
  readonly set: DataSet;
  readonly nlist: number;
  readonly nprobe: number;
  readonly targets: readonly SaqTarget[];
}

/** Pruning: the default, then harder. */
const GAMMAS = [1, 0.85, 0.7] as const;
const RECALL_SLACK = 0.001;
/** Queries over which errors of all lists are averaged; those of probed lists take all queries. */
const ALL_LISTS_QUERIES = 200;

export interface BuiltIndex {
  readonly bits: number;
  readonly index: IvfIndex;
  readonly seconds: number;
}

/** k-means, PCA, plan and codes of the whole base. */
export function build(core: Core, set: DataSet, bits: number, nlist: number): BuiltIndex {
  const start = cpuSeconds();
  const { base } = set;
  const index = trainIndex(core, base, { metric: 'l2', bits, nlist, seed: 1 });
  index.add(base.data);
  index.codec.releaseEncoder();
  return { bits, index, seconds: cpuSeconds() - start };
}

export async function saqFigures(
  setting: SaqSetting,
  built: readonly BuiltIndex[],
  log: (line: string) => void,
): Promise<Figure[]> {
  const { set, nlist, nprobe, targets } = setting;
  const errors: Figure[] = [];
  const searches: Figure[] = [];
  for (const target of targets) {
    const { bits } = target;
    const own = built.find((one) => one.bits === bits);
    if (own === undefined) throw new Error(`no index at ${bits} bits`);
    const { index } = own;
    const label = `${set.name}, ${bits} ${bits === 1 ? 'bit' : 'bits'}`;
    const base = memorySource(set.base);
    const probed = await relativeError(index, base, set.queries, { nprobe });
    const all = await relativeError(index, base, firstRows(set.queries, ALL_LISTS_QUERIES), {
      nprobe: nlist,
    });
    errors.push(
      atMost(
        `${label}: average relative error, IVF ${nlist}, nprobe ${nprobe}`,
        `${target.referenceError} %`,
        target.askedError,
        100 * probed.averageRelativeError,
        ' %',
      ),
      beside(
        `${label}: the same over all lists (${Math.min(ALL_LISTS_QUERIES, set.queries.n)} queries)`,
        `${show(100 * all.averageRelativeError)} %, ${index.codeBytesPerVector} bytes a vector`,
      ),
    );
    if (target.search) {
      const { recall, qps, referenceQps } = target.search;
      const k = 100;
      const least = recall - RECALL_SLACK;
      const measured = GAMMAS.map((gamma) => ({
        gamma,
        ...measureSearch(index, set.queries, set.truth, set.truthWidth, { k, nprobe, gamma, repeat: 5 }),
      }));
      const usual = measured[0] as (typeof measured)[number];
      const fastest = measured.filter((one) => one.recall >= least).at(-1) ?? usual;
      searches.push(
        atLeast(`${label}: recall@100, nprobe ${nprobe}`, String(recall), least, usual.recall),
        atLeast(`${label}: queries/s, nprobe ${nprobe}, k = 100`, referenceQps, qps, usual.qps),
      );
      if (fastest !== usual) {
        searches.push(
          atLeast(
            `${label}: the same with gamma ${fastest.gamma}, recall@100 ${fastest.recall.toFixed(4)}`,
            referenceQps,
            qps,
            fastest.qps,
          ),
        );
      }
    }
    log(`${label}: measured`);
  }
  return [...errors, ...searches];
}
