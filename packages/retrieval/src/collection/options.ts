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
import type { VectorIndexOptions } from '../vector-index/options.ts';

/** When a write is told to be done: 'sync', when it is on the disk; 'relaxed', when the system has it. */
export type Durability = 'sync' | 'relaxed';

/** Says how a collection is opened, whatever it holds. */
export interface OpenOptions {
  /** Keeps the text of each record, for get, iterate and export. Default: where there is a text model. */
  readonly keepTexts?: boolean;
  /** Opens for reading alone; any number of processes may, beside one that writes. Default false. */
  readonly readOnly?: boolean;
  /**
   * 'sync' (default): a write that resolved survives a power cut. 'relaxed': it survives the end of the process; a power cut
   * may take the last ones, never a part of one or the collection.
   */
  readonly durability?: Durability;
  /** Records in the tail at which a segment is made of them. Default 16,384, of token sets 1,024. */
  readonly foldAt?: number;
  /** Share of dead records at which a segment is made anew. Default 0.25; 1: only by compact(). */
  readonly compactAt?: number;
  /** A damaged segment is an error when opening ('refuse', default), or left out, and the collection then read only ('leave out'): for verify. */
  readonly damaged?: 'refuse' | 'leave out';
  /** Memory for the indexes: the caller's, who disposes it after close. Default: one of the collection's own. */
  readonly core?: Core;
}

/**
 * Says what a collection holds (as for a VectorIndex: d, metric, quantizer, bits, index, indexed …) and how it is opened.
 * A collection that is there knows what it holds: then these may be left out, and are refused where they differ.
 */
export interface CollectionOptions<S extends Metric = Metric>
  extends OpenOptions,
    Partial<Omit<VectorIndexOptions<S>, 'trainAt' | 'compactAt'>> {
  /**
   * Keeps float32 vectors in the files of segments, never in memory: compaction trains on them, vector() and export give
   * them back, rerank scores with them. Without, files are a fraction as large, and each compaction adds the error of the codes. Default true.
   */
  readonly keepVectors?: boolean;
  /**
   * Makes vectors of texts and of words that are searched for; kept with the collection, which has it from then on. d is then the
   * model's, and metric 'cosine' where nothing else is said.
   */
  readonly textModel?: TextModel;
}

const OWN = {
  keepTexts: 'boolean',
  textModel: 'any',
  readOnly: 'boolean',
  durability: 'string',
  damaged: 'string',
  core: 'any',
  compactAt: 'number',
  foldAt: 'number',
} as const;
const COMPACT_AT = 0.25;

/** What is said of a collection that is there has to be what it has. @throws RangeError naming what differs */
export function checkSame(place: string, kept: object, given: object): void {
  const known = new Map<string, unknown>(Object.entries(kept));
  for (const [name, value] of Object.entries(given)) {
    const has = JSON.stringify(known.get(name));
    const got = JSON.stringify(value);
    if (got === has) continue;
    throw new RangeError(`"${name}" expected ${has ?? 'its default'}, as ${place} has it, got ${got}`);
  }
}

/** How a collection is opened, checked. */
export interface OpenPlan {
  readonly readOnly: boolean;
  readonly durability: Durability;
  /** undefined: as the kind of records has it. */
  readonly foldAt: number | undefined;
  readonly compactAt: number;
  readonly isLenient: boolean;
  readonly core: Core | undefined;
  readonly keepTexts: boolean | undefined;
  readonly textModel: TextModel | undefined;
  /** What is said of the index. */
  readonly index: Readonly<Record<string, unknown>>;
}

/** index — the options of the kind of records. @throws TypeError, RangeError naming the option */
export function openPlan(
  options: OpenOptions & { readonly textModel?: TextModel },
  index: OptionTable<object>,
): OpenPlan {
  checkOptions('options', options, { ...index, ...OWN });
  const { readOnly = false, durability = 'sync', foldAt, compactAt, damaged, core, ...more } = options;
  const { keepTexts, textModel, ...rest } = more;
  if (textModel !== undefined && !isTextModel(textModel)) {
    throw new TypeError('"textModel" expected a model of @sagitta/retrieval/text, got something else');
  }
  const isLenient = checkOneOf('damaged', damaged ?? 'refuse', ['refuse', 'leave out']) === 'leave out';
  return {
    readOnly,
    durability: checkOneOf('durability', durability, ['sync', 'relaxed']),
    foldAt: foldAt === undefined ? undefined : checkInteger('foldAt', foldAt, 1, 2 ** 31),
    compactAt: checkNumber('compactAt', compactAt ?? COMPACT_AT, 0.01, 1),
    isLenient,
    core,
    keepTexts,
    textModel,
    index: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  };
}
