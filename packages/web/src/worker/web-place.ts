/** Where an index is, as a worker understands it. */
import { absoluteUrl } from '../http-request.ts';
import type { IndexLocation } from './protocol.ts';
import { packed } from './vector-input.ts';

/**
 * Relative addresses are the page's, not those of the worker's file; of bytes in a larger buffer only they go over.
 * @throws RangeError on an address that is none, TypeError on what is no location
 */
export function absoluteLocation(from: IndexLocation): {
  readonly location: IndexLocation;
  readonly transfer: Transferable[];
} {
  if (typeof from !== 'object' || from === null) {
    throw new TypeError(`"from" expected { url }, { stored }, { blob } or { bytes }, got ${String(from)}`);
  }
  if ('bytes' in from) {
    const { view, transfer } = packed(from.bytes);
    return { location: { bytes: view }, transfer };
  }
  if (!('url' in from)) return { location: from, transfer: [] };
  return { location: { ...from, url: absoluteUrl(from.url) }, transfer: [] };
}
