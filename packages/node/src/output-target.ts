/**
 * What a path to write to stands for. A regular file, or one that is not there yet, is put in place whole; what cannot be
 * replaced without harm (pipes, FIFOs, terminals, character devices, the file that this process's own stdout or stderr
 * goes to) is written through; folders and block devices are refused. Links are followed, also those that point to
 * nothing yet: it is never the link that is replaced.
 */
import { fstatSync, type Stats } from 'node:fs';
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** A file that is there, or will be, under its own name. */
export interface FileTarget {
  readonly kind: 'file';
  /** Links resolved. */
  readonly path: string;
}

/** Something that bytes go into one after the other. */
export interface StreamTarget {
  readonly kind: 'stream';
  readonly path: string;
  /** It is what this process has open as stdout (1) or stderr (2), and is written to there. */
  readonly descriptor?: 1 | 2;
}

/** As systems have it, between links that point at each other. */
const MAX_LINKS = 40;

/** @throws RangeError if `path` is a folder, a block device or a file without a name; the system's error where a folder on the way is missing or may not be read */
export async function resolveOutput(path: string): Promise<FileTarget | StreamTarget> {
  let at = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const info = await ifThere(stat(at));
    if (info) return existing(path, at, info);
    // absent, or a link to something absent
    const link = await ifThere(lstat(at));
    const folder = await realpath(dirname(at));
    if (!link?.isSymbolicLink()) return { kind: 'file', path: join(folder, basename(at)) };
    at = resolve(folder, await readlink(at));
  }
  throw new RangeError(`"path" expected fewer than ${MAX_LINKS} links in a row, got more from ${path}`);
}

async function existing(path: string, at: string, info: Stats): Promise<FileTarget | StreamTarget> {
  if (info.isDirectory()) throw new RangeError(`"path" expected a file to write, got the folder ${path}`);
  if (info.isBlockDevice()) {
    throw new RangeError(`"path" expected a file to write, got the block device ${path}`);
  }
  const descriptor = ([1, 2] as const).find((number) => isSame(info, number));
  if (descriptor !== undefined) return { kind: 'stream', path, descriptor };
  if (!info.isFile()) return { kind: 'stream', path };
  const real = await ifThere(realpath(at));
  if (real === undefined) throw new RangeError(`"path" expected a file that has a name, got ${path}`);
  return { kind: 'file', path: real };
}

function isSame(info: Stats, descriptor: number): boolean {
  try {
    const { dev, ino } = fstatSync(descriptor);
    // every process that throws its output away has the same /dev/null, and it may be opened like any device
    return dev === info.dev && ino === info.ino && !info.isCharacterDevice();
  } catch {
    // closed
    return false;
  }
}

async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
