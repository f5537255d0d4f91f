/**
 * Vectors of scalars: alike where the scalars are.
 *
 *   string  unit(Σ_word unit(Σ_trigram g_t + √(#trigrams)·w_word)), trigrams of "_word_": typos stay near
 *   number  s(x) = sign(x)·ln(1 + |x|) at p = s(x)/(h·√1.5) among random atoms at the integers, weighed by the cubic B-spline;
 *           the cosine of two numbers is the spline's correlation with itself, which is exp(-Δ²/2) of Δ = (s(x) - s(y))/h to
 *           .02 (Fourier features have it exactly, and need a cosine that differs between engines)
 *   date    days since 1970 at h days, of text such as 2024-05-31 where dates are asked for
 */
import { naturalLog } from '../text/natural-log.ts';
import { type Atoms, addScaled, toUnit } from './atoms.ts';

/** Words whose vectors are kept. */
const MOST_WORDS = 20_000;
/** √1.5: at this distance of atoms the spline's correlation has the variance of exp(-Δ²/2). */
const SPACING = Math.sqrt(1.5);
const DAY_MS = 86_400_000;

/** Makes vectors of scalars. */
export class Leaves {
  readonly #atoms: Atoms;
  readonly #words = new Map<string, Float32Array>();

  constructor(atoms: Atoms) {
    this.#atoms = atoms;
  }

  /** Length 1, over out. */
  text(value: string, out: Float32Array): Float32Array {
    out.fill(0);
    for (const word of value.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
      addScaled(out, this.#word(word), 1);
    // nothing but signs, or nothing at all
    if (toUnit(out) === 0) out.set(this.#atoms.atom(`text/${value}`));
    return out;
  }

  /** h — the width of what is alike, in s(x). Length 1, over out. */
  number(value: number, h: number, out: Float32Array): Float32Array {
    const s = naturalLog(1 + Math.min(Math.abs(value), Number.MAX_VALUE / 2));
    return this.#place('number', (value < 0 ? -s : s) / h, out);
  }

  /** The day of an ISO date, at h days; undefined for other text. */
  date(value: string, h: number, out: Float32Array): Float32Array | undefined {
    const found = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?.*)?$/.exec(value);
    if (found === null) return undefined;
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
      .slice(1)
      .map((part) => Number(part ?? 0));
    const days = Date.UTC(year, month - 1, day, hour, minute, second) / DAY_MS;
    return this.#place('date', days / h, out);
  }

  /** A place on a line whose unit is the width of what is alike. */
  #place(line: string, at: number, out: Float32Array): Float32Array {
    const p = at / SPACING;
    const first = Math.floor(p) - 1;
    const [a, b, c, e] = [0, 1, 2, 3].map((i) => this.#atoms.atom(`${line}/${first + i}`)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [wa, wb, wc, we] = [0, 1, 2, 3].map((i) => spline(Math.abs(p - first - i))) as [
      number,
      number,
      number,
      number,
    ];
    for (let j = 0; j < out.length; j++) {
      out[j] = wa * (a[j] as number) + wb * (b[j] as number) + wc * (c[j] as number) + we * (e[j] as number);
    }
    toUnit(out);
    return out;
  }

  #word(word: string): Float32Array {
    const found = this.#words.get(word);
    if (found !== undefined) return found;
    const out = new Float32Array(this.#atoms.d);
    const letters = [...`_${word}_`];
    const count = letters.length - 2;
    for (let i = 0; i < count; i++)
      addScaled(out, this.#atoms.atom(`gram/${letters.slice(i, i + 3).join('')}`), 1);
    addScaled(out, this.#atoms.atom(`word/${word}`), Math.sqrt(count));
    toUnit(out);
    if (this.#words.size >= MOST_WORDS) this.#words.clear();
    this.#words.set(word, out);
    return out;
  }
}

/** The cubic B-spline at distance x from its middle. */
function spline(x: number): number {
  if (x >= 2) return 0;
  const outer = ((2 - x) * (2 - x) * (2 - x)) / 6;
  return x >= 1 ? outer : outer - (4 * (1 - x) * (1 - x) * (1 - x)) / 6;
}
