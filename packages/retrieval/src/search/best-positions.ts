/** Selection of the best few of many scores. */

/**
 * Positions of the `count` largest scores, best first; equal scores in the order that `tie` puts their positions in,
 * ascending positions by default. Scores hold no NaN.
 */
export function bestPositions(
  scores: Float32Array,
  count: number,
  tie: (a: number, b: number) => number = (a, b) => a - b,
): Uint32Array {
  const size = Math.min(count, scores.length);
  if (size === 0) return new Uint32Array(0);
  const threshold = scores.slice().sort()[scores.length - size] as number;
  const chosen: number[] = [];
  const tied: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (score > threshold) chosen.push(i);
    else if (score === threshold) tied.push(i);
  }
  tied.sort(tie);
  chosen.sort((a, b) => (scores[b] as number) - (scores[a] as number) || tie(a, b));
  return Uint32Array.from([...chosen, ...tied.slice(0, size - chosen.length)]);
}
