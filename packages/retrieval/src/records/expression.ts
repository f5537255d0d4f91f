/**
 * Expressions over metadata: what a caller writes, and the checked tree that is evaluated.
 *
 * { folder: 'x', mtime: { gte: 5 }, 'author.name': 'Ada', or: [{ tags: 'a' }, { not: { title: { exists: true } } }] }
 *
 * Everything in an object holds at once. A field is a path with dots into nested objects; where a field's own name has
 * dots it is found too, the longest name first. `and`, `or` and `not` are words, so fields of these names want a predicate.
 */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { type JsonValue, kindOf } from './json.ts';

export type JsonScalar = string | number | boolean | null;

/** What a field is compared with, for values of type V: of an array, its elements. */
type ScalarsOf<V> = V extends readonly (infer E)[] ? Extract<E, JsonScalar> : Extract<V, JsonScalar>;

/**
 * Says how it compares a field. Where a field holds an array, eq, in, lt, lte, gt and gte hold where they hold for one
 * of its elements. Numbers are ordered among numbers, strings among strings (by UTF-16 code unit); nothing else is.
 */
export interface FieldOperators<S extends JsonScalar = JsonScalar> {
  /** The field is this value; null is a value, a field that is missing has none. */
  readonly eq?: S;
  /** eq does not hold: the field is another value, or missing. */
  readonly ne?: S;
  /** eq holds for one of these. */
  readonly in?: readonly S[];
  /** in does not hold: the field is another value, or missing. */
  readonly nin?: readonly S[];
  readonly lt?: Extract<S, string | number>;
  readonly lte?: Extract<S, string | number>;
  readonly gt?: Extract<S, string | number>;
  readonly gte?: Extract<S, string | number>;
  /** Whether there is such a field, null included. */
  readonly exists?: boolean;
  /** The field is an array with this element, or a string that this string is part of. */
  readonly contains?: S | ([Extract<S, string>] extends [never] ? never : string);
}

/** A value that a field is equal to, or operators that all hold. */
export type FieldCondition<V = JsonValue> = ScalarsOf<V> | FieldOperators<ScalarsOf<V>>;

type Words = 'and' | 'or' | 'not';
type KeysOf<M> = M extends readonly unknown[] ? never : M extends object ? keyof M & string : never;
type ValueAt<M, K> = M extends object ? (K extends keyof M ? M[K] : never) : never;

/** Conditions that combine others. */
export interface Combined<E> {
  /** All of these hold. */
  readonly and?: readonly E[];
  /** One of these holds. */
  readonly or?: readonly E[];
  /** This does not hold. */
  readonly not?: E;
}

interface AnyExpression {
  readonly [path: string]: FieldCondition | AnyExpression | readonly AnyExpression[] | undefined;
}

/** Says what metadata of type M must be like; fields of M are checked by the compiler, paths with dots are taken as they are. */
export type RecordExpression<M = JsonValue> =
  string extends KeysOf<M>
    ? AnyExpression & Combined<AnyExpression>
    : { readonly [K in Exclude<KeysOf<M>, Words>]?: FieldCondition<ValueAt<M, K>> } & {
        readonly [path: `${string}.${string}`]: FieldCondition;
      } & Combined<RecordExpression<M>>;

/** One operator of a field. */
export type Test =
  | { readonly op: 'among'; readonly values: ReadonlySet<JsonScalar>; readonly isNegated: boolean }
  | { readonly op: Comparison; readonly bound: string | number }
  | { readonly op: 'exists'; readonly wanted: boolean }
  | { readonly op: 'contains'; readonly value: JsonScalar };

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';

export type ExpressionNode =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly ExpressionNode[] }
  | { readonly kind: 'not'; readonly part: ExpressionNode }
  | { readonly kind: 'field'; readonly path: string; readonly tests: readonly Test[] };

const OPERATORS: OptionTable<Record<keyof FieldOperators, unknown>> = {
  eq: 'any',
  ne: 'any',
  in: 'any',
  nin: 'any',
  lt: 'any',
  lte: 'any',
  gt: 'any',
  gte: 'any',
  exists: 'any',
  contains: 'any',
};

/** Expressions within one another, at most. */
const MAX_LEVELS = 100;

