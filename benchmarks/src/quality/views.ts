/** Two views of one collection of texts, as two embedding models give them: LSA of words, and LSA of runs of four letters. */
import { projectRows, trainLsa, trainTfIdf, weighTexts } from '@sagitta/retrieval/text';

export interface TextView {
  readonly d: number;
  /** texts × d, length 1. */
  readonly base: Float32Array;
  /** questions × d. */
  readonly queries: Float32Array;
}

/** LSA of a collection and of its questions; `of` says what the terms of a text are made of. */
export function textView(
  texts: readonly string[],
  questions: readonly string[],
  dimension: number,
  of: (text: string) => string = (text) => text,
): TextView {
  const own = texts.map(of);
  const model = trainTfIdf(own);
  const rows = weighTexts(model, own);
  const lsa = trainLsa(rows, { dimension, seed: 1 });
  return {
    d: lsa.d,
    base: projectRows(lsa, rows),
    queries: projectRows(lsa, weighTexts(model, questions.map(of))),
  };
}

/** A text as its runs of four letters, written so that each is a term of its own: a digit in front keeps stems off. */
export function fourGrams(text: string): string {
  const letters = ` ${text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ')} `.replaceAll(' ', '8');
  const runs: string[] = [];
  for (let i = 0; i + 4 <= letters.length; i++) runs.push(`9${letters.slice(i, i + 4)}`);
  return runs.join(' ');
}
