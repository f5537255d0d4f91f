/** mv build --fde auto: encoder and code that recommendFde takes for documents like these. */
import { type Core, joinTokenSets, RandomStream, type TokenSet } from '@sagitta/core-wasm';
import { sampleIndices } from '@sagitta/quantizers/training';
import type { FdeIndexKind } from '@sagitta/retrieval';
import {
  type FdeEncoding,
  type FdeRecommendation,
  MuveraFde,
  muveraPreset,
  recommendFde,
} from '@sagitta/retrieval/muvera';
import { blame } from '../failure.ts';
import type { Reporter } from '../io.ts';
import { count } from '../text.ts';

/**
 * Documents that are measured on. Recall in ten times as many is still read between what was measured; 500 of 11,429 said .990 of what
 * had .948.
 */
const MEASURED = 1500;
/** Fewest that recommendFde measures on. */
const LEAST_MEASURED = 50;
/** What mv search reranks by default, and the share of the exact top 10 that should be among it. */
const CANDIDATES = 100;
const RECALL = 0.95;
/** The paper's encoding, where there is nothing to measure on. */
const PRESET = 2560;

/** Says what may be chosen, and for how many documents. */
export interface ChooseFdeOptions {
  readonly documents: number;
  readonly fdeIndex: FdeIndexKind;
  readonly fdeEncoding?: FdeEncoding | undefined;
  readonly trained?: boolean | undefined;
  readonly seed: number;
}

/** Is the encoder, and what the index is built with besides where the flags do not say. */
export interface ChosenFde extends Pick<FdeRecommendation, 'encoder'> {
  readonly store?: FdeRecommendation['store'];
  /** One sentence with the figures. */
  readonly reason: string;
  readonly isEnough: boolean;
}

/** Measures on some of the sample. tokens — of unit length where the index compares by cosine */
export async function chooseFde(
  core: Core,
  tokens: TokenSet,
  options: ChooseFdeOptions,
  report: Reporter,
): Promise<ChosenFde> {
  const { documents, fdeIndex, fdeEncoding, seed, trained = false } = options;
  const sample = someOf(tokens, seed);
  if (sample.n < LEAST_MEASURED) {
    const encoder = new MuveraFde({ ...muveraPreset(PRESET, tokens.d), seed });
    const reason = `MUVERA ${PRESET}, unmeasured: ${count(sample.n)} documents with tokens, and ${LEAST_MEASURED} are the fewest to measure on`;
    return { encoder, reason, isEnough: false };
  }
  report.note(`measuring FDEs on ${count(sample.n)} documents`);
  const { ranked } = await report.progress('measure', undefined, 'candidates', (progress) =>
    blame('TOKENS', () =>
      recommendFde(core, sample, {
        recall: RECALL,
        candidates: CANDIDATES,
        collectionSize: Math.max(documents, sample.n),
        trained,
        seed,
        onProgress: ({ done }) => progress.update(done),
      }),
    ),
  );
  // an index of FDEs holds saq codes; a code that was asked for is kept, and judged by what it was measured with
  const wanted = fdeIndex === 'scan' ? fdeEncoding : 'saq';
  const best = ranked.find(({ store }) => store.encoding === wanted) ?? (ranked[0] as FdeRecommendation);
  const { encoder, store, reason, isEnough } = best;
  return { encoder, store, reason, isEnough };
}

/** At most MEASURED documents that have tokens. */
function someOf({ data, offsets, d, n }: TokenSet, seed: number): TokenSet {
  const filled = Array.from({ length: n }, (_, i) => i).filter(
    (i) => (offsets[i + 1] as number) > (offsets[i] as number),
  );
  const drawn = sampleIndices(
    filled.length,
    Math.min(MEASURED, filled.length),
    new RandomStream(seed, 'mv build/measured'),
  );
  const sets = Array.from(drawn, (at) => {
    const i = filled[at] as number;
    return data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d);
  });
  return joinTokenSets(sets, d);
}
