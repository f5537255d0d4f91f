/** A neighbour graph as a value: what imports it carries it, and nothing else does. */
import { type Core, checkOptions } from '@sagitta/core-wasm';
import type { SlotIndex } from '../columns/slot-index.ts';
import { GraphCodes, type GraphParts } from './graph-codes.ts';
import { GRAPH_OPTIONS, type GraphOptions, graphPlan } from './graph-options.ts';
import { readGraph } from './read-graph.ts';

/** Is the neighbour graph as a value: how one is made, and how a file of one is read. */
export interface GraphMethod {
  readonly name: 'graph';
  /** @internal */
  create(core: Core, parts: Omit<GraphParts, 'plan'>, options: GraphOptions, seed: number): SlotIndex;
  /** @internal */
  readonly readGraph: typeof readGraph;
}

/** Is a graph with its options, as `graph({ degree: 32 })` gives it. */
export interface GraphChoice {
  readonly method: GraphMethod;
  readonly options: GraphOptions;
}

const create: GraphMethod['create'] = (core, parts, options, seed) =>
  new GraphCodes(core, { ...parts, plan: graphPlan(options, seed) });

function choose(options: GraphOptions = {}): GraphChoice {
  checkOptions('options', options, GRAPH_OPTIONS);
  graphPlan(options, 1);
  return { method: graph, options: { ...options } };
}

/**
 * Puts codes into a neighbour graph: searches walk from vector to near vector and read few of them.
 * @example
 * const index = buildIndex(core, vectors, 384, { metric: 'cosine', quantizer: saq({ bits: 4 }), graph: graph() });
 * @throws TypeError, RangeError on options that are wrong
 */
export const graph: GraphMethod & ((options?: GraphOptions) => GraphChoice) = /* @__PURE__ */ Object.assign(
  /* @__PURE__ */ Object.defineProperty(choose, 'name', { value: 'graph' }),
  { create, readGraph },
) as GraphMethod & ((options?: GraphOptions) => GraphChoice);
