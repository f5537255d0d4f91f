/** What holds of every FDE encoder, whatever its kind. Not collected by itself. */
import { readFileSync } from 'node:fs';
import {
  ByteReader,
  type Core,
  createCore,
  FormatError,
  instantiateCore,
  type TokenSet,
  tokenSet,
} from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { MAX_FDE_LENGTH } from '../../src/muvera/fde-encoder.ts';
import { type FdeEncoder, readFdeEncoder, writeFdeEncoder } from '../../src/muvera/index.ts';
import { bytesOf, clusteredSets, unitTokens } from './fde-fixtures.ts';

/** With empty documents first, in between and last, and one longer than the others. */
const SIZES = [0, 5, 1, 0, 300, 12, 30, 0];

export function describeEncoder(name: string, d: number, make: (core: Core) => FdeEncoder): void {
  const core = createCore();
  const encoder = make(core);
  const documents = clusteredSets(SIZES, d, 11);
  const encodeAll = (own: Core, one: FdeEncoder, sets: TokenSet): Float32Array => {
    using session = one.createSession(own);
    const out = new Float32Array(sets.n * one.length).fill(7);
    session.encodeDocuments(sets, out);
    return out;
  };
  const part = (i: number): TokenSet => {
    const { data, offsets } = documents;
    const own = data.subarray(offsets[i] * d, offsets[i + 1] * d);
    return tokenSet(own, Uint32Array.of(0, own.length / d), d);
  };

  describe(name, () => {
    it('is made of whole blocks, within the cap', () => {
      expect(encoder.length % encoder.blockLength).toBe(0);
      expect(encoder.length).toBeLessThanOrEqual(MAX_FDE_LENGTH);
      expect(encoder.parameterHash).toMatch(/^[0-9a-f]{16}$/);
    });

    it('encodes a document to the same bytes alone and among others', () => {
      const together = encodeAll(core, encoder, documents);
      for (let i = 0; i < SIZES.length; i++) {
        const alone = encodeAll(core, encoder, part(i));
        const slice = together.slice(i * encoder.length, (i + 1) * encoder.length);
        expect(bytesOf(alone).equals(bytesOf(slice))).toBe(true);
      }
    });

    it('gives zeros for empty documents and queries, and finite numbers else', () => {
      const together = encodeAll(core, encoder, documents);
      expect(together.every((value) => Number.isFinite(value))).toBe(true);
      SIZES.forEach((size, i) => {
        const fde = together.subarray(i * encoder.length, (i + 1) * encoder.length);
        expect(fde.every((value) => value === 0)).toBe(size === 0);
      });
      using session = encoder.createSession(core);
      expect(session.encodeQuery(new Float32Array(0)).every((value) => value === 0)).toBe(true);
    });

    it('encodes to the same bytes after saving and loading, with the same hash', () => {
      const bytes = writeFdeEncoder(encoder);
      const reader = new ByteReader(bytes);
      const loaded = readFdeEncoder(reader);
      reader.end();
      expect(loaded.parameterHash).toBe(encoder.parameterHash);
      expect(Buffer.from(writeFdeEncoder(loaded)).equals(bytes)).toBe(true);
      const again = encodeAll(core, loaded, documents);
      expect(bytesOf(again).equals(bytesOf(encodeAll(core, encoder, documents)))).toBe(true);
      const query = unitTokens(4, d, 3);
      using a = encoder.createSession(core);
      using b = loaded.createSession(core);
      expect(bytesOf(a.encodeQuery(query)).equals(bytesOf(b.encodeQuery(query)))).toBe(true);
    });

    it('is trained and encodes to the same bytes in every build', () => {
      const path = (build: string): URL => new URL(`../../../core-wasm/build/${build}.wasm`, import.meta.url);
      const expected = bytesOf(encodeAll(core, encoder, documents));
      for (const build of ['simd', 'relaxed'] as const) {
        const bytes = readFileSync(path(build));
        if (!WebAssembly.validate(bytes)) continue;
        const other = instantiateCore(bytes, build);
        const own = make(other);
        expect(own.parameterHash).toBe(encoder.parameterHash);
        expect(bytesOf(encodeAll(other, own, documents)).equals(expected)).toBe(true);
      }
    });

    it('weighs query tokens', () => {
      using session = encoder.createSession(core);
      const query = unitTokens(3, d, 5);
      const plain = session.encodeQuery(query);
      expect(session.encodeQuery(query, Float32Array.of(1, 1, 1))).toEqual(plain);
      const double = session.encodeQuery(query, Float32Array.of(2, 2, 2));
      double.forEach((value, i) => {
        expect(Math.abs(value - 2 * plain[i])).toBeLessThan(1e-3 * (1 + Math.abs(plain[i])));
      });
      const first = session.encodeQuery(query.subarray(0, d));
      expect(session.encodeQuery(query, Float32Array.of(1, 0, 0)).map((x) => x + 0)).toEqual(
        first.map((x) => x + 0),
      );
    });

    it('refuses tokens that do not fit', () => {
      using session = encoder.createSession(core);
      const { length } = encoder;
      const out = new Float32Array(length);
      const bad = new Float32Array(d).fill(Number.NaN);
      expect(() => session.encodeQuery(bad)).toThrow(RangeError);
      expect(() => session.encodeQuery(new Float32Array(d + 1))).toThrow('multiple of d');
      expect(() => session.encodeQuery(new Float32Array(d), new Float32Array(2))).toThrow('"weights"');
      expect(() => session.encodeQuery(new Float32Array(d), Float32Array.of(Infinity))).toThrow('finite');
      const ragged = { data: new Float32Array(2 * d), offsets: Uint32Array.of(0, 1), n: 1, d };
      expect(() => session.encodeDocuments(ragged, out)).toThrow(RangeError);
      const nan = { data: bad, offsets: Uint32Array.of(0, 1), n: 1, d };
      expect(() => session.encodeDocuments(nan, out)).toThrow('finite');
      const other = { data: new Float32Array(d + 1), offsets: Uint32Array.of(0, 1), n: 1, d: d + 1 };
      expect(() => session.encodeDocuments(other, out)).toThrow('d = ');
      const one = { data: new Float32Array(d), offsets: Uint32Array.of(0, 1), n: 1, d };
      expect(() => session.encodeDocuments(one, new Float32Array(length - 1))).toThrow('"out"');
    });

    it('gives its memory back', () => {
      const before = core.bytesUsed();
      const session = encoder.createSession(core);
      const held = core.bytesUsed();
      session.encodeDocuments(documents, new Float32Array(documents.n * encoder.length));
      session.encodeQuery(unitTokens(3, d, 5));
      expect(core.bytesUsed()).toBe(held);
      session.dispose();
      expect(core.bytesUsed()).toBe(before);
    });

    it('refuses files with a changed or missing byte, or reads an encoder from them', () => {
      const bytes = writeFdeEncoder(encoder);
      const step = Math.max(1, Math.floor(bytes.length / 150));
      for (let at = 0; at < bytes.length; at += at < 64 ? 1 : step) {
        for (const value of [0, 255]) {
          const changed = bytes.slice();
          changed[at] = value;
          try {
            const reader = new ByteReader(changed);
            const read = readFdeEncoder(reader);
            expect(read.length).toBeLessThanOrEqual(MAX_FDE_LENGTH);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }
      }
      for (const length of [0, 3, 8, 20, bytes.length - 1]) {
        expect(() => readFdeEncoder(new ByteReader(bytes.subarray(0, length)))).toThrow(FormatError);
      }
    });
  });
}
