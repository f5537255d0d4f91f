/** Hidden states of a batch of texts as token sets: padding and special tokens stripped, projected, scaled to length 1. */
import { checkLength, normalizeRows, type TokenSet } from '@sagitta/core-wasm';

export interface HiddenStates {
  /** texts × length × width values. */
  readonly data: Float32Array;
  readonly texts: number;
  readonly length: number;
  readonly width: number;
}

/** A linear layer behind the model, as ColBERT has one. */
export interface TokenProjection {
  /** d × width values, row-major: token = matrix · state. */
  readonly matrix: Float32Array;
  readonly d: number;
}

/**
 * keep — texts × length, 1 where a token counts: attention mask without special tokens.
 * @throws RangeError on lengths that do not fit
 */
export function tokensOfStates(
  { data, texts, length, width }: HiddenStates,
  keep: Uint8Array,
  projection?: TokenProjection,
): TokenSet {
  checkLength(
    'states',
    data.length,
    texts * length * width,
    `texts*length*width (${texts}, ${length}, ${width})`,
  );
  checkLength('keep', keep.length, texts * length, `texts*length (${texts}, ${length})`);
  if (projection) {
    const { matrix, d } = projection;
    checkLength('projection.matrix', matrix.length, d * width, `d*width (d=${d}, width=${width})`);
  }
  const d = projection?.d ?? width;
  const kept = keep.reduce((sum, one) => sum + one, 0);
  const out = new Float32Array(kept * d);
  const offsets = new Uint32Array(texts + 1);
  let at = 0;
  for (let text = 0; text < texts; text++) {
    for (let position = text * length; position < (text + 1) * length; position++) {
      if (keep[position] !== 1) continue;
      const state = data.subarray(position * width, (position + 1) * width);
      if (projection) projectInto(projection, state, out.subarray(at * d, (at + 1) * d));
      else out.set(state, at * d);
      at++;
    }
    offsets[text + 1] = at;
  }
  return { data: normalizeRows(out, d), offsets, n: texts, d };
}

function projectInto({ matrix }: TokenProjection, state: Float32Array, out: Float32Array): void {
  const width = state.length;
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += (matrix[i * width + j] as number) * (state[j] as number);
    out[i] = sum;
  }
}
