/** What the stages of a search did. */

/** Milliseconds since any moment; only differences are read. `() => performance.now()` is one. */
export type Clock = () => number;

/** Lists the stages in their order. */
export const STAGES = ['encode', 'scan', 'rescore', 'rerank', 'refine'] as const;
/** Names a stage of a search of token sets. */
export type Stage = (typeof STAGES)[number];

/** Tells what a search did, stage by stage. */
export interface MultiVectorStatistics {
  /** 'exact': MaxSim with every allowed document, no FDE was used. */
  readonly path: 'funnel' | 'exact';
  /** Documents with tokens that the filter left. */
  readonly allowed: number;
  /** Documents whose FDE code was read; 0 on the exact path. */
  readonly scanned: number;
  /** Inverted lists visited; 0 without lists. */
  readonly lists: number;
  /** Documents that the scan handed on. */
  readonly candidates: number;
  /** Documents scored again by finer FDEs. */
  readonly rescored: number;
  /** Documents scored by MaxSim. */
  readonly reranked: number;
  /** Documents scored again by MaxSim of every query token and the finest tokens. */
  readonly refined: number;
  readonly queryTokens: number;
  /** Vectors that the rerank used: fewer than queryTokens after ball carving. */
  readonly rerankTokens: number;
  /** Spent in each stage; undefined where the index has no clock. */
  readonly milliseconds: Readonly<Record<Stage, number>> | undefined;
}

/** Adds up the time of stages. */
export class StageTimer {
  readonly #clock: Clock | undefined;
  readonly #spent: Record<Stage, number> = { encode: 0, scan: 0, rescore: 0, rerank: 0, refine: 0 };

  constructor(clock: Clock | undefined) {
    this.#clock = clock;
  }

  run<T>(stage: Stage, body: () => T): T {
    if (!this.#clock) return body();
    const start = this.#clock();
    const result = body();
    this.#spent[stage] += this.#clock() - start;
    return result;
  }

  milliseconds(): Readonly<Record<Stage, number>> | undefined {
    return this.#clock ? { ...this.#spent } : undefined;
  }
}
