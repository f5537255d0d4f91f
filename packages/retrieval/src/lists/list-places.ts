/** Where each id lies: its list, and its position in it; 8 bytes a vector. */
import type { InvertedLists } from '../columns/inverted-lists.ts';

export class ListPlaces {
  readonly #lists: Uint32Array;
  readonly #positions: Uint32Array;

  /** n — vectors in all lists; ids are below it. */
  constructor(lists: InvertedLists, n: number) {
    this.#lists = new Uint32Array(n);
    this.#positions = new Uint32Array(n);
    for (let list = 0; list < lists.nlist; list++) {
      let position = 0;
      for (const piece of lists.pieces(list)) {
        for (const id of piece.ids.u32(0, piece.n)) {
          this.#lists[id] = list;
          this.#positions[id] = position++;
        }
      }
    }
  }

  listOf(id: number): number {
    return this.#lists[id] as number;
  }

  positionOf(id: number): number {
    return this.#positions[id] as number;
  }
}
