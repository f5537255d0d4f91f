/** Words of 4 bytes, little-endian, in bytes that begin anywhere. */
import { littleEndianBytes } from '@sagitta/core-wasm';

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Words of 4 bytes from `at` on, in the order of this machine, in a buffer of their own. */
export function wordsOf(bytes: Uint8Array, at: number): ArrayBuffer {
  // slice of a Buffer would be a view
  const own = new Uint8Array(bytes.subarray(at)).buffer;
  const { buffer } = littleEndianBytes(new Uint32Array(own));
  return buffer as ArrayBuffer;
}
