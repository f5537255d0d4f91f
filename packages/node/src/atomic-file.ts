/**
 * Files that appear whole or not at all: written to a temporary file of the same folder, synchronised, then renamed. What
 * is no file of its own (a pipe, a device, this process's stdout) is written through instead.
 *
 * A temporary file is called .NAME.HOST.PID-START-THREAD-N.tmp, so that the next write to NAME can tell which of them
 * belong to processes that ended without a chance to clean up (kill -9, a power cut): those it removes.
 *
 * The set of temporary files is kept per thread, since an interrupt ends the process; nothing else is global here.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { resolveOutput, type StreamTarget } from './output-target.ts';

/** Exit status after an interrupt: 128 + the number of the signal, as shells and other tools have it. */
export const INTERRUPT_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type InterruptSignal = keyof typeof INTERRUPT_EXIT_CODES;
const SIGNALS: readonly InterruptSignal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];
/** Bytes handed to the system in one write. */
const WRITE_BYTES = 1 << 26;
/** Characters of a file's name that its temporary file takes over; at most 3 bytes each. */
const NAME_CHARACTERS = 40;
/** Characters of the machine's name, without those that separate. */
const HOST: string =
  hostname()
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 20) || 'host';
/** When this process began, in seconds: another process of the same number began at another time. */
const START: number = Math.round(Date.now() / 1000 - process.uptime());
/** Two threads of a process may round START to different sides. */
const START_TOLERANCE = 2;
/** A temporary file of another machine, which cannot be asked, is given up when nothing was written to it for so long. */
const FOREIGN_MS = 3_600_000;

const pending = new Set<string>();
let armed = false;
let listening = false;
let counter = 0;

/**
 * Calls `body` with a handle on a fresh temporary file, then puts that file in place of `path`. If body throws, the
 * temporary file is removed, `path` stays as it was, and the error goes on. Body need not close the handle.
 * @throws RangeError if `path` is there and is no regular file
 */
export async function withAtomicFile<T>(path: string, body: (handle: FileHandle) => Promise<T>): Promise<T> {
  const target = await resolveOutput(path);
  if (target.kind === 'file') return replaceFile(target.path, body);
  throw new RangeError(`"path" expected a regular file, which can be written to at any place, got ${path}`);
}

/**
 * Writes the pieces one after the other as the whole content of `path`: a file is replaced when all of it is on the disk;
 * a pipe, a device or what this process has as stdout or stderr is written through.
 * @throws RangeError if `path` is a folder or a block device, the system's error
 */
export async function writeFileAtomic(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = await resolveOutput(path);
  if (target.kind === 'stream') return writeThrough(target, pieces);
  return replaceFile(target.path, async (handle) => {
    for await (const piece of pieces) await writeAll(handle, piece);
  });
}

async function replaceFile<T>(target: string, body: (handle: FileHandle) => Promise<T>): Promise<T> {
  const folder = dirname(target);
  await removeLeftovers(target);
  const temporary = join(
    folder,
    `${temporaryPrefix(target)}${HOST}.${process.pid}-${START}-${threadId}-${counter++}.tmp`,
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
    await syncFolder(folder);
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    untrack(temporary);
  }
}

/** Only the beginning of the name: one that is as long as a name may be must stay possible. */
function temporaryPrefix(target: string): string {
  return `.${basename(target).slice(0, NAME_CHARACTERS)}.`;
}

/** Removes temporary files for `target` whose process is gone. What cannot be removed, or looked at, is left for later. */
async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  const prefix = temporaryPrefix(target);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const owner = /^([A-Za-z0-9]+)\.(\d+)-(\d+)-\d+-\d+\.tmp$/.exec(name.slice(prefix.length));
    if (!owner) continue;
    const path = join(folder, name);
    const [, host, pid, start] = owner;
    const isGone =
      host === HOST ? isProcessGone(Number(pid), Number(start)) : await isOlderThan(path, FOREIGN_MS);
    if (isGone) await rm(path, { force: true }).catch(() => {});
  }
}

function isProcessGone(pid: number, start: number): boolean {
  if (pid === process.pid) return Math.abs(start - START) > START_TOLERANCE;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it is there, and somebody else's
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

async function isOlderThan(path: string, milliseconds: number): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && info.mtimeMs < Date.now() - milliseconds;
}

async function writeThrough(
  { path, descriptor }: StreamTarget,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  if (descriptor !== undefined) {
    const stream = descriptor === 1 ? process.stdout : process.stderr;
    for await (const piece of pieces) {
      await new Promise<void>((done, fail) => {
        stream.write(piece, (error) => (error ? fail(error) : done()));
      });
    }
    return;
  }
  const handle = await open(path, 'w');
  try {
    for await (const piece of pieces) await writeAll(handle, piece);
  } finally {
    await handle.close();
  }
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
 * Makes SIGHUP, SIGINT and SIGTERM remove the temporary files of unfinished writes before the process ends with status
 * 129, 130 or 143. Signals are listened to only while such files exist; at any other time they end the process by themselves, so
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
  process.exit(INTERRUPT_EXIT_CODES[signal as InterruptSignal]);
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
