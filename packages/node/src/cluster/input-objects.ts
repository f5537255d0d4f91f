/** Inputs that are objects: s3://bucket/key, or with * in the key, which stands for letters up to a slash. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DataFile } from '../files/data-file.ts';
import { isObjectPath } from '../files/object-path.ts';
import { sourceFile } from '../files/source-file.ts';
import { AT_ONCE, inFlight } from './in-flight.ts';
import { openPlace } from './place.ts';
import type { InputFile } from './plan.ts';

/** Opens an object as a file that is read by ranges. @throws RangeError where there is none, or its name is none */
export async function openObject(path: string, open: typeof openPlace = openPlace): Promise<DataFile> {
  const { bucket, key } = partsOf(path);
  return sourceFile(path, await (await open(bucket)).open(key));
}

/**
 * Names with * as the objects that they stand for, in the order of their keys; other names as they are. open — gives the storage of a
 * bucket.
 * @throws RangeError on one that stands for none
 */
export async function expandInputs(
  paths: readonly string[],
  open: typeof openPlace = openPlace,
): Promise<string[]> {
  const expanded: string[] = [];
  for (const path of paths) {
    if (!isObjectPath(path) || !path.includes('*')) {
      expanded.push(path);
      continue;
    }
    const { bucket, key: pattern } = partsOf(path);
    const [prefix = '', ...rest] = pattern
      .split('*')
      .map((part) => part.replaceAll(/[.+^${}()|[\]\\?]/g, '\\$&'));
    const matches = new RegExp(`^${[prefix, ...rest].join('[^/]*')}$`);
    const found: string[] = [];
    for await (const { key } of (await open(bucket)).list(pattern.slice(0, pattern.indexOf('*')))) {
      if (matches.test(key)) found.push(`${bucket}/${key}`);
    }
    if (found.length === 0) throw new RangeError(`"path" expected objects that match, got none of ${path}`);
    expanded.push(...found);
  }
  return expanded;
}

/** What files and objects are as an input. open — gives the storage of a bucket. @throws RangeError where an object is not there, the system's error of a file */
export function inputFiles(
  paths: readonly string[],
  open: typeof openPlace = openPlace,
): Promise<InputFile[]> {
  return inFlight(AT_ONCE, paths, (path) => inputFile(path, open));
}

async function inputFile(path: string, open: typeof openPlace): Promise<InputFile> {
  if (!isObjectPath(path)) return { name: basename(path), bytes: (await stat(path)).size };
  const { bucket, key } = partsOf(path);
  const bytes = await (await open(bucket)).size(key);
  if (bytes !== undefined) return { name: basename(key), bytes };
  throw new RangeError(`"path" expected an object that is there, got ${path}`);
}

function partsOf(path: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key] = /^(s3:\/\/[^/]+)\/(.*[^/])$/i.exec(path) ?? [];
  if (bucket !== undefined && key !== undefined) return { bucket, key };
  throw new RangeError(`"path" expected s3://bucket/key, got ${JSON.stringify(path)}`);
}
