/** Files of vectors and of token sets, through the doors that tell formats apart. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTokenSets, openVectors, TOKEN_SET_FORMATS, VECTOR_FORMATS } from '@sagitta/node';
import { check, type FuzzReader, type Surroundings } from '../reader.ts';
import { FILE_GROUPS, type FileGroup } from '../seeds/vector-files.ts';

/** A file of a few kilobytes has to have an end before this many values. */
const MOST_VALUES = 1 << 26;

function checkValues(values: Float32Array): void {
  for (const value of values) check(Number.isFinite(value), `a value is ${value}`);
}

async function useVectors(path: string, { options, format }: FileGroup): Promise<void> {
  const source = await openVectors(path, {
    ...options,
    format: VECTOR_FORMATS.find((name) => name === format),
  });
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

async function useTokenSets(path: string, { options, format }: FileGroup): Promise<void> {
  const source = await openTokenSets(path, {
    ...options,
    format: TOKEN_SET_FORMATS.find((name) => name === format),
  });
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

const JSON_WORDS = ['[', '[[', ']', '{"', '1e999', '-', 'null', '"', '\\ud800', ',', '\n', '[1,2,3]\n'];
const DEEP_WORDS = ['['.repeat(20_000), '{"a":'.repeat(20_000)];
const NUMPY_WORDS = ["'<f4'", "'>f8'", "'|i1'", 'True', '(99999999999, 4)', '(0, 3)', '(4,)', '-1', '\u0000'];
const TEXT_WORDS = [',', '"', '\n', '\r', ' ', '1e999', 'nan', '-', '"[1, 2"', '\u0000', '99999999999 3\n'];

/** What means something to a format; of others mutations know numbers only. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  jsonl: [...JSON_WORDS, ...DEEP_WORDS],
  json: [...JSON_WORDS, ...DEEP_WORDS],
  safetensors: [...JSON_WORDS, '"F32"', '"BF16"', '[7, 3]', '[0, 84]', '"data_offsets"'],
  npy: NUMPY_WORDS,
  npz: NUMPY_WORDS,
  csv: TEXT_WORDS,
  txt: TEXT_WORDS,
};

function readerOf(group: FileGroup): FuzzReader {
  const words = WORDS[group.format];
  return {
    name: group.name,
    seeds: group.name,
    ...(words && { words }),
    async read(bytes: Uint8Array, { folder }: Surroundings): Promise<void> {
      const path = join(folder, `case.${group.format}`);
      writeFileSync(path, bytes);
      await (group.isTokenSets ? useTokenSets : useVectors)(path, group);
    },
  };
}

export const FILE_READERS: readonly FuzzReader[] = FILE_GROUPS.map(readerOf);
