/**
 * The search: FDE codes are scanned, the best are scored again by finer FDEs, the best of these by MaxSim. Each stage
 * is skipped where the index has nothing for it.
 */
import type { QueryTokens } from '../maxsim/index.ts';
import { bestPositions } from '../search/best-positions.ts';
import type { Budgets } from '../search/budgets.ts';
import { listSlots } from '../search/slot-set.ts';
import type { MultiVectorStatistics, Stage, StageTimer } from '../search/statistics.ts';
import type { DocumentStores } from './document-stores.ts';
import { FdeIndex } from './fde-index.ts';

export interface Found {
  /** Best first. */
  readonly slots: Uint32Array;
  /** MaxSim. */
  readonly scores: Float32Array;
}

/** Documents and work of each stage; the caller adds what it knows besides. */
export type FunnelCounts = Pick<
  MultiVectorStatistics,
  'path' | 'scanned' | 'lists' | 'candidates' | 'rescored' | 'reranked' | 'refined'
>;

export interface FunnelQuery {
  readonly fde: Float32Array;
  /** All tokens. */
  readonly tokens: QueryTokens;
  /** Fewer vectors for the rerank: then a refinement with all tokens follows. */
  readonly carved?: QueryTokens;
}

export interface FunnelSettings {
  readonly k: number;
  readonly budgets: Budgets;
  /** Lists to visit, where there are lists. */
  readonly nprobe: number;
  /** Bit set of the slots that may be found; none of them is without tokens. */
  readonly allowed: Uint32Array;
  /** How many that are. */
  readonly count: number;
  /** Whether every slot is allowed, so that a scan need not look. */
  readonly isAllAllowed: boolean;
  /** Whether no filter was given: nearly every slot is allowed. */
  readonly isUnfiltered: boolean;
  /** Width of a search in a graph, where FDEs are in one. */
  readonly ef: number | undefined;
  /** Order of slots whose scores tie. */
  readonly tie: (a: number, b: number) => number;
  readonly timer: StageTimer;
}

/** What a query without tokens finds. */
export function findNothing(): { found: Found; counts: FunnelCounts } {
  return {
    found: { slots: new Uint32Array(0), scores: new Float32Array(0) },
    counts: { path: 'exact', scanned: 0, lists: 0, candidates: 0, rescored: 0, reranked: 0, refined: 0 },
  };
}

function pick(slots: Uint32Array, positions: Uint32Array): Uint32Array {
  return Uint32Array.from(positions, (position) => slots[position] as number);
}

/** Documents whose tokens a search wants next, ascending; the finest tokens that are kept, or the others. */
export interface TokenNeed {
  readonly slots: Uint32Array;
  readonly isFinest: boolean;
}

/** Scores documents by MaxSim: those of the need that it answers, in that order. */
export type TokenScorer = (query: QueryTokens, slots: Uint32Array) => Float32Array;

/** Runs a search that asks for tokens when it wants them, so that they may lie elsewhere. */
export type SearchProgram<T> = Generator<TokenNeed, T, TokenScorer>;

/** The best `count` of `slots` by MaxSim, ties by settings.tie. */
function* bestByMaxsim(
  need: TokenNeed,
  query: QueryTokens,
  count: number,
  { tie, timer }: Pick<FunnelSettings, 'tie' | 'timer'>,
  stage: Stage,
): SearchProgram<Found> {
  // ascending slots lie in few chunks, one after the other
  const slots = need.slots.slice().sort();
  const scorer = yield { ...need, slots };
  return timer.run(stage, () => {
    const scores = scorer(query, slots);
    const best = bestPositions(scores, count, (a, b) => tie(slots[a] as number, slots[b] as number));
    return { slots: pick(slots, best), scores: Float32Array.from(best, (at) => scores[at] as number) };
  });
}

export function* searchFunnel(
  stores: Pick<DocumentStores, 'fdes' | 'finerFdes'>,
  query: FunnelQuery,
  settings: FunnelSettings,
): SearchProgram<{ found: Found; counts: FunnelCounts }> {
  const { k, budgets, allowed, timer } = settings;
  const { fdes, finerFdes } = stores;
  const mask = settings.isAllAllowed ? undefined : allowed;
  const scan = timer.run('scan', () => {
    if (fdes instanceof FdeIndex) {
      const rows = mask && { words: mask, count: settings.count, isLive: settings.isUnfiltered };
      return fdes.search(query.fde, budgets.candidates, rows, settings);
    }
    const { slots } = fdes.search(query.fde, budgets.candidates, mask);
    return { slots, lists: 0, scanned: settings.count };
  });
  let slots = scan.slots;
  let rescored = 0;
  if (finerFdes) {
    slots = slots.subarray(0, budgets.fdeRescore);
    rescored = slots.length;
    slots = timer.run('rescore', () => {
      // stores break ties by slot, and so does every stage before MaxSim
      const ordered = slots.slice().sort();
      return pick(ordered, bestPositions(finerFdes.scoreSlots(query.fde, ordered), budgets.rerank));
    });
  }
  slots = slots.subarray(0, budgets.rerank);
  const reranked = slots.length;
  const isRefined = budgets.refine > 0;
  const rerank = { slots, isFinest: false };
  const count = isRefined ? budgets.refine : k;
  let found = yield* bestByMaxsim(rerank, query.carved ?? query.tokens, count, settings, 'rerank');
  const refined = isRefined ? found.slots.length : 0;
  if (isRefined) {
    const refine = { slots: found.slots, isFinest: true };
    found = yield* bestByMaxsim(refine, query.tokens, k, settings, 'refine');
  }
  return {
    found,
    counts: {
      path: 'funnel',
      scanned: scan.scanned,
      lists: scan.lists,
      candidates: scan.slots.length,
      rescored,
      reranked,
      refined,
    },
  };
}

/** MaxSim, by the finest tokens, with every allowed document. */
export function* searchExactly(
  tokens: QueryTokens,
  settings: Pick<FunnelSettings, 'k' | 'allowed' | 'tie' | 'timer'>,
): SearchProgram<{ found: Found; counts: FunnelCounts }> {
  const slots = listSlots(settings.allowed);
  const found = yield* bestByMaxsim({ slots, isFinest: true }, tokens, settings.k, settings, 'rerank');
  const counts = { path: 'exact', scanned: 0, lists: 0, candidates: 0, rescored: 0, refined: 0 } as const;
  return { found, counts: { ...counts, reranked: slots.length } };
}

/** Runs a search whose tokens are all in memory. */
export function runInMemory<T>(
  program: SearchProgram<T>,
  { tokens, finerTokens }: Pick<DocumentStores, 'tokens' | 'finerTokens'>,
): T {
  let step = program.next();
  while (!step.done) {
    const store = step.value.isFinest ? (finerTokens ?? tokens) : tokens;
    step = program.next((query, slots) => store.scores(query, slots));
  }
  return step.value;
}
