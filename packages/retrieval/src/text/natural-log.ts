/** The natural logarithm from + − × ÷ alone: Math.log differs in the last bit between engines, and weights are stored. */

const SQRT_HALF = Math.SQRT1_2;
/** Terms of the series: |s| < 0.1716, and s^26 / 27 is below the last bit of s. */
const TERMS = 13;

/** ln x for finite x > 0, within 4 units in the last place. @throws RangeError on anything else */
export function naturalLog(x: number): number {
  if (!(x > 0 && x < Infinity)) throw new RangeError(`"x" expected a finite number above 0, got ${x}`);
  let mantissa = x;
  let exponent = 0;
  // powers of two, so nothing is rounded
  for (; mantissa >= 2 * SQRT_HALF; mantissa /= 2) exponent++;
  for (; mantissa < SQRT_HALF; mantissa *= 2) exponent--;
  // ln m = 2·artanh(s), s = (m − 1)/(m + 1)
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let i = TERMS - 1; i >= 0; i--) sum = sum * square + 1 / (2 * i + 1);
  return 2 * s * sum + exponent * Math.LN2;
}
