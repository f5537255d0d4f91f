/**
 * A mean over N items of which the value is known for n drawn at random, and cheap proxies for all N: regression on the
 * proxies takes out of the sample's mean what the proxies say of its luck (control variates).
 *
 *   ŷ = ȳ - Σ_p β_p·(x̄_p - X̄_p),   se² = RSS/(n - 1 - P)/n·(1 - n/N)
 *
 * | symbol | is |
 * |---|---|
 * | ȳ, x̄_p | means over the sample |
 * | X̄_p | mean of proxy p over all N |
 * | β, RSS | least squares of y on the proxies, and what it leaves |
 *
 * With one proxy of correlation ρ the variance falls by 1 - ρ². At most two proxies are taken, forward by their
 * leave-one-out error, and a second one only if it lowers that by 5 %: more of them overfit at n = 50. Proxies are made
 * orthogonal to the one taken before, so least squares are single divisions.
 */

/** Of the leave-one-out error of one proxy: what a second has to come below. */
const WORTH_A_SECOND = 0.95;
const MOST_PROXIES = 2;
/** Energy of an orthogonalised proxy, relative to its own, that is rounding. */
const NEGLIGIBLE = 1e-12;

/** Holds a mean and the error of it, with the proxies and without. */
export interface ControlledMean {
  readonly estimate: number;
  readonly standardError: number;
  /** Degrees of freedom of the standard error. */
  readonly degrees: number;
  /** Multiple correlation of the values with the proxies taken, 0 to 1. */
  readonly correlation: number;
  /** Positions of the proxies taken, in the order in which they were. */
  readonly taken: readonly number[];
  readonly plain: { readonly estimate: number; readonly standardError: number };
  /** Variance of the values, with n - 1. */
  readonly variance: number;
}

/** One proxy: its values at the sample's items, and its mean over all of them. */
export interface Proxy {
  readonly sample: Float64Array;
  readonly mean: number;
}

/** Estimates the mean over `total` items of which values (at least 4) are a random sample. */
export function controlledMean(
  values: Float64Array,
  proxies: readonly Proxy[],
  total: number,
): ControlledMean {
  const n = values.length;
  const mean = meanOf(values);
  const unseen = 1 - n / total;
  let rest: Float64Array = values.map((value) => value - mean);
  const energy = energyOf(rest);
  let estimate = mean;
  let error = leaveOneOut(rest, []);
  const bases: Float64Array[] = [];
  const taken: number[] = [];
  const candidates = proxies.map(({ sample, mean: overall }) => {
    const own = meanOf(sample);
    const centred: Float64Array = sample.map((value) => value - own);
    return { centred, offset: own - overall, energy: energyOf(centred) };
  });
  while (taken.length < MOST_PROXIES) {
    let best: { at: number; rest: Float64Array; error: number; slope: number } | undefined;
    candidates.forEach(({ centred, energy: own }, at) => {
      const left = energyOf(centred);
      if (taken.includes(at) || !(left > NEGLIGIBLE * own)) return;
      const slope = dot(centred, rest) / left;
      const after = rest.map((value, i) => value - slope * (centred[i] as number));
      const found = leaveOneOut(after, [...bases, centred]);
      if (best === undefined || found < best.error) best = { at, rest: after, error: found, slope };
    });
    if (best === undefined || (taken.length > 0 && best.error > WORTH_A_SECOND * error)) break;
    const { centred, offset } = candidates[best.at] as (typeof candidates)[number];
    estimate -= best.slope * offset;
    rest = best.rest;
    error = best.error;
    taken.push(best.at);
    bases.push(centred);
    for (const [at, other] of candidates.entries()) {
      if (taken.includes(at)) continue;
      const share = dot(other.centred, centred) / energyOf(centred);
      other.centred = other.centred.map((value, i) => value - share * (centred[i] as number));
      other.offset -= share * offset;
    }
  }
  const degrees = n - 1 - taken.length;
  const left = energyOf(rest);
  const variance = energy / (n - 1);
  return {
    estimate,
    standardError: Math.sqrt((left / degrees / n) * unseen),
    degrees,
    correlation: energy > 0 ? Math.sqrt(Math.max(0, 1 - left / energy)) : 0,
    taken,
    plain: { estimate: mean, standardError: Math.sqrt((variance / n) * unseen) },
    variance,
  };
}

/** Σ (e_i/(1 - h_i))², h the leverages of a mean and of bases that are orthogonal to it and to each other. */
function leaveOneOut(residuals: Float64Array, bases: readonly Float64Array[]): number {
  const n = residuals.length;
  const energies = bases.map(energyOf);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    let leverage = 1 / n;
    bases.forEach((basis, b) => {
      leverage += (basis[i] as number) ** 2 / (energies[b] as number);
    });
    // a point that decides its own fit says nothing about others: its residual is rounding
    if (leverage < 1 - 1e-9) sum += ((residuals[i] as number) / (1 - leverage)) ** 2;
  }
  return sum;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function energyOf(values: Float64Array): number {
  return dot(values, values);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
