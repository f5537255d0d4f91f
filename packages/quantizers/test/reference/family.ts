/**
 * Naive translations, straight from the papers and in f64, of what the family stands for: RaBitQ (Gao et al., 2024,
 * section 3), LVQ (Aguerrebere et al., 2023, section 3), PQ (Jégou et al., 2011, section II). Slow and literal on purpose.
 */

/** The best code of o with entries u - (2^bits - 1)/2, by trying every scale at which one entry changes. */
export function referenceRabitq(o: ArrayLike<number>, bits: number): { code: number[]; scale: number } {
  const top = 2 ** bits - 1;
  const scales = new Set<number>();
  for (let i = 0; i < o.length; i++) {
    const a = Math.abs(o[i] as number);
    for (let u = 1; u < 2 ** (bits - 1) && a > 0; u++) scales.add(u / a);
  }
  let best = { code: codeAt(o, 0, bits), cosine: -1 };
  for (const t of [0, ...scales]) {
    const code = codeAt(o, t * (1 + 1e-12), bits);
    let ip = 0;
    let norm = 0;
    for (let i = 0; i < o.length; i++) {
      const v = (code[i] as number) - top / 2;
      ip += v * (o[i] as number);
      norm += v * v;
    }
    const cosine = ip / Math.sqrt(norm);
    if (cosine > best.cosine) best = { code, cosine };
  }
  let ip = 0;
  let norm = 0;
  for (let i = 0; i < o.length; i++) {
    ip += ((best.code[i] as number) - top / 2) * (o[i] as number);
    norm += (o[i] as number) ** 2;
  }
  return { code: best.code, scale: norm / ip };
}

function codeAt(o: ArrayLike<number>, t: number, bits: number): number[] {
  const half = 2 ** (bits - 1);
  return Array.from({ length: o.length }, (_, i) => {
    const u = Math.min(half - 1, Math.floor(t * Math.abs(o[i] as number)));
    return (o[i] as number) > 0 ? half + u : half - 1 - u;
  });
}

/** LVQ-B1 or LVQ-B1×B2: what the code of x stands for. */
export function referenceLvq(x: ArrayLike<number>, bits: number, secondBits: number): number[] {
  const all = Array.from(x);
  const least = Math.min(...all);
  const step = (Math.max(...all) - least) / (2 ** bits - 1);
  return all.map((value) => {
    const first = step > 0 ? least + step * Math.floor((value - least) / step + 0.5) : least;
    if (secondBits === 0 || step === 0) return first;
    const second = step / (2 ** secondBits - 1);
    return first - step / 2 + second * Math.round((value - first + step / 2) / second);
  });
}

/** The nearest centroid of every run, ties to the lower number. */
export function referencePq(
  x: ArrayLike<number>,
  codebooks: ArrayLike<number>,
  m: number,
  ksub: number,
  dsub: number,
): { code: number[]; decoded: number[] } {
  const code: number[] = [];
  const decoded: number[] = [];
  for (let s = 0; s < m; s++) {
    let best = { number: 0, distance: Infinity };
    for (let c = 0; c < ksub; c++) {
      let distance = 0;
      for (let t = 0; t < dsub; t++) {
        const value = s * dsub + t < x.length ? (x[s * dsub + t] as number) : 0;
        distance += (value - (codebooks[(s * ksub + c) * dsub + t] as number)) ** 2;
      }
      if (distance < best.distance) best = { number: c, distance };
    }
    code.push(best.number);
    for (let t = 0; t < dsub; t++) decoded.push(codebooks[(s * ksub + best.number) * dsub + t] as number);
  }
  return { code, decoded: decoded.slice(0, x.length) };
}

/** The least sum of squares of ascending values in `count` cells, by dynamic programming over where cells end. */
export function referenceCells(sorted: ArrayLike<number>, count: number): number {
  const n = sorted.length;
  const cost = (from: number, to: number): number => {
    let mean = 0;
    for (let i = from; i < to; i++) mean += (sorted[i] as number) / (to - from);
    let sum = 0;
    for (let i = from; i < to; i++) sum += ((sorted[i] as number) - mean) ** 2;
    return sum;
  };
  let best = Array.from({ length: n + 1 }, (_, to) => cost(0, to));
  for (let c = 1; c < count; c++) {
    best = best.map((_, to) => {
      let least = Infinity;
      for (let from = 0; from <= to; from++) least = Math.min(least, (best[from] as number) + cost(from, to));
      return least;
    });
  }
  return best[n] as number;
}

/** TurboQuant of a vector that is rotated already: the nearest level of each coordinate of x·√d/|x|, times |x|/√d. */
export function referenceTurboQuant(x: ArrayLike<number>, positive: readonly number[]): number[] {
  const all = Array.from(x);
  const scale = Math.sqrt(all.reduce((sum, value) => sum + value * value, 0) / all.length);
  const levels = [...positive, ...positive.map((level) => -level)];
  return all.map((value) => {
    const near = levels.reduce((best, level) =>
      Math.abs(value / scale - level) < Math.abs(value / scale - best) ? level : best,
    );
    return near * scale;
  });
}