/** Whether a filter is an object of conditions, and none of a class. */
export function isExpression(filter: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(filter);
  return (
    prototype === null || (!Array.isArray(filter) && Object.getPrototypeOf(prototype as object) === null)
  );
}

/**
 * Checks an expression and makes the tree of it.
 * @throws TypeError, RangeError naming the part; unknown operators with the one that was probably meant
 */
export function parseExpression(label: string, expression: unknown, level = 0): ExpressionNode {
  if (typeof expression !== 'object' || expression === null || !isExpression(expression)) {
    throw new TypeError(`"${label}" expected an object of fields and conditions, got ${kindOf(expression)}`);
  }
  if (level > MAX_LEVELS) throw new RangeError(`"${label}" expected at most ${MAX_LEVELS} levels, got more`);
  const parts = Object.entries(expression).map(([name, value]: [string, unknown]): ExpressionNode => {
    const own = `${label}.${name}`;
    if (name === 'not') return { kind: 'not', part: parseExpression(own, value, level + 1) };
    if (name !== 'and' && name !== 'or') return { kind: 'field', path: name, tests: testsOf(own, value) };
    if (!Array.isArray(value))
      throw new TypeError(`"${own}" expected an array of expressions, got ${kindOf(value)}`);
    return {
      kind: name,
      parts: value.map((one: unknown, i) => parseExpression(`${own}[${i}]`, one, level + 1)),
    };
  });
  return parts.length === 1 ? (parts[0] as ExpressionNode) : { kind: 'and', parts };
}

function testsOf(label: string, condition: unknown): Test[] {
  if (typeof condition !== 'object' || condition === null) return [among(label, [condition], false)];
  if (!isExpression(condition)) {
    const hint = Array.isArray(condition) ? ' (one of several values is { in: […] })' : '';
    throw new TypeError(`"${label}" expected a value or operators${hint}, got ${kindOf(condition)}`);
  }
  checkOptions(label, condition, OPERATORS);
  const tests = Object.entries(condition).map(([op, operand]: [string, unknown]) =>
    testOf(`${label}.${op}`, op as keyof FieldOperators, operand),
  );
  if (tests.length === 0) throw new RangeError(`"${label}" expected a value or operators, got no operator`);
  return tests;
}

function testOf(label: string, op: keyof FieldOperators, operand: unknown): Test {
  switch (op) {
    case 'eq':
    case 'ne':
      return among(label, [operand], op === 'ne');
    case 'in':
    case 'nin':
      if (!Array.isArray(operand))
        throw new TypeError(`"${label}" expected an array of values, got ${kindOf(operand)}`);
      return among(label, operand, op === 'nin');
    case 'exists':
      if (typeof operand !== 'boolean')
        throw new TypeError(`"${label}" expected a boolean, got ${kindOf(operand)}`);
      return { op, wanted: operand };
    case 'contains':
      return { op, value: checkScalar(label, operand) };
    default:
      if (typeof operand !== 'string' && typeof operand !== 'number') {
        throw new TypeError(`"${label}" expected a number or a string, got ${kindOf(operand)}`);
      }
      return { op, bound: checkScalar(label, operand) as string | number };
  }
}

function among(label: string, values: readonly unknown[], isNegated: boolean): Test {
  return { op: 'among', values: new Set(values.map((value) => checkScalar(label, value))), isNegated };
}

function checkScalar(label: string, value: unknown): JsonScalar {
  if (Number.isNaN(value)) throw new RangeError(`"${label}" expected a number, got NaN`);
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  throw new TypeError(`"${label}" expected a string, a number, a boolean or null, got ${kindOf(value)}`);
}

/** Whether a comparison holds; never between a number and a string. */
export function holds(op: Comparison, value: unknown, bound: string | number): boolean {
  if (typeof value === 'number') return typeof bound === 'number' && compare(op, value, bound);
  return typeof value === 'string' && typeof bound === 'string' && compare(op, value, bound);
}

function compare<T extends string | number>(op: Comparison, a: T, b: T): boolean {
  return op === 'lt' ? a < b : op === 'lte' ? a <= b : op === 'gt' ? a > b : a >= b;
}
