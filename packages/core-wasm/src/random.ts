/**
 * Seeded randomness from 32-bit integers alone (sfc32, seeded by splitmix-style mixing): the same seed and stream name
 * give the same numbers in every engine. Named streams are independent, so adding a draw in one place moves no other.
 */
import { checkInteger } from './checks.ts';

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Draws seeded integers that are the same on every engine; streams of other names are independent. */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #seed: number;
  readonly #name: string;

  /** seed — any safe integer; stream — the name (or number) of what the numbers are for. */
  constructor(seed: number, stream: string | number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`"seed" expected a safe integer, got ${seed}`);
    this.#seed = seed;
    this.#name = String(stream);
    let name = 0x9e3779b9;
    for (let i = 0; i < this.#name.length; i++) name = mix(name ^ this.#name.charCodeAt(i));
    this.#a = mix(seed >>> 0);
    this.#b = mix((Math.floor(seed / 2 ** 32) >>> 0) ^ 0x243f6a88);
    this.#c = name;
    for (let i = 0; i < 15; i++) this.nextU32();
  }

  /** A uniform integer in 0…2^32 - 1. */
  nextU32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** A uniform integer in 0…n - 1, n from 1 to 2^32, without bias. */
  nextBelow(n: number): number {
    checkInteger('n', n, 1, 2 ** 32);
    const limit = 2 ** 32 - (2 ** 32 % n);
    let value = this.nextU32();
    while (value >= limit) value = this.nextU32();
    return value % n;
  }

  /** Uniform in [0, 1), a multiple of 2^-24. */
  nextUnit(): number {
    return (this.nextU32() >>> 8) / 16_777_216;
  }

  /** -1 or 1. */
  nextSign(): number {
    return this.nextU32() >>> 31 === 0 ? -1 : 1;
  }

  /** Fisher–Yates in place. */
  shuffle(values: Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.nextBelow(i + 1);
      const kept = values[i] as number;
      values[i] = values[j] as number;
      values[j] = kept;
    }
  }

  /** An independent stream under this one's name. */
  fork(name: string): RandomStream {
    return new RandomStream(this.#seed, `${this.#name}/${name}`);
  }
}
