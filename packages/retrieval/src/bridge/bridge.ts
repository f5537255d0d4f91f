/** A fitted bridge: maps of both sides and the report of its fit. */
import { type Core, checkCore, type Vectors, vectorSet } from '@sagitta/core-wasm';
import type { BridgeAdvice } from './advice.ts';
import { type Affine, mapRows } from './affine.ts';
import type { BridgeMethod } from './fit.ts';
import type { BridgeTrial } from './trials.ts';

/** Says how good a bridge is on pairs that it was not fitted to. */
export interface BridgeReport {
  /** Pairs that differ. */
  readonly pairs: number;
  /** Pairs that came again and were left out. */
  readonly duplicates: number;
  /** Mean of 1 / rank of a held-out pair's own mate among all pairs' base rows: for advice, not for choosing. */
  readonly mateReciprocalRank: number;
  /** Share of held-out pairs whose own mate came first. */
  readonly mateAtOne: number;
  /** Of the ten nearest other pairs by each model, the share that both have: how much the models agree at all. */
  readonly overlapAtTen: number;
  /** Every method and λ that was tried, in order; the chosen one has the best overlap, but for doubt. */
  readonly tried: readonly BridgeTrial[];
  readonly advice: BridgeAdvice;
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Parts that a bridge is made of. */
export interface BridgeParts {
  readonly method: BridgeMethod;
  readonly regularization: number;
  readonly dQuery: number;
  readonly dBase: number;
  readonly query: Affine | undefined;
  readonly base: Affine | undefined;
  readonly report: BridgeReport;
}

/**
 * Carries queries of one embedding model into the space that a collection of another is searched in.
 * @example
 * const bridge = trainBridge(core, { query: { data: a, d: 768 }, base: { data: b, d: 384 } });
 * index.search(bridge.queries(query), 10); // bridge.changesBase is false
 */
export class Bridge {
  readonly method: BridgeMethod;
  /** λ of the fit, 0 for methods without one. */
  readonly regularization: number;
  readonly dQuery: number;
  readonly dBase: number;
  /** Dimension of the space that is searched. */
  readonly d: number;
  /** Whether the collection's vectors have to go through `base` before they are searched. */
  readonly changesBase: boolean;
  readonly report: BridgeReport;
  readonly #core: Core;
  readonly #query: Affine | undefined;
  readonly #base: Affine | undefined;

  constructor(core: Core, parts: BridgeParts) {
    this.#core = checkCore(core);
    this.method = parts.method;
    this.regularization = parts.regularization;
    this.dQuery = parts.dQuery;
    this.dBase = parts.dBase;
    this.d = parts.query?.to ?? parts.dQuery;
    this.changesBase = parts.base !== undefined;
    this.report = parts.report;
    this.#query = parts.query;
    this.#base = parts.base;
  }

  /**
   * Maps queries (n × dQuery) to the space that is searched, n × d, fresh; each keeps its length.
   * @throws RangeError on a length that is no multiple of dQuery, NaN or infinities
   */
  queries(rows: Vectors): Float32Array {
    return this.#map(rows, this.dQuery, this.#query, 'queries');
  }

  /**
   * Maps vectors of the collection (n × dBase) to the space that is searched, n × d, fresh; a copy where they are searched
   * as they are.
   * @throws RangeError as queries
   */
  base(rows: Vectors): Float32Array {
    return this.#map(rows, this.dBase, this.#base, 'base');
  }

  /** What is saved. */
  parts(): BridgeParts {
    const { method, regularization, dQuery, dBase, report } = this;
    return { method, regularization, dQuery, dBase, report, query: this.#query, base: this.#base };
  }

  #map(given: Vectors, d: number, map: Affine | undefined, label: string): Float32Array {
    const { data } = vectorSet(given, d, label);
    return map === undefined ? data.slice() : mapRows(this.#core, map, data);
  }
}
