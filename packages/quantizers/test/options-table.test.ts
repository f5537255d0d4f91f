/** The docs say what the option tables say, and the tables what the methods do. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { METHODS, type QuantizerMethod, type QuantizerOptions, trainQuantizer } from '../src/index.ts';
import { optionsPage } from './options-table.ts';

it('docs/quantizer-options.md is made of the tables', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../../docs/quantizer-options.md');
});

const D = 32;
const sample = { data: skewedRows(300, D, { seed: 3 }), d: D };
const named = (method: QuantizerMethod, own: object): QuantizerOptions => ({
  name: method.name,
  metric: 'l2',
  // a solver is for queries
  ...(method.name === 'leanvec' && { queries: sample.data }),
  ...own,
});

describe.each(METHODS.map((method) => [method.name, method] as const))('%s', (_name, method) => {
  const core = createCore();
  const bytes = (own: object): string => {
    const quantizer = trainQuantizer(core, sample, named(method, own));
    return `${quantizer.bits} ${quantizer.layout.bytesPerVector}`;
  };

  it('has the defaults that its table says', () => {
    const defaults = Object.entries(method.options).flatMap(([name, spec]) =>
      typeof spec.default === 'string' && spec.kind !== 'choice' ? [] : [[name, spec.default]],
    );
    expect(bytes(Object.fromEntries(defaults))).toBe(bytes({}));
  });

  it('says each option in a sentence without a full stop', () => {
    for (const { says } of Object.values(method.options)) expect(says).toMatch(/^[^A-Z].*[^.]$/);
  });

  it('takes what its table allows and refuses what lies beyond, by name', () => {
    for (const [name, spec] of Object.entries(method.options)) {
      if (spec.kind === 'integer' || spec.kind === 'number') {
        for (const value of [spec.least - 0.01, spec.most + 1]) {
          expect(() => trainQuantizer(core, sample, named(method, { [name]: value }))).toThrow(
            new RegExp(`^"${name}" expected`),
          );
        }
      }
      if (spec.kind === 'choice') {
        for (const value of spec.choices) bytes({ [name]: value });
        expect(() => trainQuantizer(core, sample, named(method, { [name]: 'other' }))).toThrow(
          new RegExp(`^"${name}" expected`),
        );
      }
    }
  });
});
