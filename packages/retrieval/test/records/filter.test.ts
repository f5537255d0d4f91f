/** Filters against a plain reading of what expressions mean, with secondary structures and without. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AllowedRecords, type JsonValue, type RecordExpression, type RecordFilter } from '../../src/index.ts';
import { Records } from '../../src/records/records.ts';
import { listSlots } from '../../src/search/slot-set.ts';

type Scalar = string | number | boolean | null;

/** The value at a path, the longest names first. */
function valueAt(value: JsonValue | undefined, names: readonly string[]): JsonValue | undefined {
  if (names.length === 0) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (let end = names.length; end > 0; end--) {
    const name = names.slice(0, end).join('.');
    if (!Object.hasOwn(value, name)) continue;
    const found = valueAt((value as Record<string, JsonValue>)[name], names.slice(end));
    if (found !== undefined) return found;
  }
  return undefined;
}

function holdsNaively(expression: Record<string, unknown>, metadata: JsonValue | undefined): boolean {
  return Object.entries(expression).every(([name, condition]) => {
    const list = condition as Record<string, unknown>[];
    if (name === 'and') return list.every((one) => holdsNaively(one, metadata));
    if (name === 'or') return list.some((one) => holdsNaively(one, metadata));
    if (name === 'not') return !holdsNaively(condition as Record<string, unknown>, metadata);
    const value = valueAt(metadata, name.split('.'));
    const operators =
      typeof condition === 'object' && condition !== null
        ? (condition as Record<string, unknown>)
        : { eq: condition };
    return Object.entries(operators).every(([op, operand]) => {
      const any = (test: (one: unknown) => boolean): boolean =>
        value !== undefined && (Array.isArray(value) ? value.some(test) : test(value));
      const alike = (one: unknown): boolean =>
        typeof one === typeof operand && (typeof one === 'number' || typeof one === 'string');
      switch (op) {
        case 'eq':
          return any((one) => one === operand);
        case 'ne':
          return !any((one) => one === operand);
        case 'in':
          return any((one) => (operand as unknown[]).includes(one));
        case 'nin':
          return !any((one) => (operand as unknown[]).includes(one));
        case 'lt':
          return any((one) => alike(one) && (one as number) < (operand as number));
        case 'lte':
          return any((one) => alike(one) && (one as number) <= (operand as number));
        case 'gt':
          return any((one) => alike(one) && (one as number) > (operand as number));
        case 'gte':
          return any((one) => alike(one) && (one as number) >= (operand as number));
        case 'exists':
          return (value !== undefined) === operand;
        default:
          return Array.isArray(value)
            ? value.includes(operand as JsonValue)
            : typeof value === 'string' && typeof operand === 'string' && value.includes(operand);
      }
    });
  });
}

const PATHS = ['a', 'b', 'tags', 'a.b', 'o.a', 'o.p.q', 'x.y'];
const scalar: fc.Arbitrary<Scalar> = fc.constantFrom<Scalar>(
  '',
  'a',
  'ab',
  'b',
  'é',
  '1',
  0,
  1,
  2.5,
  -3,
  true,
  false,
  null,
);
const field: fc.Arbitrary<JsonValue> = fc.oneof(
  scalar,
  fc.array(fc.oneof(scalar, fc.constant([1])), { maxLength: 3 }),
);
const nested: fc.Arbitrary<JsonValue> = fc.oneof(
  field,
  fc.dictionary(fc.constantFrom('a', 'b', 'p', 'q', 'p.q', 'y'), field, { maxKeys: 3 }),
);
const someMetadata: fc.Arbitrary<JsonValue | undefined> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'tags', 'a.b', 'o', 'x', 'x.y', 'o.p'), nested),
  },
  { weight: 1, arbitrary: field },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const bound = fc.constantFrom<string | number>('a', 'ab', '', 0, 1, 2, -5, Number.POSITIVE_INFINITY);
const operators = fc.record(
  {
    eq: scalar,
    ne: scalar,
    in: fc.array(scalar, { maxLength: 3 }),
    nin: fc.array(scalar, { maxLength: 3 }),
    lt: bound,
    lte: bound,
    gt: bound,
    gte: bound,
    exists: fc.boolean(),
    contains: scalar,
  },
  { requiredKeys: [] },
);
const condition = fc.oneof(
  scalar,
  operators
    .map((some) => Object.fromEntries(Object.entries(some).slice(0, 2)))
    .filter((some) => Object.keys(some).length > 0),
);
const expression: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ any: Record<string, unknown> }>(
  (tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.dictionary(fc.constantFrom(...PATHS), condition, { maxKeys: 2 }),
      fc.record({ and: fc.array(tie('any'), { maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('any'), { maxLength: 3 }), a: condition }, { requiredKeys: ['or'] }),
      fc.record({ not: tie('any') }),
    ),
  }),
).any;

function filled(values: readonly (JsonValue | undefined)[], indexed: readonly string[] = []): Records {
  const records = new Records({ indexed });
  records.commit(records.prepare('add', values.length, { metadata: values }));
  return records;
}

const slots = (records: Records, filter: RecordFilter): number[] => [...listSlots(records.allowed(filter))];

