/**
 * Models that make one vector of a text, as bytes and back. Of static tokens: ./format.ts. Of latent semantic analysis: kind
 * "lsatext", version 1.
 *
 *   META  u32 d (1 to 4,096) · u32 terms (1 to 2^24)
 *   TERM  per term u16 byte count and UTF-8, each term once
 *   IDF   f32 a term, 0 to 10^6
 *   BASE  f32 terms × d, amounts at most 2^10
 *   SING  f32 d, above 0, falling
 */
import {
  ByteWriter,
  type Container,
  FormatError,
  littleEndianBytes,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { loadStaticTokens, STATIC_TOKENS_KIND, saveStaticTokens } from './format.ts';
import { LsaEncoder } from './lsa-encoder.ts';
import { StaticTokenEncoder } from './static-tokens.ts';
import { MAX_TERMS, readIdf, readTerms, termSections } from './term-sections.ts';

const LSA_KIND = 'lsatext';
const VERSION = 1;
/** Columns have length 1 but for rounding, which weak directions have most of. */
const MAX_BASIS = 2 ** 10;

/** Makes one vector of a text, of length 1 or, where it knows no term of it, of zeros. */
export type TextModel = LsaEncoder | StaticTokenEncoder;

/** Whether a value is a model of this package. */
export function isTextModel(value: unknown): value is TextModel {
  return value instanceof LsaEncoder || value instanceof StaticTokenEncoder;
}

/** Writes a model as bytes, for loadTextModel. */
export function saveTextModel(model: TextModel): Uint8Array<ArrayBuffer> {
  if (model instanceof StaticTokenEncoder) return saveStaticTokens(model);
  const { tfIdf, lsa } = model.model;
  const { columnOf, idf } = tfIdf;
  return writeContainer({
    kind: LSA_KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [new ByteWriter().u32(lsa.d).u32(columnOf.size).finish()] },
      ...termSections(columnOf.keys(), idf),
      { id: 'BASE', pieces: [littleEndianBytes(lsa.basis)] },
      { id: 'SING', pieces: [littleEndianBytes(lsa.singularValues)] },
    ],
  });
}

/**
 * Reads the model that saveTextModel or saveStaticTokens wrote.
 * @throws FormatError on anything else
 */
export function loadTextModel(bytes: Uint8Array): TextModel {
  const container = readContainer(bytes);
  const { kind, version } = container;
  if (kind === STATIC_TOKENS_KIND) return loadStaticTokens(bytes);
  if (kind !== LSA_KIND || version !== VERSION) {
    throw new FormatError(
      `expected kind ${LSA_KIND}, version ${VERSION}, or ${STATIC_TOKENS_KIND}, got ${kind}, version ${version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const d = meta.u32In('d', 1, 4096);
  const terms = meta.u32In('terms', 1, MAX_TERMS);
  meta.end();
  const columnOf = new Map(readTerms(container, terms).map((term, column) => [term, column]));
  const idf = readIdf(container, terms);
  const lsa = {
    terms,
    d,
    basis: readBasis(container, terms * d),
    singularValues: readStrengths(container, d),
  };
  return new LsaEncoder({ tfIdf: { columnOf, idf }, lsa });
}

function readBasis(container: Container, length: number): Float32Array {
  const reader = container.reader('BASE');
  const basis = reader.f32Array('basis', length);
  const at = basis.findIndex((value) => Math.abs(value) > MAX_BASIS);
  if (at >= 0) reader.fail(`"basis" expected amounts up to ${MAX_BASIS}, got ${basis[at]} at ${at}`);
  reader.end();
  return basis;
}

function readStrengths(container: Container, d: number): Float32Array {
  const reader = container.reader('SING');
  const values = reader.f32Array('singularValues', d);
  const at = values.findIndex((value, i) => value <= 0 || (i > 0 && value > (values[i - 1] as number)));
  if (at >= 0) reader.fail(`"singularValues" expected falling values above 0, got ${values[at]} at ${at}`);
  reader.end();
  return values;
}
