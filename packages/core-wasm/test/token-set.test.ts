import { describe, expect, it } from 'vitest';
import { joinTokenSets, tokenSet } from '../src/index.ts';

describe('token sets', () => {
  it('keep the arrays and count sets by offsets', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const offsets = Uint32Array.of(0, 2, 2, 3);
    const set = tokenSet(data, offsets, 2);
    expect([set.n, set.d]).toEqual([3, 2]);
    expect(set.data).toBe(data);
    expect(set.offsets).toBe(offsets);
  });

  it('may be empty, or hold empty sets alone', () => {
    expect(tokenSet(new Float32Array(0), Uint32Array.of(0), 4).n).toBe(0);
    expect(tokenSet(new Float32Array(0), Uint32Array.of(0, 0, 0), 4).n).toBe(2);
  });

  it('refuse ragged data, d out of range and values that are not finite', () => {
    const offsets = Uint32Array.of(0, 1);
    expect(() => tokenSet(new Float32Array(5), offsets, 4, 'documents')).toThrow(
      /"documents" expected a length that is a multiple of d = 4, got 5/,
    );
    for (const d of [0, 1.5, 65_537, Number.NaN]) {
      expect(() => tokenSet(new Float32Array(4), offsets, d)).toThrow(RangeError);
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => tokenSet(Float32Array.of(0, bad), offsets, 2)).toThrow(/row 0, dimension 1/);
    }
  });

  it('refuse offsets that do not begin at 0, do not ascend, or end elsewhere', () => {
    const data = new Float32Array(6);
    const refused = (...offsets: number[]): (() => unknown) => {
      return () => tokenSet(data, Uint32Array.from(offsets), 2);
    };
    expect(refused()).toThrow(/begin with 0, got undefined/);
    expect(refused(1, 3)).toThrow(/begin with 0, got 1/);
    expect(refused(0, 2, 1, 3)).toThrow(/ascending numbers, got 1 after 2 at 2/);
    expect(refused(0, 2)).toThrow(/end at 3 tokens, got 2/);
    expect(refused(0, 4)).toThrow(/end at 3 tokens, got 4/);
    const text: unknown = '0,3';
    expect(() => tokenSet(data, text as Uint32Array, 2)).toThrow(TypeError);
    expect(() => tokenSet(data, [0, 1.5, 3], 2)).toThrow(
      new RangeError('"tokens offsets" expected integers from 0 to 4294967295, got 1.5 at 1'),
    );
    expect(() => tokenSet(data, [-1, 3], 2)).toThrow(RangeError);
  });

  it('are joined from arrays, empty ones included, by a copy', () => {
    const first = Float32Array.of(1, 2);
    const set = joinTokenSets([first, new Float32Array(0), Float32Array.of(3, 4, 5, 6)], 2);
    expect([...set.offsets]).toEqual([0, 1, 1, 3]);
    expect([...set.data]).toEqual([1, 2, 3, 4, 5, 6]);
    first[0] = 9;
    expect(set.data[0]).toBe(1);
    expect(joinTokenSets([], 2).n).toBe(0);
  });

  it('are not joined from ragged arrays or other kinds', () => {
    expect(() => joinTokenSets([new Float32Array(2), new Float32Array(3)], 2)).toThrow(
      /"tokens\[1\]" expected a length that is a multiple of d = 2, got 3/,
    );
    const plain: unknown = [[1, 2]];
    expect(() => joinTokenSets(plain as Float32Array[], 2)).toThrow(TypeError);
  });
});
