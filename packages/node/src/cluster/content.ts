/** Objects that are named by the hash of their bytes: the same content is the same object, whoever puts it and how often. */
import { createHash } from 'node:crypto';
import { FormatError } from '@sagitta/core-wasm';
import { type ObjectBytes, type ObjectStorage, objectBytes, piecesOf } from './object-storage.ts';

/** Bytes hashed at a time. */
const PIECE_BYTES = 1 << 22;

/** SHA-256 in hexadecimal digits. */
export function hashOf(bytes: ObjectBytes): string {
  const hash = createHash('sha256');
  for (const piece of piecesOf(bytes, PIECE_BYTES)) hash.update(piece);
  return hash.digest('hex');
}

/** The hash of a JSON value whose members are in the order in which they are written down. */
export function hashOfJson(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** Where objects of content lie: the hash is the name before the dot. */
export const CONTENT_FOLDERS = ['models/', 'segments/'] as const;
export const modelKey = (hash: string): string => `models/${hash}.sgta`;
export const segmentKey = (hash: string): string => `segments/${hash}.sgta`;

/** Puts bytes under the key of their hash, also where they are: what was made again is new to a sweep. @returns the hash */
export async function putContent(
  storage: ObjectStorage,
  keyOf: (hash: string) => string,
  bytes: ObjectBytes,
): Promise<string> {
  const hash = hashOf(bytes);
  await storage.put(keyOf(hash), bytes);
  return hash;
}

/**
 * The bytes of an object that is named by its hash.
 * @throws FormatError where it is not there, or holds other bytes
 */
export async function getContent(
  storage: ObjectStorage,
  keyOf: (hash: string) => string,
  hash: string,
): Promise<Uint8Array> {
  const key = keyOf(hash);
  const bytes = await storage.get(key);
  if (!bytes) throw new FormatError(`${storage.name}: expected the object ${key}, got none`);
  const got = hashOf(objectBytes(bytes));
  if (got === hash) return bytes;
  throw new FormatError(`${storage.name}/${key}: expected bytes of that hash, got ${got}`);
}
