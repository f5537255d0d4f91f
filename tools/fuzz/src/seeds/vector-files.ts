/**
 * Files of vectors and of token sets: those that the readers' tests make of every format, the ones that were found to do harm, and
 * of formats that differ by the type of their values alone one each. A format without a file here is an error.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOKEN_SET_FORMATS, VECTOR_FORMATS } from '@sagitta/node';
import { SEEDS } from '../../../../packages/node/test/support/seed-files.ts';
import type { Seed } from '../reader.ts';

/** Files that are read alike. */
export interface FileGroup {
  /** `vectors-` or `token-sets-`, the format, and the column where one is named. */
  readonly name: string;
  readonly isTokenSets: boolean;
  readonly format: string;
  readonly options: { readonly column?: string; readonly d?: number };
  readonly files: readonly Seed[];
}

const FOUND = fileURLToPath(new URL('../../../../packages/node/test/fixtures/files/', import.meta.url));
/** Larger files are slow to change and say no more. */
const MOST_BYTES = 1 << 16;

function foundFiles(format: string): Seed[] {
  if (!existsSync(FOUND)) return [];
  return readdirSync(FOUND)
    .filter((name) => extname(name) === `.${format}`)
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(FOUND, name))), isDamaged: true }))
    .filter(({ bytes }) => bytes.length <= MOST_BYTES);
}

function bytesOf(...arrays: readonly ArrayBufferView[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    ),
  );
}

type Made = Omit<(typeof SEEDS)[number], 'format'> & { readonly format: string };

const MORE: readonly Made[] = [
  {
    name: 'f16bin',
    format: 'f16bin',
    bytes: bytesOf(Uint32Array.of(2, 3), Uint16Array.of(0, 0x3c00, 0xbc00, 0x4000, 0x7bff, 1)),
    isTokenSets: false,
  },
  {
    name: 'i8',
    format: 'i8',
    bytes: bytesOf(Int8Array.of(1, -2, 3, 127, -128, 0)),
    isTokenSets: false,
    d: 3,
  },
];

function groupsOf(made: readonly Made[]): FileGroup[] {
  const groups = new Map<string, { group: FileGroup; files: Seed[] }>();
  for (const { name, format, bytes, isTokenSets, column, d } of made) {
    const kind = isTokenSets ? 'token-sets' : 'vectors';
    const key = [kind, format, column].filter((part) => part !== undefined).join('-');
    const known = groups.get(key);
    if (known) known.files.push({ name, bytes });
    else {
      const options = { ...(column !== undefined && { column }), ...(d !== undefined && { d }) };
      const files = [{ name, bytes }, ...foundFiles(format)];
      groups.set(key, { group: { name: key, isTokenSets, format, options, files }, files });
    }
  }
  return [...groups.values()].map(({ group }) => group);
}

export const FILE_GROUPS: readonly FileGroup[] = groupsOf([...SEEDS, ...MORE]);

for (const [isTokenSets, formats] of [
  [false, VECTOR_FORMATS],
  [true, TOKEN_SET_FORMATS],
] as const) {
  for (const format of formats) {
    const isThere = FILE_GROUPS.some((group) => group.format === format && group.isTokenSets === isTokenSets);
    if (!isThere) throw new Error(`no file of format ${format} to change (token sets: ${isTokenSets})`);
  }
}
