/** What learns a rotation of all dimensions: time grows by d³, minutes at 2,048. */

/** Most dimensions of such quantizers. */
const MOST_CUBIC_DIMS = 2048;

/** @throws RangeError on more dimensions */
export function checkCubic(name: string, d: number): void {
  if (d <= MOST_CUBIC_DIMS) return;
  throw new RangeError(
    `"d" expected at most ${MOST_CUBIC_DIMS} for ${name}, whose rotation takes hours of more dimensions, got ${d}: use pq, saq or rabitq, or reduce first`,
  );
}
