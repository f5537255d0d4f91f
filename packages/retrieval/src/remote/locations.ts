/** Where an index is: what a client sends of it, and how a worker reads it. */
import { type ByteSource, blobSource, bytesSource, sourceChunks } from '../index.ts';
import type { ClientPlace, Place, WorkerPlace } from './place.ts';
import { packed, unshared } from './vector-input.ts';

/**
 * Gives a location as it goes to a worker; of bytes in a larger buffer only they go over.
 * @throws TypeError on what is no location of the place, RangeError on an address that is none
 */
export function located<P extends Place>(
  from: P['location'],
  place: ClientPlace<P>,
): { readonly location: object; readonly transfer: Transferable[] } {
  checkLocation(from, place);
  if (!('bytes' in from)) return { location: place.locate(from), transfer: [] };
  const { view, transfer } = packed(bytesIn(from));
  return { location: { bytes: view }, transfer };
}

/** Gives a location that every worker reads: bytes as a blob, which is not copied for each. @throws as located */
export function sharedLocation<P extends Place>(from: P['location'], place: ClientPlace<P>): object {
  checkLocation(from, place);
  return 'bytes' in from ? { blob: new Blob([unshared(bytesIn(from))]) } : place.locate(from);
}

function checkLocation(from: unknown, { locations }: ClientPlace<Place>): void {
  const isObject = typeof from === 'object' && from !== null;
  if (isObject && locations.some((name) => name in from)) return;
  const known = locations.map((name) => `{ ${name} }`);
  const last = known.pop();
  const got = isObject ? `{ ${Object.keys(from).join(', ')} }` : String(from);
  throw new TypeError(`"from" expected ${known.join(', ')} or ${last}, got ${got}`);
}

/** @throws TypeError where there are none */
function bytesIn({ bytes }: { readonly bytes?: unknown }): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  // of another realm
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new TypeError(`"from.bytes" expected a Uint8Array, got ${typeof bytes}`);
}

/** Opens a location, to be read in parts. */
export async function openSource(from: object, place: WorkerPlace, signal: AbortSignal): Promise<ByteSource> {
  if ('bytes' in from) return bytesSource(bytesIn(from));
  if ('blob' in from) return blobSource(from.blob as Blob);
  if (!('stored' in from)) return place.open(from, signal);
  const { stored, storage = 'auto' } = from as { stored: string; storage?: string };
  return (await place.storage(storage)).open(stored);
}

export interface IndexBytes {
  /** Bytes of the whole file, where they are known before. */
  readonly size: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Begins to read a location from front to back. */
export async function openChunks(from: object, place: WorkerPlace, signal: AbortSignal): Promise<IndexBytes> {
  const streamed = await place.stream?.(from, signal);
  if (streamed) return { ...streamed, close: async () => {} };
  const source = await openSource(from, place, signal);
  return {
    size: source.size,
    chunks: sourceChunks(source, signal),
    close: async () => source.close?.(),
  };
}
