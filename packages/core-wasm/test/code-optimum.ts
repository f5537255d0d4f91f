/**
 * The best a code can do, for the tests of code adjustment: the largest cosine between a vector o and a half-integer
 * vector y with |y_i| ≤ (2^bits − 1)/2, exactly and for any number of dims.
 *
 * If y is optimal with cosine c, it is the grid point nearest to t·o at t = |y|/(c·|o|), since any grid point is at
 * least t·|o|·sin(its angle) away and y is exactly that far. So y is the rounding of t·o for some t > 0; as t grows,
 * one coordinate at a time moves up a level, and a walk over all these t meets the optimum.
 */

export function norm(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}

export function cosine(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum / (norm(x) * norm(y));
}

/** The plain grid of a half range: above 0 in root mean squares, below 0 (its amount) in units of the vector's own maximum. */
export function gridOf(o: Float32Array, range: number, bits: number): Float64Array {
  const half = 2 ** (bits - 1);
  const maximum = o.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const reach = range < 0 ? -range * maximum : (range * norm(o)) / Math.sqrt(o.length);
  return Float64Array.from(o, (x) => {
    const u = Math.min(Math.floor((Math.abs(x) * half) / reach), half - 1);
    return x < 0 || Object.is(x, -0) ? -u - 0.5 : u + 0.5;
  });
}

export function optimalCosine(o: Float32Array, bits: number): number {
  const moves: { readonly t: number; readonly size: number; readonly level: number }[] = [];
  let ip = 0;
  for (const x of o) {
    const size = Math.abs(x);
    ip += size / 2;
    for (let level = 1; size > 0 && level < 2 ** (bits - 1); level++)
      moves.push({ t: level / size, size, level });
  }
  let squares = o.length / 4;
  let best = ip / Math.sqrt(squares);
  moves.sort((a, b) => a.t - b.t);
  for (const { size, level } of moves) {
    // from level − 1/2 to level + 1/2
    ip += size;
    squares += 2 * level;
    best = Math.max(best, ip / Math.sqrt(squares));
  }
  return best / norm(o);
}

/** The same by trying every y: 2^(bits·d) of them. */
export function bruteForceCosine(o: Float32Array, bits: number): number {
  const levels = 2 ** bits;
  const y = new Float64Array(o.length);
  let best = -1;
  for (let code = 0; code < levels ** o.length; code++) {
    let rest = code;
    for (let i = 0; i < o.length; i++) {
      y[i] = (rest % levels) - (levels - 1) / 2;
      rest = Math.floor(rest / levels);
    }
    best = Math.max(best, cosine(o, y));
  }
  return best;
}
