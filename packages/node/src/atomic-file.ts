/**
 * Files that appear whole or not at all: written to a temporary file of the same folder, synchronised, then renamed.
 *
 * The set of temporary files is kept per process, since an interrupt ends the process; nothing else is global here.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Exit status after an interrupt: 128 + the number of the signal, as shells and other tools have it. */
export const INTERRUPT_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type InterruptSignal = keyof typeof INTERRUPT_EXIT_CODES;
const SIGNALS: readonly InterruptSignal[] = ['SIGINT', 'SIGTERM'];
/** Bytes handed to the system in one write. */
const WRITE_BYTES = 1 << 26;
/** Characters of a file's name that its temporary file takes over; at most 3 bytes each. */
const NAME_CHARACTERS = 40;

const pending = new Set<string>();
let armed = false;
let listening = false;
let counter = 0;

/**
 * Calls `body` with a handle on a fresh temporary file, then puts that file in place of `path`. If body throws, the
 * temporary file is removed, `path` stays as it was, and the error goes on. Body need not close the handle.
 * @throws RangeError if `path` exists and is no regular file
 */
export async function withAtomicFile<T>(path: string, body: (handle: FileHandle) => Promise<T>): Promise<T> {
  const target = await resolveTarget(path);
  // only the beginning of the name: one that is as long as a name may be must stay possible
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, NAME_CHARACTERS)}.${process.pid}-${counter++}.tmp`,
  );
  track(temporary);
  try {
    // created synchronously: an interrupt then finds the file either not there yet or there to be removed
    closeSync(openSync(temporary, 'wx'));
    const handle = await open(temporary, 'r+');
    let result: T;
    try {
      result = await body(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    untrack(temporary);
  }
}

/** Writes the pieces one after the other as the whole content of `path`. */
export function writeFileAtomic(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  return withAtomicFile(path, async (handle) => {
    for await (const piece of pieces) await writeAll(handle, piece);
  });
}

/**
 * Writes all of `bytes` at the handle's own position, however many there are.
 * @throws RangeError if they go away meanwhile, as views of a WebAssembly memory do when it grows
 */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  const { length } = bytes;
  for (let done = 0; done < length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(WRITE_BYTES, length - done), null);
    if (bytes.length !== length) {
      throw new RangeError(`"bytes" expected to stay until they are written, got a view that was detached`);
    }
    done += bytesWritten;
  }
}

/**
 * Makes SIGINT and SIGTERM remove the temporary files of unfinished writes before the process ends with status 130 or
 * 143. Signals are listened to only while such files exist; at any other time they end the process by themselves, so
 * that a long computation can always be interrupted.
 * @returns a function that undoes it
 */
export function installInterruptCleanup(): () => void {
  armed = true;
  listen();
  return () => {
    armed = false;
    listen();
  };
}

/** Removes the temporary files of unfinished writes now; used on the way out. */
export function removePendingFiles(): void {
  for (const path of pending) rmSync(path, { force: true });
}

function onInterrupt(signal: NodeJS.Signals): void {
  removePendingFiles();
  process.exit(signal === 'SIGTERM' ? INTERRUPT_EXIT_CODES.SIGTERM : INTERRUPT_EXIT_CODES.SIGINT);
}

function track(path: string): void {
  pending.add(path);
  listen();
}

function untrack(path: string): void {
  pending.delete(path);
  listen();
}

function listen(): void {
  const wanted = armed && pending.size > 0;
  if (wanted === listening) return;
  listening = wanted;
  for (const signal of SIGNALS) {
    if (wanted) process.on(signal, onInterrupt);
    else process.off(signal, onInterrupt);
  }
}

/** Follows links, so that a rename replaces the file and not the link to it; refuses devices and folders. */
async function resolveTarget(path: string): Promise<string> {
  try {
    const target = await realpath(path);
    if (!(await stat(target)).isFile()) throw new RangeError(`"path" expected a regular file, got ${path}`);
    return target;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return path;
    throw error;
  }
}

/** Makes the rename itself last; systems that cannot open folders do it on their own. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // best effort: the file itself is synchronised already
  }
}
