/** Which token of a document matched each token of a query. */
import type { Ptr, Scope } from '@sagitta/core-wasm';
import type { Matcher } from './token-coder.ts';
import type { MaxsimExplanation } from './token-store.ts';

/**
 * One call of the kernel on the document and, behind it, on each of its tokens as a document of its own: a similarity is
 * the same number in both, since no sum depends on the tile it is in, so the first token that reaches the maximum is the
 * match, and kernels need no book-keeping in their inner loops.
 *
 * addressOf — of a row of the document; count — its rows.
 */
export function bestTokens(
  scope: Scope,
  { run, paddedTokens, steps }: Matcher,
  addressOf: (row: number) => Ptr,
  count: number,
): MaxsimExplanation {
  if (count === 0) {
    return {
      similarity: Number.NEGATIVE_INFINITY,
      tokens: new Uint32Array(0),
      similarities: new Float32Array(0),
    };
  }
  const documents = scope.reserve(8 * (count + 1));
  const out = scope.reserve(4 * (count + 1));
  const bests = scope.reserve(4 * (count + 1) * paddedTokens);
  const records = documents.u32();
  records.set([addressOf(0), count]);
  for (let row = 0; row < count; row++) records.set([addressOf(row), 1], 2 * row + 2);
  run(documents.at(), count + 1, out.at(), bests.at());
  const found = bests.f32();
  const tokens = new Uint32Array(steps.length);
  const similarities = new Float32Array(steps.length);
  for (const [a, step] of steps.entries()) {
    const best = found[a] as number;
    let row = 0;
    while (row + 1 < count && found[(row + 1) * paddedTokens + a] !== best) row++;
    tokens[a] = row;
    similarities[a] = best * step;
  }
  return { similarity: out.f32(0, 1)[0] as number, tokens, similarities };
}
