/** An index into the memory of a worker: all of a file, or the share of it that is dealt to this worker. */

import { type Core, FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { joinBytes } from '../files/join-bytes.ts';
import { type ByteSource, blobSource, type IvfIndex, loadIndex, loadIndexFrom } from '../index.ts';
import { dealFile } from './deal-file.ts';
import { openChunks, openSource } from './locations.ts';
import type { WorkerPlace } from './place.ts';
import type { Progress, Share } from './protocol.ts';

/** What an operation may do besides its work. */
export interface Context {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

/** @throws FormatError, which names the file where there is one; CapacityError, the signal's reason */
export async function load(
  core: Core,
  { from, share }: { readonly from: object; readonly share: Share | undefined },
  place: WorkerPlace,
  context: Context,
): Promise<IvfIndex> {
  try {
    return await (share && share.shards > 1
      ? loadShare(core, from, share, place, context)
      : loadAll(core, from, place, context));
  } catch (error) {
    throw naming(from, error);
  }
}

async function loadAll(core: Core, from: object, place: WorkerPlace, context: Context): Promise<IvfIndex> {
  const { signal } = context;
  const file = await openChunks(from, place, signal);
  try {
    return await loadIndexFrom(core, file.chunks, {
      ...(file.size !== undefined && { size: file.size }),
      signal,
      onProgress: progressOf(context),
    });
  } finally {
    await file.close();
  }
}

async function loadShare(
  core: Core,
  from: object,
  share: Share,
  place: WorkerPlace,
  context: Context,
): Promise<IvfIndex> {
  const { signal } = context;
  const source = await openSource(from, place, signal).catch(async (error: unknown) => {
    // a server without ranges: each worker takes all of it and keeps its share
    if (!(error instanceof UnsupportedError)) throw error;
    return blobSource(new Blob((await piecesOf(from, place, signal)) as BlobPart[]));
  });
  try {
    const { pieces, hasSecondary } = await dealFile(core, watched(source, context), share, signal);
    if (hasSecondary) return loadIndex(core, joinBytes(pieces));
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    return await loadIndexFrom(core, drained(pieces), { size, signal });
  } finally {
    await source.close?.();
  }
}

/** The pieces, each given up when it is asked for. */
function* drained(pieces: Uint8Array[]): Generator<Uint8Array, void, undefined> {
  pieces.reverse();
  for (let piece = pieces.pop(); piece; piece = pieces.pop()) yield piece;
}

/** The source, which tells how much was read of it. */
function watched(source: ByteSource, context: Context): ByteSource {
  const report = progressOf(context);
  let done = 0;
  return {
    size: source.size,
    async read(offset, length, signal) {
      const bytes = await source.read(offset, length, signal);
      done = Math.min(done + bytes.length, source.size);
      report(done, source.size);
      return bytes;
    },
  };
}

async function piecesOf(from: object, place: WorkerPlace, signal: AbortSignal): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const { chunks, close } = await openChunks(from, place, signal);
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      pieces.push(chunk);
    }
  } finally {
    await close();
  }
  return pieces;
}

/** Reports bytes as a file is read. */
export function progressOf({ progress }: Context): (done: number, total: number) => void {
  return (done, total) => progress({ phase: 'load', done, total });
}

/** Errors in the bytes of a file say which file it is. */
export function naming(from: object, error: unknown): unknown {
  if (!(error instanceof FormatError) || !('path' in from)) return error;
  const message = error.message.replace(/ \(at byte \d+\)$/, '');
  const path = String(from.path);
  return message.startsWith(path) ? error : new FormatError(`${path}: ${message}`, error.offset);
}
