/** Writes .mvecs (../token-sets/mvecs-layout.ts) set by set; the counts of the header are filled in at the end. */
import {
  checkInteger,
  checkOneOf,
  checkOptions,
  MAX_DIMENSION,
  type OptionTable,
  type TokenSet,
  tokenSet,
} from '@sagitta/core-wasm';
import { withAtomicFile, writeAll } from '../atomic-file.ts';
import { MVECS_HEADER_BYTES, MVECS_TYPES, writeMvecsHeader } from '../token-sets/mvecs-layout.ts';

/** Says how values are kept in a .mvecs file. */
export interface WriteMvecsOptions {
  /** How values are kept; int8 as round(127·value), for values from −1 to 1. Default float32. */
  readonly type?: 'float32' | 'int8';
}

const WRITE_MVECS_OPTIONS: OptionTable<WriteMvecsOptions> = {
  type: 'string',
};

/** Counts what was written. */
export interface MvecsCounts {
  readonly sets: number;
  readonly tokens: number;
}

const BLOCK_BYTES = 1 << 20;

/**
 * Writes all sets of the batches, which have d dimensions.
 * @throws RangeError on another d, a ragged batch, values that are not finite or, for int8, beyond ±1
 */
export async function writeMvecs(
  path: string,
  batches: Iterable<TokenSet> | AsyncIterable<TokenSet>,
  d: number,
  options: WriteMvecsOptions = {},
): Promise<MvecsCounts> {
  checkOptions('options', options, WRITE_MVECS_OPTIONS);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const type = checkOneOf('type', options.type ?? 'float32', MVECS_TYPES);
  if (type === 'float16') throw new RangeError('"type" expected float32 or int8, got float16');
  return withAtomicFile(path, async (handle) => {
    await writeAll(handle, new Uint8Array(MVECS_HEADER_BYTES));
    let sets = 0;
    let tokens = 0;
    for await (const batch of batches) {
      const { data, offsets, n } = tokenSet(batch.data, batch.offsets, batch.d);
      if (batch.d !== d) throw new RangeError(`"batches" expected d = ${d}, got ${batch.d}`);
      let block: Uint8Array[] = [];
      let bytes = 0;
      for (let i = 0; i < n; i++) {
        const [start, end] = [offsets[i] as number, offsets[i + 1] as number];
        const values = encodeValues(data.subarray(start * d, end * d), type);
        block.push(new Uint8Array(Uint32Array.of(end - start).buffer), values);
        bytes += 4 + values.length;
        if (bytes < BLOCK_BYTES && i < n - 1) continue;
        await writeAll(handle, Buffer.concat(block));
        block = [];
        bytes = 0;
      }
      sets += n;
      tokens += offsets[n] as number;
    }
    const header = writeMvecsHeader({ type, d, sets, tokens });
    await handle.write(header, 0, header.length, 0);
    return { sets, tokens };
  });
}

function encodeValues(values: Float32Array, type: 'float32' | 'int8'): Uint8Array {
  if (type === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const out = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Math.abs(value) > 1)
      throw new RangeError(`"batches" expected values from -1 to 1 for int8, got ${value}`);
    out[i] = Math.round(127 * value);
  }
  return new Uint8Array(out.buffer);
}
