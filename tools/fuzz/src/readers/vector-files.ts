/** Files of vectors and of token sets, through the doors that tell formats apart. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTokenSets, openVectors } from '@sagitta/node';
import { check, type FuzzReader, type Surroundings } from '../reader.ts';
import { FILE_FORMATS, type FileFormat } from '../seeds/vector-files.ts';

/** A file of a few kilobytes has to have an end before this many values. */
const MOST_VALUES = 1 << 26;

function checkValues(values: Float32Array): void {
  for (const value of values) check(Number.isFinite(value), `a value is ${value}`);
}

async function useVectors(path: string, { options }: FileFormat): Promise<void> {
  const source = await openVectors(path, options);
  try {
    const { d, n } = source;
    let count = 0;
    for await (const chunk of source.chunks(5)) {
      check(chunk.length > 0 && chunk.length % d === 0, `a chunk has ${chunk.length} values, d = ${d}`);
      checkValues(chunk);
      count += chunk.length / d;
      check(count * d < MOST_VALUES, 'there is no end of values');
    }
    check(n === undefined || n === count, `${n} vectors were announced, ${count} came`);
  } finally {
    await source.close();
  }
}

async function useTokenSets(path: string, { options }: FileFormat): Promise<void> {
  const source = await openTokenSets(path, options);
  try {
    let count = 0;
    for await (const { tokens, start, ids, metadata } of source.batches(7)) {
      check(start === count, `a batch starts at ${start}, not ${count}`);
      check(tokens.d === source.d, `tokens of ${tokens.d} dimensions, not ${source.d}`);
      check(tokens.offsets.length === tokens.n + 1, `${tokens.offsets.length} offsets of ${tokens.n} sets`);
      check(
        tokens.data.length === (tokens.offsets[tokens.n] as number) * tokens.d,
        'offsets and values differ',
      );
      for (const given of [ids, metadata]) {
        check(given === undefined || given.length === tokens.n, 'ids or metadata of other sets');
      }
      checkValues(tokens.data);
      count += tokens.n;
      check(count < MOST_VALUES, 'there is no end of sets');
    }
    check(source.n === undefined || source.n === count, `${source.n} sets were announced, ${count} came`);
  } finally {
    await source.close();
  }
}

function readerOf(format: FileFormat, kind: FileFormat['kinds'][number]): FuzzReader {
  const { extension, words, seconds } = format;
  return {
    name: `${kind}-${extension}`,
    seeds: `file-${extension}`,
    ...(words && { words }),
    ...(seconds !== undefined && { seconds }),
    async read(bytes: Uint8Array, { folder }: Surroundings): Promise<void> {
      const path = join(folder, `case.${extension}`);
      writeFileSync(path, bytes);
      await (kind === 'vectors' ? useVectors : useTokenSets)(path, format);
    },
  };
}

export const FILE_READERS: readonly FuzzReader[] = FILE_FORMATS.flatMap((format) =>
  format.kinds.map((kind) => readerOf(format, kind)),
);
