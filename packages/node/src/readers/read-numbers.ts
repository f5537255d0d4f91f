/** A list of numbers, one an item: a .npy array of one dimension, or a file of vectors row after row. */
import { closeOnError, openDataFile } from '../files/data-file.ts';
import { fixedRowSource, plainLayout } from './fixed-rows.ts';
import { matrixShape, NPY_MAGIC, readNpyHeader } from './npy-header.ts';
import { openVectors } from './open-vectors.ts';
import { readAll, type VectorSource } from './vector-source.ts';

/** Reads all numbers of a file, as float32. @throws FormatError as openVectors */
export async function readNumbers(path: string): Promise<Float32Array> {
  const source = (await openNpyList(path)) ?? (await openVectors(path, {}));
  try {
    return (await readAll(source)).data;
  } finally {
    await source.close();
  }
}

/** The list as a matrix of one column; undefined for anything but a .npy file of one dimension. */
async function openNpyList(path: string): Promise<VectorSource | undefined> {
  if (!path.toLowerCase().endsWith('.npy')) return undefined;
  return closeOnError(await openDataFile(path), async (file) => {
    const head = new Uint8Array(Math.min(NPY_MAGIC.length, file.size));
    await file.read(head, 0);
    const header = NPY_MAGIC.every((byte, i) => head[i] === byte) ? await readNpyHeader(file) : undefined;
    if (header === undefined || header.shape.length !== 1) {
      await file.close();
      return undefined;
    }
    const shape = matrixShape(file, { ...header, shape: [header.shape[0] as number, 1] });
    return fixedRowSource(file, plainLayout(path, shape, header.type, header.order));
  });
}
