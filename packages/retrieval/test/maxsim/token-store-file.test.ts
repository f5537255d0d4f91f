/** Files of token stores with every byte of the parameters flipped, cut short at every place, and with numbers made huge. */
import { ByteReader, createCore, FormatError } from '@sagitta/core-wasm';
import { bytesOfPieces } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readTokenStore } from '../../src/maxsim/index.ts';
import { documentsOf, ENCODED, nameOf, queryOf, storeOf } from './token-data.ts';

const core = createCore();
afterAll(() => core.dispose());

/** Reads, and where it is accepted, uses it: nothing may crash or give NaN. */
function outcome(parameters: Uint8Array, codes: Uint8Array): 'read' | 'refused' {
  const used = core.bytesUsed();
  try {
    using store = readTokenStore(core, new ByteReader(parameters), codes);
    expect(store.bytesUsed()).toBeLessThanOrEqual(codes.length);
    const query = queryOf(2, store.d, 1);
    const slots = Uint32Array.from({ length: store.n }, (_, slot) => slot);
    for (const score of store.scores(query, slots)) expect(score).not.toBeNaN();
    return 'read';
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect(core.bytesUsed()).toBe(used);
    return 'refused';
  }
}

describe.each(ENCODED.map((encoded) => [nameOf(encoded), encoded] as const))('a file of %s', (_, encoded) => {
  using store = storeOf(core, encoded, documentsOf([3, 0, 2], 16, 1));
  const parameters = store.parameters().slice();
  const codes = bytesOfPieces(store.codePieces());

  it('is read as it is', () => {
    expect(outcome(parameters, codes)).toBe('read');
  });

  it('is refused when it is cut short or goes on', () => {
    for (let length = 0; length < parameters.length; length++) {
      expect(outcome(parameters.slice(0, length), codes)).toBe('refused');
    }
    expect(outcome(Uint8Array.of(...parameters, 0), codes)).toBe('refused');
    for (const length of [0, 1, codes.length - 1]) {
      expect(outcome(parameters, codes.slice(0, length))).toBe('refused');
    }
    expect(outcome(parameters, Uint8Array.of(...codes, 0))).toBe('refused');
  });

  it('ends in FormatError or in a store that works, whatever bit is flipped', () => {
    let refused = 0;
    for (let bit = 0; bit < 8 * parameters.length; bit++) {
      const flipped = parameters.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      if (outcome(flipped, codes) === 'refused') refused++;
    }
    // only the metric, seed, mode and equal-sized encodings have other values that mean something
    expect(refused).toBeGreaterThan(4 * parameters.length);
    for (let bit = 0; bit < 8 * codes.length; bit += 3) {
      const flipped = codes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      outcome(parameters, flipped);
    }
  });

  it('is refused with numbers made huge', () => {
    for (let at = 0; at < parameters.length; at += 4) {
      const huge = parameters.slice();
      huge.fill(0xff, at, at + 4);
      // version, encoding, metric, d, bits: behind them, where codes are packed, any seed is one
      const isSeed = at === 20 && !['float32', 'float16', 'int8'].includes(store.encoding);
      if (!isSeed) expect(outcome(huge, codes), `u32 at ${at}`).toBe('refused');
    }
  });

  it('is refused with a last float that is not finite', () => {
    if (store.encoding === 'float16') {
      const infinite = codes.slice();
      infinite[codes.length - 1] = 0x7c;
      expect(outcome(parameters, infinite)).toBe('refused');
      return;
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, store.encoding === 'float32' ? 3e38 : -1]) {
      const broken = codes.slice();
      new DataView(broken.buffer).setFloat32(codes.length - 4, bad, true);
      expect(outcome(parameters, broken)).toBe('refused');
    }
  });
});
