import { BusyError, CapacityError, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { describeError, reviveError } from '../../src/remote/transfer-error.ts';

/** An error of some place. */
class MissingError extends Error {
  readonly code = 'SAGITTA_MISSING';
  readonly wanted: string | undefined;

  constructor(message: string, wanted?: string) {
    super(message);
    this.name = 'MissingError';
    this.wanted = wanted;
  }
}

describe('reviveError', () => {
  it.each([
    new RangeError('"k" expected 1'),
    new TypeError('"x" expected a Float32Array'),
    new CapacityError(10, 5),
    new BusyError(1000),
    new UnsupportedError('"storage" expected OPFS'),
    new FormatError('expected a magic', 12),
    new MissingError('"name" expected a stored index', 'a'),
    new MissingError('"name" expected a stored index'),
    Object.assign(new Error('gone'), { name: 'MissingError' }),
    Object.assign(new Error('no answer', { cause: new TypeError('fetch failed') }), { url: 'http://x/' }),
  ])('makes %s again', (error) => {
    const again = reviveError(structuredClone(describeError(error)), [MissingError]);
    expect(again).toStrictEqual(error);
    expect(again).toBeInstanceOf(error.constructor);
    expect(again.message).toBe(error.message);
    expect({ ...again }).toEqual({ ...error });
  });

  it('leaves the class of a place that it does not know', () => {
    const again = reviveError(describeError(new MissingError('gone', 'a')));
    expect(again).not.toBeInstanceOf(MissingError);
    expect(again).toMatchObject({ name: 'MissingError', code: 'SAGITTA_MISSING', wanted: 'a' });
  });

  it('takes what is no error', () => {
    expect(reviveError(describeError('plain')).message).toBe('plain');
  });
});
