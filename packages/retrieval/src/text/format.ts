/**
 * Saved token encoders: kind "statictk", version 1.
 *
 *   META  u32 d (1 to 4,096) · u32 terms (1 to 2^24) · f64 context (0 to 16)
 *   TERM  per term u16 byte count and UTF-8, each term once
 *   IDF   f32 a term, 0 to 10^6
 *   VECS  f32 terms × d, finite; rows of length 1 or 0
 */
import {
  ByteWriter,
  type Container,
  FormatError,
  littleEndianBytes,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { StaticTokenEncoder } from './static-tokens.ts';
import { MAX_TERMS, readIdf, readTerms, termSections } from './term-sections.ts';

export const STATIC_TOKENS_KIND = 'statictk';
const VERSION = 1;
/** Rows are scaled in f64 and rounded to f32: their squared length is 1 within d·2^-23, and d is at most 4,096. */
const UNIT_TOLERANCE = 1e-3;

/** Writes an encoder as bytes, for loadStaticTokens. */
export function saveStaticTokens({ model }: StaticTokenEncoder): Uint8Array<ArrayBuffer> {
  const { d, context, terms, idf, vectors } = model;
  return writeContainer({
    kind: STATIC_TOKENS_KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [new ByteWriter().u32(d).u32(terms.length).f64(context).finish()] },
      ...termSections(terms, idf),
      { id: 'VECS', pieces: [littleEndianBytes(vectors)] },
    ],
  });
}

/**
 * Reads the encoder that saveStaticTokens wrote.
 * @throws FormatError on anything but what saveStaticTokens wrote
 */
export function loadStaticTokens(bytes: Uint8Array): StaticTokenEncoder {
  const container = readContainer(bytes);
  if (container.kind !== STATIC_TOKENS_KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${STATIC_TOKENS_KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const d = meta.u32In('d', 1, 4096);
  const n = meta.u32In('terms', 1, MAX_TERMS);
  const context = meta.f64();
  if (!(context >= 0 && context <= 16)) meta.fail(`"context" expected 0 to 16, got ${context}`);
  meta.end();
  return new StaticTokenEncoder({
    d,
    context,
    terms: readTerms(container, n),
    idf: readIdf(container, n),
    vectors: readVectors(container, n, d),
  });
}

function readVectors(container: Container, n: number, d: number): Float32Array {
  const reader = container.reader('VECS');
  const vectors = reader.f32Array('vectors', n * d);
  for (let t = 0; t < n; t++) {
    let energy = 0;
    for (let j = t * d; j < (t + 1) * d; j++) energy += (vectors[j] as number) * (vectors[j] as number);
    if (energy !== 0 && Math.abs(energy - 1) > UNIT_TOLERANCE) {
      reader.fail(`"vectors" expected rows of length 1, got a squared length of ${energy} in row ${t}`);
    }
  }
  reader.end();
  return vectors;
}
