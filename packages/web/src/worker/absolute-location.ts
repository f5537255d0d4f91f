/** Where an index is, as a worker understands it. */
import type { IndexLocation } from './protocol.ts';
import { packed } from './vector-input.ts';

/**
 * Relative addresses are the page's, not those of the worker's file; of bytes in a larger buffer only they go over.
 * @throws RangeError on an address that is none
 */
export function absoluteLocation(from: IndexLocation): {
  readonly location: IndexLocation;
  readonly transfer: Transferable[];
} {
  if ('bytes' in from) {
    const { view, transfer } = packed(from.bytes);
    return { location: { bytes: view }, transfer };
  }
  if (!('url' in from)) return { location: from, transfer: [] };
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url: string;
  try {
    url = new URL(from.url, base).href;
  } catch {
    throw new RangeError(
      `"url" expected an address${base === undefined ? ' with its protocol' : ''}, got ${from.url}`,
    );
  }
  return { location: { ...from, url }, transfer: [] };
}
