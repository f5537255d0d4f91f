/** The one vocabulary: what quantizers are called in options, reports, flags and files, and the words that also mean them. */

/** Lists all names by the number that files hold: a new name goes to the end. */
export const QUANTIZER_NAMES = [
  'float32',
  'saq',
  'rabitq',
  'pq',
  'opq',
  'lvq',
  'scalar',
  'sign',
  'turboquant',
  'pca',
  'float16',
  'leanvec',
  'latent',
  'low-rank-pq',
  'random',
] as const;
/** Is the name of a quantizer in options, reports, flags and files. */
export type QuantizerName = (typeof QUANTIZER_NAMES)[number];

/** What is coded linearly in a frame (linear/linear-quantizer.ts). */
export type LinearName = Exclude<QuantizerName, 'float32' | 'saq'>;
/** What may code the dimensions that LeanVec keeps. */
export type PrimaryName = Exclude<LinearName, 'leanvec'>;

/** Is another word for a quantizer, sometimes with its bits. Reports have the name alone. */
export type QuantizerAlias = 'none' | 'fp16' | 'binary' | 'int8' | 'int4';
/** A name as a caller may write it. */
export type CodeName = QuantizerName | QuantizerAlias;

/** Says what a word means: a quantizer, and sometimes its bits. */
export interface KnownName {
  readonly name: QuantizerName;
  /** Bits a dimension that the word implies. */
  readonly bits?: number;
}

/** Lists the other words that mean a quantizer. */
export const QUANTIZER_ALIASES: Readonly<Record<QuantizerAlias, KnownName>> = {
  none: { name: 'float32' },
  fp16: { name: 'float16' },
  binary: { name: 'sign' },
  int8: { name: 'scalar', bits: 8 },
  int4: { name: 'scalar', bits: 4 },
};

/**
 * Says what a caller's word means.
 * @throws RangeError on a word that means no quantizer
 */
export function quantizerNamed(label: string, word: string): KnownName {
  const known: Readonly<Record<string, KnownName>> = QUANTIZER_ALIASES;
  if (Object.hasOwn(known, word)) return known[word] as KnownName;
  const name = QUANTIZER_NAMES.find((one) => one === word);
  if (name !== undefined) return { name };
  throw new RangeError(`"${label}" expected one of ${QUANTIZER_NAMES.join(', ')}, got ${String(word)}`);
}

/** Linear quantizers are counted from 0 in files of their own. */
const FIRST_LINEAR = 2;
/** The greatest number that linearName takes. */
export const LAST_LINEAR: number = QUANTIZER_NAMES.length - 1 - FIRST_LINEAR;

/** The number that the model of a linear quantizer has for its name. */
export function linearNumber(name: LinearName): number {
  return QUANTIZER_NAMES.indexOf(name) - FIRST_LINEAR;
}

/** The name that a number up to LAST_LINEAR stands for. */
export function linearName(number: number): LinearName {
  return QUANTIZER_NAMES[number + FIRST_LINEAR] as LinearName;
}
