import { describe, expect, it } from 'vitest';
import { checkOptions, type OptionTable } from '../src/options.ts';

interface Options {
  readonly nprobe?: number;
  readonly keepVectors?: boolean;
  readonly metric?: 'l2' | 'ip';
  readonly clock?: () => number;
  readonly rerank?: { readonly candidates: number } | false;
}
const TABLE: OptionTable<Options> = {
  nprobe: 'number',
  keepVectors: 'boolean',
  metric: 'string',
  clock: 'function',
  rerank: 'any',
};
/** As a program without types would call it. */
const check = (options: unknown): void => checkOptions('options', options as Options, TABLE);

describe('checkOptions', () => {
  it('takes known names, undefined values and none at all', () => {
    check({});
    check({ nprobe: 3, keepVectors: false, metric: 'l2', clock: () => 0, rerank: false });
    check({ nprobe: undefined });
    check(Object.create(null));
  });

  it.each([
    ['nprob', 'nprobe'],
    ['nProbe', 'nprobe'],
    ['keepvector', 'keepVectors'],
    ['re_rank', 'rerank'],
  ])('refuses %s and suggests %s', (given, meant) => {
    expect(() => check({ [given]: 1 })).toThrow(
      new RangeError(
        `"options" expected known options (nprobe, keepVectors, metric, clock, rerank), got "${given}": did you mean "${meant}"?`,
      ),
    );
  });

  it.each(['filter', 'x', 'toString', '__proto__x'])('refuses %s and suggests nothing', (given) => {
    expect(() => check({ [given]: 1 })).toThrow(new RegExp(`got "${given}"$`));
    expect(() => check({ [given]: undefined })).toThrow(RangeError);
  });

  it.each([
    [{ nprobe: '3' }, '"nprobe" expected a number, got string'],
    [{ keepVectors: 'yes' }, '"keepVectors" expected a boolean, got string'],
    [{ keepVectors: null }, '"keepVectors" expected a boolean, got null'],
    [{ metric: 2 }, '"metric" expected a string, got number'],
    [{ clock: {} }, '"clock" expected a function, got Object'],
    [7, '"options" expected an object of options, got number'],
    [null, '"options" expected an object of options, got null'],
    [[], '"options" expected an object of options, got Array'],
    [undefined, '"options" expected an object of options, got undefined'],
  ])('refuses the kind of %j', (options, message) => {
    expect(() => check(options)).toThrow(new TypeError(message));
  });
});
