/** What a collection is made of and how it is opened. What it is made of is written down when it is made. */
import {
  type Core,
  checkInteger,
  checkNumber,
  checkOneOf,
  checkOptions,
  type Metric,
  type OptionTable,
} from '@sagitta/core-wasm';
import { isTextModel, type TextModel } from '../text/text-model.ts';
import {
  namedOptions,
  planOf,
  VECTOR_OPTIONS,
  type VectorIndexOptions,
  type VectorPlan,
} from '../vector-index/options.ts';

/** When a write is told to be done: 'sync', when it is on the disk; 'relaxed', when the system has it. */
export type Durability = 'sync' | 'relaxed';

/**
 * Says what a collection holds (as for a VectorIndex: d, metric, quantizer, bits, index, indexed …) and how it is opened.
 * A collection that is there knows what it holds: then these may be left out, and are refused where they differ.
 */
export interface CollectionOptions<S extends Metric = Metric>
  extends Partial<Omit<VectorIndexOptions<S>, 'trainAt' | 'compactAt'>> {
  /**
   * Keeps float32 vectors in the files of segments, never in memory: compaction trains on them, vector() and export give
   * them back, rerank scores with them. Without, files are a fraction as large, and each compaction adds the error of the codes. Default true.
   */
  readonly keepVectors?: boolean;
  /** Keeps the text of each record, for get, iterate and export. Default: where there is a text model. */
  readonly keepTexts?: boolean;
  /**
   * Makes vectors of texts and of words that are searched for; kept with the collection, which has it from then on. d is then the
   * model's, and metric 'cosine' where nothing else is said.
   */
  readonly textModel?: TextModel;
  /** Opens for reading alone; any number of processes may, beside one that writes. Default false. */
  readonly readOnly?: boolean;
  /**
   * 'sync' (default): a write that resolved survives a power cut. 'relaxed': it survives the end of the process; a power cut
   * may take the last ones, never a part of one or the collection.
   */
  readonly durability?: Durability;
  /** Records in the tail at which a segment is made of them. Default 16,384. */
  readonly foldAt?: number;
  /** Share of dead records at which a segment is made anew. Default 0.25; 1: only by compact(). */
  readonly compactAt?: number;
  /** A damaged segment is an error when opening ('refuse', default), or left out, and the collection then read only ('leave out'): for verify. */
  readonly damaged?: 'refuse' | 'leave out';
  /** Memory for the indexes: the caller's, who disposes it after close. Default: one of the collection's own. */
  readonly core?: Core;
}

const OWN = {
  keepTexts: 'boolean',
  textModel: 'any',
  readOnly: 'boolean',
  durability: 'string',
  foldAt: 'number',
  damaged: 'string',
  core: 'any',
} as const;
const { trainAt: _, ...INDEX } = VECTOR_OPTIONS;
const OPTIONS: OptionTable<CollectionOptions> = { ...INDEX, ...OWN };

const FOLD_AT = 16_384;
const COMPACT_AT = 0.25;

/** How a collection is opened, checked. */
export interface OpenPlan {
  readonly readOnly: boolean;
  readonly durability: Durability;
  readonly foldAt: number;
  readonly compactAt: number;
  readonly isLenient: boolean;
  readonly core: Core | undefined;
  readonly keepTexts: boolean | undefined;
  readonly textModel: TextModel | undefined;
  /** What is said of the index. */
  readonly index: Readonly<Record<string, unknown>>;
}

/** @throws TypeError, RangeError naming the option */
export function openPlan(options: CollectionOptions): OpenPlan {
  checkOptions('options', options, OPTIONS);
  const { readOnly = false, durability = 'sync', foldAt, compactAt, damaged, core, ...more } = options;
  const { keepTexts, textModel, ...index } = more;
  if (textModel !== undefined && !isTextModel(textModel)) {
    throw new TypeError('"textModel" expected a model of @sagitta/retrieval/text, got something else');
  }
  const isLenient = checkOneOf('damaged', damaged ?? 'refuse', ['refuse', 'leave out']) === 'leave out';
  return {
    readOnly,
    durability: checkOneOf('durability', durability, ['sync', 'relaxed']),
    foldAt: checkInteger('foldAt', foldAt ?? FOLD_AT, 1, 2 ** 31),
    compactAt: checkNumber('compactAt', compactAt ?? COMPACT_AT, 0.01, 1),
    isLenient,
    core,
    keepTexts,
    textModel,
    index: Object.fromEntries(Object.entries(index).filter(([, value]) => value !== undefined)),
  };
}

/** The plan of a new collection's segments, and what is written down of it. */
export function newIndex({ index, textModel }: Pick<OpenPlan, 'index' | 'textModel'>): VectorPlan {
  const { d } = index;
  if (textModel && d !== undefined && d !== textModel.d) {
    throw new RangeError(`"d" expected ${textModel.d}, as the text model has it, got ${d}`);
  }
  const ofTexts = textModel && { d: textModel.d, metric: 'cosine' };
  return planOf({ keepVectors: true, ...ofTexts, ...index } as VectorIndexOptions);
}

/**
 * The plan of the segments of a collection that is there.
 * @throws RangeError where an option is given that differs
 */
export function knownIndex(place: string, saved: OpenPlan['index'], given: OpenPlan['index']): VectorPlan {
  const plan = planOf(saved as Partial<VectorIndexOptions> as VectorIndexOptions);
  const { d, metric } = plan;
  const named = namedOptions({ d, metric, ...given } as VectorIndexOptions);
  const known = new Map<string, unknown>(Object.entries(plan));
  for (const [name, value] of Object.entries(named)) {
    const kept = known.get(name);
    if (JSON.stringify(value) === JSON.stringify(kept)) continue;
    const has = kept === undefined ? 'its default' : JSON.stringify(kept);
    throw new RangeError(`"${name}" expected ${has}, as ${place} has it, got ${JSON.stringify(value)}`);
  }
  return plan;
}

/** What is written down of a plan: what planOf takes again. */
export function savedOptions({
  trainAt: _,
  compactAt: _compactAt,
  ...options
}: VectorPlan): OpenPlan['index'] {
  return { ...options };
}
