/** Terms and their weights as sections of a file: TERM, per term u16 byte count and UTF-8, each once; IDF, f32 a term. */
import { ByteWriter, type Container, littleEndianBytes, type Section } from '@sagitta/core-wasm';

export const MAX_TERMS: number = 2 ** 24;
/** Logarithms of numbers of texts are far below it. */
const MAX_IDF = 1e6;

export function termSections(terms: Iterable<string>, idf: Float32Array): Section[] {
  const strings = new ByteWriter();
  for (const term of terms) strings.string(term);
  return [
    { id: 'TERM', pieces: [strings.finish()] },
    { id: 'IDF', pieces: [littleEndianBytes(idf)] },
  ];
}

/** @throws FormatError unless there are n terms, each once */
export function readTerms(container: Container, n: number): string[] {
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

/** @throws FormatError unless there are n weights from 0 */
export function readIdf(container: Container, n: number): Float32Array {
  const reader = container.reader('IDF');
  const idf = reader.f32Array('idf', n);
  const at = idf.findIndex((value) => value < 0 || value > MAX_IDF);
  if (at >= 0) reader.fail(`"idf" expected values from 0 to ${MAX_IDF}, got ${idf[at]} at ${at}`);
  reader.end();
  return idf;
}
