/**
 * What options of a method may be: kind, range, default and a sentence each. Checks, command-line flags and the table in the
 * docs are all made of these.
 */
import { checkInteger, checkNumber, checkOneOf, checkOptions, type OptionTable } from '@sagitta/core-wasm';

interface Said<Default> {
  /** What is taken where the option is left out; in words where it depends on others. */
  readonly default: Default | string;
  /** One sentence, without a full stop. */
  readonly says: string;
}
/** Describes an option that is a number within a range. */
export interface NumberSpec extends Said<number> {
  readonly kind: 'integer' | 'number';
  readonly least: number;
  readonly most: number;
  /** Values are multiples of it. */
  readonly step?: number;
}
/** Describes an option that is true or false. */
export interface BooleanSpec extends Said<boolean> {
  readonly kind: 'boolean';
}
/** Describes an option that is one of some words or numbers. */
export interface ChoiceSpec<V extends string | number = string | number> extends Said<V> {
  readonly kind: 'choice';
  readonly choices: readonly V[];
}
/** What is no single value: vectors, or another method. */
export interface ObjectSpec extends Said<never> {
  readonly kind: 'vectors' | 'method';
}
/** Describes an option: its kind, range, default, and a sentence. */
export type OptionSpec = NumberSpec | BooleanSpec | ChoiceSpec | ObjectSpec;

/** How an option of type V is specified. */
export type SpecOf<V> = [V] extends [boolean]
  ? BooleanSpec
  : [V] extends [string]
    ? ChoiceSpec<V>
    : [V] extends [number]
      ? number extends V
        ? NumberSpec
        : ChoiceSpec<V>
      : ObjectSpec;
/** Every option of O; the compiler refuses a table that lacks one, or has one too many. */
export type OptionSpecs<O extends object> = { readonly [K in keyof O]-?: SpecOf<NonNullable<O[K]>> };
/** Describes the options of any method. */
export type AnySpecs = Readonly<Record<string, OptionSpec>>;

/** The kinds that checkOptions looks for. */
export function optionKinds(specs: AnySpecs): Record<string, 'number' | 'string' | 'boolean' | 'any'> {
  const kinds: ReturnType<typeof optionKinds> = {};
  for (const [name, spec] of Object.entries(specs)) kinds[name] = kindOf(spec);
  return kinds;
}

function kindOf(spec: OptionSpec): 'number' | 'string' | 'boolean' | 'any' {
  if (spec.kind === 'boolean') return 'boolean';
  if (spec.kind === 'choice') return typeof spec.choices[0] === 'number' ? 'number' : 'string';
  return spec.kind === 'integer' || spec.kind === 'number' ? 'number' : 'any';
}

/**
 * Checks that options are among the specified and within their ranges.
 * @throws TypeError on what is no object and on values of another kind, RangeError on unknown names, with a suggestion, and on
 * values out of range
 */
export function checkSpecified<O extends object>(label: string, options: O, specs: AnySpecs): void {
  checkOptions(label, options, optionKinds(specs) as OptionTable<O>);
  const given = new Map<string, unknown>(Object.entries(options));
  for (const [name, spec] of Object.entries(specs)) {
    const value = given.get(name);
    if (value !== undefined || spec.kind === 'method') checkValue(name, value, spec);
  }
}

function checkValue(name: string, value: unknown, spec: OptionSpec): void {
  if (spec.kind === 'method') checkChoice(name, value);
  if (typeof value === 'number') {
    if (spec.kind === 'integer') checkInteger(name, value, spec.least, spec.most);
    if (spec.kind === 'number') checkStep(name, checkNumber(name, value, spec.least, spec.most), spec);
    if (spec.kind === 'choice' && !spec.choices.includes(value)) {
      throw new RangeError(`"${name}" expected ${spec.choices.join(' or ')}, got ${value}`);
    }
  } else if (typeof value === 'string' && spec.kind === 'choice') {
    checkOneOf(name, value, spec.choices.map(String));
  }
}

/**
 * Checks that a value is a method with options that it has.
 * @throws TypeError on anything else, and as checkSpecified
 */
export function checkChoice(label: string, value: unknown): void {
  if (!isChoice(value)) {
    throw new TypeError(
      `"${label}" expected a method with its options, such as lvq({ bits: 8 }), got ${value === null ? 'null' : typeof value}`,
    );
  }
  checkSpecified(`${label}.options`, value.options, value.method.options);
}

function isChoice(value: unknown): value is { method: { options: AnySpecs }; options: object } {
  if (typeof value !== 'object' || value === null || !('method' in value && 'options' in value)) return false;
  const { method } = value;
  const isObject = typeof method === 'function' || (typeof method === 'object' && method !== null);
  return isObject && 'options' in method && 'train' in method;
}

function checkStep(name: string, value: number, { least, most, step }: NumberSpec): void {
  if (step === undefined || Number.isInteger(value / step)) return;
  throw new RangeError(`"${name}" expected a multiple of ${step} from ${least} to ${most}, got ${value}`);
}
