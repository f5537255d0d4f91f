/** Codes of every quantizer lie in blocks of so many vectors. */
export const BLOCK = 32;

/** Blocks that hold n vectors. */
export function blockCount(n: number): number {
  return Math.ceil(n / BLOCK);
}
