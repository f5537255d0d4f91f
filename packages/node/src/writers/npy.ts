/** Writes .npy, version 1, C order: float32, int32 and uint32 matrices. */
import { checkInteger, checkLength, MAX_DIMENSION } from '@sagitta/core-wasm';
import { writeFileAtomic } from '../atomic-file.ts';

/** The header's end, and so the first value, lies at a multiple of this. */
const ALIGNMENT = 64;

/** Writes n × d values, row-major, under numpy's type of the array. */
export async function writeNpy(
  path: string,
  data: Float32Array | Int32Array | Uint32Array,
  d: number,
): Promise<void> {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const n = Math.floor(data.length / d);
  checkLength('data', data.length, n * d, `n*d (n=${n}, d=${d})`);
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  await writeFileAtomic(path, [npyHeader(typeName(data), n, d), values]);
}

function typeName(data: Float32Array | Int32Array | Uint32Array): string {
  if (data instanceof Float32Array) return '<f4';
  return data instanceof Int32Array ? '<i4' : '<u4';
}

function npyHeader(descr: string, n: number, d: number): Uint8Array {
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${n}, ${d}), }`;
  const length = Math.ceil((10 + fields.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(fields), 10);
  bytes[length - 1] = 0x0a;
  return bytes;
}
