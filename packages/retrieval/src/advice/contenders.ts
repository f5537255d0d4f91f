/**
 * Flat, lists and graph of the same vectors, searched in turn: what each finds and takes. In turn, so that what else the
 * machine does meanwhile falls on all of them alike.
 */
import type { Core, Metric } from '@sagitta/core-wasm';
import { recallAtK } from '../evaluation/recall.ts';
import { buildFlat, buildGraph, buildIvf } from '../ivf/build.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';
import type { Clock } from '../search/statistics.ts';
import { GRAPH_DEGREE, type IndexStructure } from './choose-index.ts';

/** Holds what indexes are measured on. */
export interface Question {
  readonly core: Core;
  readonly metric: Metric;
  readonly d: number;
  readonly base: Float32Array;
  readonly queries: Float32Array;
  readonly truth: Uint32Array;
  readonly k: number;
  readonly clock: Clock;
  readonly seed: number;
}

export interface Measured {
  readonly recall: number;
  /** A query, one thread. */
  readonly milliseconds: number;
}

/** Is an index at one width of its searches. */
export interface Contender extends Measured {
  readonly structure: IndexStructure;
  readonly bits: number;
  /** Code and factors; of a graph with edges. */
  readonly bytesPerVector: number;
}

export interface Contest {
  readonly flat: Contender;
  /** By rising nprobe; none where there are too few vectors. */
  readonly lists: readonly Contender[];
  /** By rising ef; none where there are too few vectors, or too many to build one for advice. */
  readonly graphs: readonly Contender[];
}

/** Below so many vectors neither lists nor graphs are tried: there is nothing to save. */
const LEAST = 1000;
/** Of more vectors no graph is built: that takes the minutes that advice should not. */
const MOST_OF_A_GRAPH = 100_000;
const LEAST_NPROBE = 4;
/** Widths of searches in a graph, of up to 10 results; wider for more. */
const EFS = [16, 24, 40, 64, 96, 128, 192];
const ROUNDS = 3;

interface Turn {
  readonly index: IvfIndex;
  readonly structure: IndexStructure;
  readonly bits: number;
}

export function measure({ queries, truth, k, d, clock }: Question, { index, structure }: Turn): Measured {
  const options = structure.index === 'graph' ? { ef: structure.ef } : { nprobe: structure.nprobe };
  const started = clock();
  const { ids } = index.searchBatch(queries, k, options);
  const spent = clock() - started;
  return { recall: recallAtK(ids, k, truth, k, k), milliseconds: (spent * d) / queries.length };
}

/** The best of three rounds. graphBits — of the graph's codes; undefined where none is wanted. */
export function contend(
  question: Question,
  bits: number,
  nlist: number,
  graphBits: number | undefined,
): Contest {
  const { core, base, d, metric, k, seed } = question;
  const n = base.length / d;
  const hasGraph = graphBits !== undefined && n >= LEAST && n <= MOST_OF_A_GRAPH;
  using flat = buildFlat(core, base, d, { metric, bits, seed });
  using lists = n >= LEAST ? buildIvf(core, base, d, { metric, bits, seed, nlist }) : undefined;
  using graph = hasGraph
    ? buildGraph(core, base, d, { metric, bits: graphBits, seed, degree: GRAPH_DEGREE })
    : undefined;
  const turns: Turn[] = [{ index: flat, structure: { index: 'flat', nlist: 1, nprobe: 1 }, bits }];
  for (let nprobe = LEAST_NPROBE; lists && nprobe < nlist; nprobe *= 2) {
    turns.push({ index: lists, structure: { index: 'ivf', nlist, nprobe }, bits });
  }
  for (const ef of graph ? efsFor(k) : []) {
    turns.push({
      index: graph as IvfIndex,
      structure: { index: 'graph', degree: GRAPH_DEGREE, ef },
      bits: graphBits as number,
    });
  }
  let measured = turns.map((turn) => measure(question, turn));
  for (let round = 1; round < ROUNDS; round++) {
    measured = turns.map((turn, i) => faster(measured[i] as Measured, measure(question, turn)));
  }
  const all = turns.map(({ index, structure, bits }, i): Contender => {
    const bytesPerVector = structure.index === 'graph' ? index.bytesPerVector : index.codeBytesPerVector;
    return { structure, bits, bytesPerVector, ...(measured[i] as Measured) };
  });
  return {
    flat: all[0] as Contender,
    lists: all.filter(({ structure }) => structure.index === 'ivf'),
    graphs: all.filter(({ structure }) => structure.index === 'graph'),
  };
}

/** Never below the results that are wanted, and as much wider as there are more of them. */
function efsFor(k: number): number[] {
  return EFS.map((ef) => Math.ceil(ef * Math.max(1, k / 10)));
}

function faster(a: Measured, b: Measured): Measured {
  return b.milliseconds < a.milliseconds ? b : a;
}
