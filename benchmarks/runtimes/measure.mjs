// One number for a function that is called again and again, with any clock: Firefox and workerd tick once a millisecond.

const ROUNDS = 5;
const ROUND_MS = 50;

/**
 * @param {() => void} call
 * @param {number} units - of work in one call
 * @param {number} [roundMs] - how long each of the five rounds is to take
 * @returns {{ best: number, median: number }} nanoseconds a unit
 */
export function measure(call, units, roundMs = ROUND_MS) {
  let calls = 1;
  // Doubles until a round is long enough for the clock; also the warm-up.
  while (time(call, calls) < roundMs / 2) calls *= 2;
  const rounds = [];
  while (rounds.length < ROUNDS) {
    const ms = time(call, calls);
    if (ms >= roundMs / 4) {
      rounds.push((1e6 * ms) / (calls * units));
    } else {
      // The machine was elsewhere while calls were counted: this round is too short for a coarse clock, and so were those before.
      calls *= 2;
      rounds.length = 0;
    }
  }
  rounds.sort((a, b) => a - b);
  return { best: rounds[0], median: rounds[ROUNDS >> 1] };
}

function time(call, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return performance.now() - start;
}
