/** .npy matrices of any type of number, in C or Fortran order, little- or big-endian. */
import type { DataFile } from '../files/data-file.ts';
import { columnMajorSource } from './column-major.ts';
import { fixedRowSource, plainLayout } from './fixed-rows.ts';
import { matrixShape, readNpyHeader } from './npy-header.ts';
import type { RandomVectorSource } from './vector-source.ts';

/**
 * Opens a .npy file of shape (n, d).
 * @throws FormatError on other shapes and types, missing or surplus bytes
 */
export async function openNpy(file: DataFile): Promise<RandomVectorSource> {
  const header = await readNpyHeader(file);
  const shape = matrixShape(file, header);
  const { type, order, isFortran } = header;
  if (isFortran && shape.d > 1) return columnMajorSource(file, shape, type, order);
  return fixedRowSource(file, plainLayout(file.path, shape, type, order));
}
