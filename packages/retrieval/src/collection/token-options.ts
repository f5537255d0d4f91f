/** Says what a collection of token sets holds, and makes the kind of records that it has. */
import {
  type Core,
  checkInteger,
  checkOneOf,
  MAX_DIMENSION,
  type OptionTable,
  type TokenSet,
} from '@sagitta/core-wasm';
import { graphPlan } from '../graph/graph-options.ts';
import { TOKEN_METRICS } from '../maxsim/index.ts';
import {
  createMultiVectorIndex,
  defaultEncoder,
  MULTI_VECTOR_OPTIONS,
  type MultiVectorOptions,
} from '../multi-vector-index/build.ts';
import { type FdeIndexMethod, needsIndexes } from '../multi-vector-index/fde-index-options.ts';
import type { FdeEncoder } from '../muvera/index.ts';
import { StaticTokenEncoder } from '../text/static-tokens.ts';
import type { TextModel } from '../text/text-model.ts';
import { ENCODER, writeEncoder } from './format.ts';
import { checkSame, type OpenOptions, type OpenPlan } from './options.ts';
import type { RecordKinds } from './record-kind.ts';
import { keptEncoder, TokenKind, type TokenPlan } from './token-kind.ts';

/**
 * Says what a collection of token sets holds (as for a MultiVectorIndex: d, metric, encoder, encodings …) and how it is opened.
 * A collection that is there knows what it holds: then these may be left out, and are refused where they differ.
 */
export interface TokenCollectionOptions
  extends OpenOptions,
    Partial<Omit<TokenPlan, 'fdeIndex'>>,
    Pick<MultiVectorOptions, 'encoder' | 'indexes'> {
  /**
   * What finds documents of a segment by their FDEs: 'scan' (default) reads every code; 'graph' reads few, in segments of 4,096 documents
   * and more, and wants `indexes: fdeIndexes` whenever the collection is opened.
   */
  readonly fdeIndex?: 'scan' | 'graph';
  /** Makes tokens of texts and of words that are searched for; kept with the collection, which has it from then on. d is then the model's. */
  readonly textModel?: StaticTokenEncoder;
}

const { compactAt: _, clock: _clock, nlist: _nlist, trainSize: _trainSize, ...INDEX } = MULTI_VECTOR_OPTIONS;
const OPTIONS = { ...INDEX, d: 'number' } as OptionTable<object>;
const ENCODINGS = ['fdeEncoding', 'finerFdeEncoding', 'tokenEncoding', 'finerTokenEncoding'] as const;

/** Token sets as records. */
export const tokenKinds: RecordKinds<TokenSet> = {
  name: 'tokens',
  options: OPTIONS,
  fresh(plan, core) {
    const { encoder: given, indexes, ...options } = split(plan);
    const index = newPlan(options, plan);
    const encoder = given ?? defaultEncoder(index.d);
    checkPlan(core, index, encoder, indexes);
    return { saved: { ...index }, changes: [{ key: ENCODER, value: writeEncoder(encoder) }] };
  },
  async known(store, saved, plan) {
    const { encoder: given, indexes, ...options } = split(plan);
    const index = newPlan(saved, {});
    checkSame(store.name, saved, options);
    const encoder = await keptEncoder(store);
    if (given && given.parameterHash !== encoder.parameterHash) {
      throw new RangeError(
        `"encoder" expected parameters ${encoder.parameterHash}, as ${store.name} has it, got ${given.parameterHash}`,
      );
    }
    if (index.fdeIndex === 'graph') needsIndexes('fdeIndex', indexes);
    return new TokenKind(index, encoder, indexes);
  },
};

function split({ index }: OpenPlan): {
  readonly encoder?: FdeEncoder;
  readonly indexes?: FdeIndexMethod;
} & Record<string, unknown> {
  return index;
}

/** @throws TypeError, RangeError naming the option */
function newPlan(
  given: Readonly<Record<string, unknown>>,
  { textModel }: { readonly textModel?: TextModel | undefined },
): TokenPlan {
  if (textModel && !(textModel instanceof StaticTokenEncoder)) {
    throw new TypeError('"textModel" expected a StaticTokenEncoder, which makes tokens, got another model');
  }
  const asked = given as Partial<TokenPlan>;
  const d = checkInteger('d', (asked.d ?? textModel?.d) as number, 1, MAX_DIMENSION);
  if (textModel && d !== textModel.d) {
    throw new RangeError(`"d" expected ${textModel.d}, as the text model has it, got ${d}`);
  }
  return {
    ...asked,
    d,
    metric: checkOneOf('metric', asked.metric ?? 'cosine', TOKEN_METRICS),
    fdeIndex: checkOneOf('fdeIndex', asked.fdeIndex ?? 'scan', ['scan', 'graph']),
    fdeEncoding: asked.fdeEncoding ?? (asked.fdeIndex === 'graph' ? 'saq' : 'int8'),
    tokenEncoding: asked.tokenEncoding ?? 'int8',
    seed: checkInteger('seed', asked.seed ?? 1, 0, 2 ** 32 - 1),
  };
}

/** What segments will ask for, while nothing is made yet. @throws TypeError, RangeError naming the option */
function checkPlan(
  core: Core,
  plan: TokenPlan,
  encoder: FdeEncoder,
  indexes: FdeIndexMethod | undefined,
): void {
  const { degree, efConstruction, fdeIndex, metric, ...rest } = plan;
  for (const name of ENCODINGS) {
    if (metric === 'cosine' || plan[name] !== 'float16') continue;
    throw new RangeError(`"${name}" expected one that holds all numbers of metric 'ip', got 'float16'`);
  }
  if (fdeIndex === 'graph') {
    needsIndexes('fdeIndex', indexes);
    graphPlan({ ...(degree && { degree }), ...(efConstruction && { efConstruction }) }, plan.seed);
    if (plan.fdeEncoding !== 'saq') {
      throw new RangeError(`"fdeEncoding" expected 'saq' for FDEs in a graph, got '${plan.fdeEncoding}'`);
    }
  } else if (degree !== undefined || efConstruction !== undefined) {
    const name = degree === undefined ? 'efConstruction' : 'degree';
    throw new RangeError(`"${name}" expected none without fdeIndex: 'graph', got ${plan[name]}`);
  }
  const untrained = (encoding: TokenPlan['fdeEncoding']) => (encoding === 'pq256x8' ? 'int8' : encoding);
  const { finerFdeEncoding } = rest;
  createMultiVectorIndex(core, {
    ...rest,
    metric,
    encoder,
    fdeEncoding: untrained(rest.fdeEncoding),
    ...(finerFdeEncoding && { finerFdeEncoding: untrained(finerFdeEncoding) }),
  }).dispose();
}
