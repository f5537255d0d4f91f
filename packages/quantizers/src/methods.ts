/**
 * All methods, for those who choose by name. Whoever imports from here carries every quantizer; an app of one imports that
 * method alone.
 */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { type Float32CodeOptions, float32 } from './float32/index.ts';
import { type LatentCodeOptions, latent } from './latent/index.ts';
import { type LeanVecCodeOptions, leanvec } from './leanvec/index.ts';
import { isLinearMethod, type LinearChoice } from './linear/linear-method.ts';
import { type LowRankPqCodeOptions, lowRankPq } from './low-rank-pq/index.ts';
import { type LvqCodeOptions, lvq } from './lvq/index.ts';
import type { QuantizerChoice, QuantizerMethod } from './method.ts';
import { type CodeName, type PrimaryName, type QuantizerName, quantizerNamed } from './names.ts';
import { type AnySpecs, checkChoice, optionKinds } from './option-specs.ts';
import { type PcaCodeOptions, pca } from './pca/index.ts';
import { opq, type PqCodeOptions, pq } from './pq/index.ts';
import { type RabitqCodeOptions, rabitq } from './rabitq/index.ts';
import { type RandomCodeOptions, randomProjection } from './random/index.ts';
import { type SaqCodeOptions, saq } from './saq/index.ts';
import { type FixedCodeOptions, float16, type ScalarCodeOptions, scalar, sign } from './scalar/index.ts';
import { type TurboQuantCodeOptions, turboquant } from './turboquant/index.ts';

/** Every method; the compiler refuses a list that lacks a name. */
const METHOD_OF: Readonly<Record<QuantizerName, QuantizerMethod>> = {
  float32,
  saq,
  rabitq,
  pq,
  opq,
  lvq,
  scalar,
  sign,
  turboquant,
  pca,
  float16,
  leanvec,
  latent,
  'low-rank-pq': lowRankPq,
  random: randomProjection,
};
/** Lists every method that there is. */
export const METHODS: readonly QuantizerMethod[] = /* @__PURE__ */ Object.values(METHOD_OF);

/** What any of them has besides bits, where it is chosen by name; LeanVec has those of its primary too. */
export interface OwnQuantizerOptions
  extends Omit<
      Float32CodeOptions &
        SaqCodeOptions &
        RabitqCodeOptions &
        PqCodeOptions &
        LvqCodeOptions &
        ScalarCodeOptions &
        FixedCodeOptions &
        TurboQuantCodeOptions &
        PcaCodeOptions &
        LatentCodeOptions &
        LowRankPqCodeOptions &
        RandomCodeOptions,
      'bits'
    >,
    Omit<LeanVecCodeOptions, 'primary'> {
  /** leanvec: the name of what codes the kept dimensions, with its own options beside. Default lvq, at 8 bits. */
  readonly primary?: PrimaryName | CodeName;
}

/** A quantizer by name. */
export interface NamedQuantizer {
  readonly name: CodeName;
  /** Code bits a dimension; of LeanVec's primary a kept dimension. */
  readonly bits?: number | undefined;
  readonly own?: OwnQuantizerOptions | undefined;
}

/** Where a caller wrote what, for errors. */
export interface ChoiceLabels {
  readonly name: string;
  readonly own: string;
}

const DEFAULT_PRIMARY = 'lvq';

/** The method of a name, which may be an alias. @throws RangeError on a name that means none */
export function methodNamed(label: string, name: string): QuantizerMethod {
  return METHOD_OF[quantizerNamed(label, name).name];
}

/**
 * The method of a name with its options, checked. An option that the method does not have is as unknown as any other.
 * @throws TypeError, RangeError
 */
export function quantizerChoice(
  { name, bits, own = {} }: NamedQuantizer,
  labels: ChoiceLabels = { name: 'name', own: 'options' },
): QuantizerChoice {
  const known = quantizerNamed(labels.name, name);
  const table = optionKinds(ownSpecs(known.name, own.primary));
  checkOptions(labels.own, own, table as OptionTable<OwnQuantizerOptions>);
  const choice = chosen(name, bits, own);
  checkChoice(labels.name, choice);
  return choice;
}

/** The names of what a quantizer has besides bits; LeanVec has what its primary has too. */
export function quantizerOptionNames(name: CodeName, primary?: CodeName): readonly string[] {
  return Object.keys(ownSpecs(quantizerNamed('name', name).name, primary));
}

/**
 * Fewest vectors that a quantizer takes for training: 1 where nothing but a mean is learned, 32 for ranges and
 * levels of single dimensions, 2^nbits for codebooks, as many as dimensions are kept for projections; 0 for float32.
 */
export function fewestVectors(
  name: CodeName,
  d: number,
  options: OwnQuantizerOptions & { readonly bits?: number } = {},
): number {
  const { method, options: own } = chosen(name, options.bits, options);
  return method.fewestVectors(d, own);
}

/** Options of LeanVec's primary lie among its own. */
function ownSpecs(name: QuantizerName, primary: CodeName = DEFAULT_PRIMARY): AnySpecs {
  const { bits: _bits, ...specs } = METHOD_OF[name].options;
  if (name !== 'leanvec') return specs;
  const { bits: _, ...inner } = primaryNamed(primary).method.options;
  return { ...inner, ...specs, primary: { kind: 'choice', choices: [], default: DEFAULT_PRIMARY, says: '' } };
}

/** What is asked for, of options that may hold more. */
function chosen(word: CodeName, bits: number | undefined, own: object): QuantizerChoice {
  const { name, bits: implied } = quantizerNamed('name', word);
  if (implied !== undefined && bits !== undefined && bits !== implied) {
    throw new RangeError(`"bits" expected ${implied} with ${word}, got ${bits}`);
  }
  const method = METHOD_OF[name];
  const options: Record<string, unknown> = picked(method, own);
  if (name === 'leanvec') {
    const asked = 'primary' in own && own.primary !== undefined ? own.primary : DEFAULT_PRIMARY;
    const primary = primaryNamed(asked as CodeName);
    options.primary = { method: primary.method, options: chosen(asked as CodeName, bits, own).options };
    return { method, options };
  }
  const wanted = bits ?? implied;
  if (wanted === undefined) return { method, options };
  const { fixedBits } = method;
  if (fixedBits === undefined) return { method, options: { ...options, bits: wanted } };
  if (wanted !== fixedBits) {
    throw new RangeError(`"bits" expected ${fixedBits} with the quantizer ${name}, got ${wanted}`);
  }
  return { method, options };
}

function primaryNamed(word: CodeName): LinearChoice {
  const { name } = quantizerNamed('primary', word);
  const method = METHOD_OF[name];
  if (isLinearMethod(method) && name !== 'leanvec') return { method, options: {} };
  const linear = METHODS.filter((one) => isLinearMethod(one) && one.name !== 'leanvec').map(
    (one) => one.name,
  );
  throw new RangeError(`"primary" expected one of ${linear.join(', ')}, got ${word}`);
}

/** Those options that the method has, bits left out. */
function picked(method: QuantizerMethod, own: object): Record<string, unknown> {
  const entries = Object.entries(own).filter(
    ([name, value]) => value !== undefined && name !== 'bits' && Object.hasOwn(method.options, name),
  );
  return Object.fromEntries(entries);
}
