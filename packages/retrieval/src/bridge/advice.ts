/** What a report of a bridge advises: to use it, to embed more pairs, or to embed the collection again. */
import { type BridgeTrial, OVERLAP_NEIGHBOURS } from './trials.ts';

/** Names what to do about a change of models. */
export type BridgeAdvice = 'bridge' | 'more-pairs' | 're-embed';

/** Times the rank by chance up to which mates are found by chance. */
const CHANCE_FACTOR = 3;
/** Pairs from which held-out figures are steady. */
const STEADY_PAIRS = 100;
/** Pairs from which more hardly help. */
const MANY_PAIRS = 1000;
/** Overlap above chance, 0 to 1, of a bridge that few pairs are enough for, and of one that is worth taking. */
const CLEAR_OVERLAP = 0.95;
const LEAST_OVERLAP = 0.2;

/** Decides from n pairs and the trial of the chosen map, and says why in a sentence. */
export function adviseBridge(
  n: number,
  { heldOutOverlap, mateReciprocalRank }: Pick<BridgeTrial, 'heldOutOverlap' | 'mateReciprocalRank'>,
): { readonly advice: BridgeAdvice; readonly reason: string } {
  let harmonic = 0;
  for (let rank = 1; rank <= n; rank++) harmonic += 1 / rank;
  const chance = harmonic / n;
  const share = OVERLAP_NEIGHBOURS / (n - 1);
  const above = (heldOutOverlap - share) / (1 - share);
  const mates = `the mean reciprocal rank of held-out mates is ${mateReciprocalRank.toFixed(3)} (${chance.toFixed(3)} by chance)`;
  const near = `bridged queries find ${(100 * heldOutOverlap).toFixed(0)} % of the ${OVERLAP_NEIGHBOURS} nearest held-out neighbours`;
  if (n < STEADY_PAIRS && above < CLEAR_OVERLAP) {
    return {
      advice: 'more-pairs',
      reason: `${n} pairs are too few to judge or to fit a bridge by: ${near}, ${mates}; embed ${STEADY_PAIRS} to ${MANY_PAIRS} by both models.`,
    };
  }
  if (mateReciprocalRank <= CHANCE_FACTOR * chance) {
    return {
      advice: 're-embed',
      reason: `The spaces have nothing in common that ${n} pairs show: ${mates}.`,
    };
  }
  if (above >= LEAST_OVERLAP) return { advice: 'bridge', reason: `With ${n} pairs ${near}, and ${mates}.` };
  return n < MANY_PAIRS
    ? {
        advice: 'more-pairs',
        reason: `With ${n} pairs ${near} only, though ${mates}: more pairs help below ${MANY_PAIRS}.`,
      }
    : { advice: 're-embed', reason: `Even with ${n} pairs ${near} only; ${mates}.` };
}