describe('expressions', () => {
  it('hold where a plain reading says so', () => {
    fc.assert(
      fc.property(
        fc.array(someMetadata, { maxLength: 70 }),
        fc.array(expression, { minLength: 1, maxLength: 6 }),
        (values, list) => {
          const plain = filled(values);
          const expected = list.map((one) =>
            values.flatMap((value, i) => (holdsNaively(one, value) ? [i] : [])),
          );
          for (const [i, one] of list.entries())
            expect(slots(plain, one as RecordFilter)).toEqual(expected[i]);
        },
      ),
      { seed: 3, numRuns: 400 },
    );
  });

  it('hold the same where fields are indexed, through changes', () => {
    fc.assert(
      fc.property(
        fc.array(someMetadata, { minLength: 5, maxLength: 60 }),
        fc.array(expression, { minLength: 2, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(), someMetadata), { maxLength: 12 }),
        fc.boolean(),
        (some, list, changes, isCompacted) => {
          // more rows than are looked at one by one
          const values = Array.from({ length: 2100 }, (_, i) => some[i % some.length]);
          const plain = filled(values);
          const indexed = filled(values, PATHS);
          const check = (): void => {
            for (const one of list)
              expect(slots(indexed, one as RecordFilter)).toEqual(slots(plain, one as RecordFilter));
          };
          check();
          for (const records of [plain, indexed]) {
            for (const [which, value] of changes) records.setMetadata(which % 2100, value);
            for (const [which] of changes) records.delete((3 * which) % 2100);
            records.commit(records.prepare('add', 40, { metadata: values.slice(0, 40) }));
          }
          check();
          if (isCompacted) for (const records of [plain, indexed]) records.compact(records.liveSlots());
          check();
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });

  it('are refused by name', () => {
    const records = filled([{ a: 1 }]);
    for (const [filter, error, message] of [
      [
        { a: { gtee: 1 } },
        RangeError,
        /"filter.a" expected known options .* got "gtee": did you mean "gte"\?/,
      ],
      [{ a: {} }, RangeError, /"filter.a" expected a value or operators, got no operator/],
      [{ a: undefined }, TypeError, /"filter.a.*got undefined/],
      [
        { a: [1] },
        TypeError,
        /"filter.a" expected a value or operators \(one of several values is \{ in: \[…\] \}\)/,
      ],
      [{ a: { in: 'x' } }, TypeError, /"filter.a.in" expected an array of values, got string/],
      [{ a: { lt: true } }, TypeError, /"filter.a.lt" expected a number or a string, got boolean/],
      [{ a: { gt: Number.NaN } }, RangeError, /"filter.a.gt" expected a number, got NaN/],
      [{ a: { exists: 1 } }, TypeError, /"filter.a.exists" expected a boolean/],
      [{ or: [{ a: 1 }, { not: { a: new Date(0) } }] }, TypeError, /"filter.or\[1\].not.a" .* got Date/],
      [{ and: { a: 1 } }, TypeError, /"filter.and" expected an array of expressions, got Object/],
      [new Map(), undefined, undefined],
      [new Date(0), TypeError, /"filter" expected an expression, a predicate or ids, got Date/],
      ['abc', TypeError, /got string/],
      [null, TypeError, /got null/],
      [[1.5], RangeError, /"filter"/],
    ] as const) {
      const call = (): unknown => records.allowed(filter as never);
      if (error === undefined) expect(call).not.toThrow();
      else {
        expect(call).toThrow(error);
        expect(call).toThrow(message);
      }
    }
    let deep: Record<string, unknown> = { a: 1 };
    for (let i = 0; i < 200; i++) deep = { not: deep };
    expect(() => records.allowed(deep as RecordFilter)).toThrow(/at most 100 levels/);
    expect(() => new Records({ indexed: 'folder' as never })).toThrow(/"indexed" expected an array/);
    expect(() => new Records({ indexed: [5 as never] })).toThrow(/"indexed\[0\]" expected a string/);
  });

  it('are checked by the compiler where metadata have a type', () => {
    type Note = {
      readonly folder: string;
      readonly tags: readonly string[];
      readonly mtime?: number;
      readonly author: { readonly name: string };
    };
    const records = new Records<Note>({ indexed: ['folder'] });
    const metadata: Note[] = [
      { folder: 'x', tags: ['a', 'b'], mtime: 5, author: { name: 'Ada' } },
      { folder: 'y', tags: [], author: { name: 'Bob' } },
    ];
    records.commit(records.prepare('add', 3, { metadata: [...metadata, undefined] }));
    const allowed = (filter: RecordFilter<Note>): number[] => [...listSlots(records.allowed(filter))];
    expect(allowed({ folder: 'x', mtime: { gte: 5 }, tags: 'a' })).toEqual([0]);
    expect(allowed((note) => note.folder === 'y' && note.mtime === undefined)).toEqual([1]);
    expect(allowed((_, id) => Number(id) > 0)).toEqual([1]);
    expect(allowed({ or: [{ 'author.name': 'Bob' }, { tags: { contains: 'b' } }] })).toEqual([0, 1]);
    expect(allowed({ not: { folder: 'x' } })).toEqual([1, 2]);
    expect(allowed({ folder: { exists: false } })).toEqual([2]);
    expect(allowed(['0', 2])).toEqual([2]);
    // @ts-expect-error: a number is no folder
    const wrong: RecordExpression<Note> = { folder: 5 };
    // @ts-expect-error: no such field
    const unknown: RecordExpression<Note> = { foldr: 'x' };
    // @ts-expect-error: strings have no order among numbers
    const mixed: RecordExpression<Note> = { mtime: { gte: 'x' } };
    for (const one of [wrong, unknown, mixed]) expect(allowed(one)).toEqual([]);
  });
});

it('keeps a compiled filter until the next change, and of its own records only', () => {
  const records = filled([{ a: 1 }, { a: 2 }]);
  const compiled = records.filter({ a: 2 });
  expect(compiled).toBeInstanceOf(AllowedRecords);
  expect(compiled.size).toBe(1);
  expect(slots(records, compiled)).toEqual([1]);
  expect(() => filled([]).allowed(compiled)).toThrow(/made by this index/);
  records.delete(0);
  expect(() => records.allowed(compiled)).toThrow(/after the last change/);
  expect(() => records.allowed(() => records.delete(1))).toThrow(/leaves the index as it is/);
});
