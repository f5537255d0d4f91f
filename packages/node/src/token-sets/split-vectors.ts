/** A file of vectors and a file of lengths, as token sets: the way most encoders leave their output behind. */
import { FormatError } from '@sagitta/core-wasm';
import { openDataFile } from '../files/data-file.ts';
import type { VectorSource } from '../readers/vector-source.ts';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from './token-set-source.ts';

const CHUNK_BYTES = 1 << 20;

/** Tokens of each set, as raw int32 values (little-endian) and nothing else. @throws FormatError */
export async function readLengths(path: string): Promise<Uint32Array> {
  const file = await openDataFile(path);
  try {
    if (file.size % 4 !== 0)
      throw new FormatError(`${path}: expected int32 values, got ${file.size} bytes`, 0);
    const lengths = new Int32Array(file.size / 4);
    await file.read(new Uint8Array(lengths.buffer), 0);
    const at = lengths.findIndex((length) => length < 0);
    if (at < 0) return Uint32Array.from(lengths);
    throw new FormatError(`${path}: set ${at}: expected a length from 0, got ${lengths[at]}`, 4 * at);
  } finally {
    await file.close();
  }
}

/**
 * The source, which it takes over, cut into sets of the given lengths.
 * @throws FormatError if the vectors are more or fewer than the lengths say
 */
export function splitVectors(source: VectorSource, lengths: Uint32Array): TokenSetSource {
  const { path, d } = source;
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (source.n !== undefined && source.n !== total) {
    throw new FormatError(
      `${path}: expected ${total} vectors, the sum of ${lengths.length} lengths, got ${source.n}`,
      0,
    );
  }
  async function* entries(): AsyncGenerator<TokenSetEntry> {
    let set = 0;
    // grows with what comes: a length is only what a file says
    let own = new Float32Array(0);
    let filled = 0;
    const wanted = (): number => (lengths[set] ?? 0) * d;
    const next = (): TokenSetEntry => {
      const data = own.slice(0, filled);
      set++;
      filled = 0;
      return { data };
    };
    let rows = 0;
    for await (const chunk of source.chunks(Math.max(1, Math.floor(CHUNK_BYTES / (4 * d))))) {
      rows += chunk.length / d;
      if (rows > total)
        throw new FormatError(`${path}: expected ${total} vectors, the sum of the lengths, got more`, 0);
      for (let at = 0; at < chunk.length; ) {
        while (filled === wanted()) yield next();
        const take = Math.min(wanted() - filled, chunk.length - at);
        if (filled + take > own.length) {
          const grown = new Float32Array(Math.max(filled + take, Math.min(wanted(), 2 * own.length)));
          grown.set(own.subarray(0, filled));
          own = grown;
        }
        own.set(chunk.subarray(at, at + take), filled);
        filled += take;
        at += take;
      }
    }
    if (rows < total)
      throw new FormatError(`${path}: expected ${total} vectors, the sum of the lengths, got ${rows}`, 0);
    while (set < lengths.length) yield next();
  }
  return {
    path,
    d,
    n: lengths.length,
    batches: (maximumTokens) => batchEntries(entries(), d, maximumTokens),
    close: () => source.close(),
  };
}
