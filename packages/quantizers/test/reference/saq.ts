/**
 * Naive translation of SAQ (arXiv 2509.12086): the allocation programme of section 4 as its reference code runs it
 * (howarlii/SAQ 2163ebc), and the CAQ encoder of section 3 ("code adjustment", walking coordinate ascent) in f64.
 * Slow and literal on purpose: the oracle of src/saq.
 */

export interface ReferenceSegment {
  readonly start: number;
  readonly d: number;
  readonly bits: number;
}

/** ERR(seg, B) = 2^-B · Σ var_i (section 4, equation of the quantisation error; the constant 1/π is dropped). */
export function referenceError(variances: Float64Array, plan: readonly ReferenceSegment[]): number {
  let error = 0;
  for (const { start, d, bits } of plan) {
    for (let i = start; i < Math.min(start + d, variances.length); i++)
      error += (variances[i] as number) / 2 ** bits;
  }
  return error;
}

/**
 * The dynamic programme: f[ns][i][u], blocks of 64 dimensions, a segment of j blocks at b bits costs 64·j·b + 64 bits,
 * quota floor(averageBits·d) + 64, a free 0-bit tail, at most n segments below 2 bits and n/2 from there. All costs are
 * multiples of 64, so u counts 64 bits.
 */
export function referencePlan(variances: Float64Array, averageBits: number): readonly ReferenceSegment[] {
  const d = Math.ceil(variances.length / 64) * 64;
  const n = d / 64;
  const quota = Math.floor((Math.floor(averageBits * d) + 64) / 64);
  const maximumSegments = Math.max(1, averageBits < 2 ? n : Math.floor(n / 2));
  const block = (i: number): number => {
    let sum = 0;
    for (let t = i * 64; t < Math.min((i + 1) * 64, variances.length); t++) sum += variances[t] as number;
    return sum;
  };
  interface State {
    readonly error: number;
    readonly segments: readonly ReferenceSegment[];
  }
  let layer = new Map<string, State>([['0,0', { error: 0, segments: [] }]]);
  let best: State | undefined;
  for (let ns = 1; ns <= maximumSegments; ns++) {
    const next = new Map<string, State>();
    const relax = (i: number, u: number, error: number, before: State, segment: ReferenceSegment): void => {
      if (u > quota) return;
      const kept = next.get(`${i},${u}`);
      if (kept === undefined || error < kept.error) {
        next.set(`${i},${u}`, { error, segments: [...before.segments, segment] });
      }
    };
    for (const [key, state] of layer) {
      const [i = 0, u = 0] = key.split(',').map(Number);
      if (i === n) continue;
      let sum = 0;
      for (let j = 1; i + j <= n; j++) {
        sum += block(i + j - 1);
        for (let b = 1; b <= 13; b++) {
          relax(i + j, u + j * b + 1, state.error + sum / 2 ** b, state, {
            start: i * 64,
            d: j * 64,
            bits: b,
          });
        }
      }
      relax(n, u, state.error + sum, state, { start: i * 64, d: (n - i) * 64, bits: 0 });
    }
    for (let u = 0; u <= quota; u++) {
      const state = next.get(`${n},${u}`);
      if (state !== undefined && (best === undefined || state.error * 1.01 < best.error)) best = state;
    }
    layer = next;
  }
  return best?.segments ?? [];
}

export interface ReferenceCode {
  readonly code: readonly number[];
  /** <o, y> / (|o|·|y|). */
  readonly cos: number;
  /** |o|² / <o, y> with y in units of the vector's maximum. */
  readonly rescale: number;
}

/** The CAQ encoder for one segment: o — the rotated residual; rounds — at most so many passes over the dimensions. */
export function referenceEncode(o: ArrayLike<number>, bits: number, rounds: number): ReferenceCode {
  const values = Array.from(o);
  const levels = 2 ** bits;
  // step 1: v_max = max |o_i|; a zero vector has code 0 and factors 0
  const vmax = Math.max(...values.map(Math.abs));
  if (vmax === 0) return { code: values.map(() => 0), cos: 0, rescale: 0 };
  // step 2, LVQ start: Δ = 2·v_max / 2^B, k_i = floor((o_i + v_max) / Δ), y_i = -v_max + Δ·(k_i + 1/2)
  const delta = (2 * vmax) / levels;
  const code = values.map((value) => Math.min(levels - 1, Math.floor((value + vmax) / delta)));
  const level = (k: number): number => -vmax + delta * (k + 0.5);
  // step 3: ip = <o, y>, n2 = |y|²
  const products = (): [number, number] => {
    let ip = 0;
    let n2 = 0;
    for (let i = 0; i < values.length; i++) {
      const y = level(code[i] as number);
      ip += (values[i] as number) * y;
      n2 += y * y;
    }
    return [ip, n2];
  };
  let [ip, n2] = products();
  // step 4, code adjustment: ascend cos² = ip² / (n2·|o|²) one coordinate and one level at a time
  const epsilon = 1e-8 * n2;
  const limit = bits === 1 ? 0 : rounds;
  for (let round = 0; round < limit; round++) {
    let moved = false;
    for (let i = 0; i < values.length; i++) {
      for (const direction of [1, -1]) {
        for (;;) {
          const k = (code[i] as number) + direction;
          if (k < 0 || k >= levels) break;
          const y = level(code[i] as number);
          const yMoved = y + direction * delta;
          const ipMoved = ip + direction * delta * (values[i] as number);
          const n2Moved = n2 - y * y + yMoved * yMoved;
          if (!(ipMoved * ipMoved * n2 > (ip * ip + epsilon) * n2Moved)) break;
          code[i] = k;
          ip = ipMoved;
          n2 = n2Moved;
          moved = true;
        }
      }
    }
    if (!moved) break;
    [ip, n2] = products();
  }
  // step 5: factors
  const energy = values.reduce((sum, value) => sum + value * value, 0);
  return { code, cos: ip / Math.sqrt(n2 * energy), rescale: ip === 0 ? 0 : (energy / ip) * vmax };
}

/**
 * The largest cosine of any B-bit code to o, by the sweep of Extended RaBitQ: the best code is |o| rounded down at some
 * scale t, and entry i steps up at t = u/|o_i|, u = 1…2^(B-1) - 1. Time O(2^B·d·log d).
 */
export function optimalCosine(o: ArrayLike<number>, bits: number): number {
  const sizes = Array.from(o, Math.abs);
  const events: { readonly at: number; readonly size: number; readonly u: number }[] = [];
  let ip = 0;
  let energy = 0;
  for (const size of sizes) {
    ip += size / 2;
    energy += size * size;
    for (let u = 1; u < 2 ** (bits - 1) && size > 0; u++) events.push({ at: u / size, size, u });
  }
  events.sort((a, b) => a.at - b.at);
  let n2 = sizes.length / 4;
  let best = ip / Math.sqrt(n2);
  for (const { size, u } of events) {
    ip += size;
    n2 += 2 * u; // (u + 1/2)² - (u - 1/2)²
    best = Math.max(best, ip / Math.sqrt(n2));
  }
  return best / Math.sqrt(energy);
}
