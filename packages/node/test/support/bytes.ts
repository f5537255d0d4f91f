/** Bytes of small files, written by hand so that readers are not tested against our own writers only. */

/** Rows of an xvecs file; rows may differ in length to make a bad one. */
export function xvecs(rows: readonly (readonly number[])[], kind: 'f' | 'b' | 'i'): Uint8Array {
  const parts = rows.map((row) => {
    const values =
      kind === 'f' ? new Float32Array(row) : kind === 'b' ? new Uint8Array(row) : new Int32Array(row);
    return Buffer.concat([
      new Uint8Array(new Int32Array([row.length]).buffer),
      new Uint8Array(values.buffer),
    ]);
  });
  return Buffer.concat(parts);
}

/** A .npy file: `dictionary` as given, then the values' bytes. */
export function npy(dictionary: string, values: Uint8Array, version = 1): Uint8Array {
  const text = Buffer.from(`${dictionary}\n`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0];
  return Buffer.concat([new Uint8Array(magic), length, text, values]);
}

export function npyFields(descr: string, n: number | string, d: number | string, fortran = 'False'): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${n}, ${d}), }`;
}

export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
