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

const KIND = 'statictk';
const VERSION = 1;
const MAX_TERMS = 2 ** 24;
/** Logarithms of numbers of texts are far below it. */
const MAX_IDF = 1e6;
/** Rows are scaled in f64 and rounded to f32: their squared length is 1 within d·2^-23, and d is at most 4,096. */
const UNIT_TOLERANCE = 1e-3;

/** Writes an encoder as bytes, for loadStaticTokens. */
export function saveStaticTokens({ model }: StaticTokenEncoder): Uint8Array<ArrayBuffer> {
  const { d, context, terms, idf, vectors } = model;
  const strings = new ByteWriter();
  for (const term of terms) strings.string(term);
  return writeContainer({
    kind: KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [new ByteWriter().u32(d).u32(terms.length).f64(context).finish()] },
      { id: 'TERM', pieces: [strings.finish()] },
      { id: 'IDF', pieces: [littleEndianBytes(idf)] },
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
  if (container.kind !== KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
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

function readTerms(container: Container, n: number): string[] {
  const reader = container.reader('TERM');
  const seen = new Set<string>();
  for (let i = 0; i < n; i++) {
    const term = reader.string();
    if (seen.has(term)) reader.fail(`term ${i} expected once, got ${JSON.stringify(term)} again`);
    seen.add(term);
  }
  reader.end();
  return [...seen];
}

function readIdf(container: Container, n: number): Float32Array {
  const reader = container.reader('IDF');
  const idf = reader.f32Array('idf', n);
  const at = idf.findIndex((value) => value < 0 || value > MAX_IDF);
  if (at >= 0) reader.fail(`"idf" expected values from 0 to ${MAX_IDF}, got ${idf[at]} at ${at}`);
  reader.end();
  return idf;
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
