/**
 * Lexical rankings by BM25 of minisearch (k = 1.2, b = 0.75, no lower bound of term frequencies). What a term is matters more than
 * k and b do: lower-cased words, the same by Porter's stemmer, or the terms of @sagitta/retrieval/text with stop words left out.
 */
import type { Rankings } from '@sagitta/retrieval/evaluation';
import { tokenize } from '@sagitta/retrieval/text';
import MiniSearch from 'minisearch';
import { stemmer } from 'stemmer';
import type { TextCollection } from './text-collection.ts';

export const TERM_KINDS = ['words', 'Porter', 'sagitta'] as const;
export type TermKind = (typeof TERM_KINDS)[number];

const DEPTH = 1000;
const OPTIONS = { k: 1.2, b: 0.75, d: 0 };

export function rankByBm25(collection: TextCollection, kind: TermKind): Rankings {
  const search = new MiniSearch<{ id: string; text: string }>({
    fields: ['text'],
    tokenize: (text) => termsOf(text, kind),
    processTerm: (term) => term,
    searchOptions: { bm25: OPTIONS, combineWith: 'OR' },
  });
  search.addAll(collection.texts.map((text, i) => ({ id: collection.documentIds[i] as string, text })));
  return new Map(
    collection.queryIds.map((id, q) => {
      const hits = search.search(collection.questions[q] as string);
      return [id, hits.slice(0, DEPTH).map((hit): string => hit.id)];
    }),
  );
}

function termsOf(text: string, kind: TermKind): string[] {
  if (kind === 'sagitta') return tokenize(text);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return kind === 'Porter' ? words.map((word) => stemmer(word)) : words;
}
