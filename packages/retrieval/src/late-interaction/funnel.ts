/**
 * The search: FDE codes are scanned, the best are scored again by finer FDEs, the best of these by MaxSim. Each stage
 * is skipped where the index has nothing for it.
 */
import type { QueryTokens, TokenStore } from '../maxsim/index.ts';
import { bestPositions } from '../search/best-positions.ts';
import type { Budgets } from '../search/budgets.ts';
import { countSlots, listSlots } from '../search/slot-set.ts';
import type { MultiVectorStatistics, StageTimer } from '../search/statistics.ts';
import type { DocumentStores } from './document-stores.ts';

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
  /** Whether every slot is allowed, so that a scan need not look. */
  readonly isAllAllowed: boolean;
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

/** The best `count` of `slots` by MaxSim, ties by settings.tie. */
function bestByMaxsim(
  store: TokenStore,
  query: QueryTokens,
  slots: Uint32Array,
  count: number,
  tie: FunnelSettings['tie'],
): Found {
  // ascending slots lie in few chunks, one after the other
  const ordered = slots.slice().sort();
  const scores = store.scores(query, ordered);
  const best = bestPositions(scores, count, (a, b) => tie(ordered[a] as number, ordered[b] as number));
  return { slots: pick(ordered, best), scores: Float32Array.from(best, (at) => scores[at] as number) };
}

export function searchFunnel(
  stores: DocumentStores,
  query: FunnelQuery,
  settings: FunnelSettings,
): { found: Found; counts: FunnelCounts } {
  const { k, budgets, allowed, tie, timer } = settings;
  const { fdes, finerFdes, tokens, finerTokens, lists } = stores;
  const mask = settings.isAllAllowed ? undefined : allowed;
  const scan = timer.run('scan', () => {
    if (lists) return lists.search(fdes, query.fde, settings.nprobe, budgets, allowed);
    return {
      slots: fdes.search(query.fde, budgets.candidates, mask).slots,
      lists: 0,
      scanned: countSlots(allowed),
    };
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
  let found = timer.run('rerank', () =>
    bestByMaxsim(tokens, query.carved ?? query.tokens, slots, isRefined ? budgets.refine : k, tie),
  );
  const refined = isRefined ? found.slots.length : 0;
  if (isRefined) {
    found = timer.run('refine', () => bestByMaxsim(finerTokens ?? tokens, query.tokens, found.slots, k, tie));
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
export function searchExactly(
  stores: DocumentStores,
  tokens: QueryTokens,
  settings: Pick<FunnelSettings, 'k' | 'allowed' | 'tie' | 'timer'>,
): { found: Found; counts: FunnelCounts } {
  const slots = listSlots(settings.allowed);
  const found = settings.timer.run('rerank', () =>
    bestByMaxsim(stores.finerTokens ?? stores.tokens, tokens, slots, settings.k, settings.tie),
  );
  const counts = { path: 'exact', scanned: 0, lists: 0, candidates: 0, rescored: 0, refined: 0 } as const;
  return { found, counts: { ...counts, reranked: slots.length } };
}
