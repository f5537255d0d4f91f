/** Poured sections of lists: ids, codes and kept vectors into the places where they stay. */
import {
  type Block,
  ByteReader,
  type Core,
  FormatError,
  longestStored,
  type Metric,
} from '@sagitta/core-wasm';
import { BLOCK, type InvertedLists, pieceVectors } from '../columns/inverted-lists.ts';
import { IdsOnce } from './index-head.ts';
import type { Need, SectionTable } from './program.ts';

/** Kept vectors go into pieces of at most so many bytes. */
const KEPT_PIECE_BYTES = 1 << 26;

/** A place for the next `bytes` bytes of a section, made when they come. */
interface Place {
  readonly bytes: number;
  make(): Uint8Array | (() => Uint8Array);
  full?(start: number): void;
}

/** Hands a section, piece by piece, to one place after the other. offset — where the section begins in its file. */
export function pourInto(section: string, places: Iterator<Place>, offset: number): Need {
  let place: Place | undefined;
  let view: (() => Uint8Array) | undefined;
  let done = 0;
  let start = offset;
  return {
    section,
    pour: (piece) => {
      for (let at = 0; at < piece.length; ) {
        if (!place || !view) {
          const next = places.next();
          if (next.done)
            throw new FormatError(`section "${section}" expected the end, got more bytes`, start);
          place = next.value;
          const made = place.make();
          // memory of a core moves when it grows
          view = typeof made === 'function' ? made : () => made;
          done = 0;
        }
        const part = piece.subarray(at, at + place.bytes - done);
        view().set(part, done);
        done += part.length;
        at += part.length;
        if (done < place.bytes) continue;
        place.full?.(start);
        start += done;
        place = undefined;
      }
    },
  };
}

/** The blocks of one list, to be filled. */
export function* placesIn(list: InvertedLists): Generator<Place> {
  for (const { blocks, n } of list.pieces(0)) {
    const bytes = Math.ceil(n / BLOCK) * list.layout.blockBytes;
    yield { bytes, make: () => () => blocks.u8() };
  }
}

/** Pieces of lists that are read before the lists are made; freed as a whole if reading fails. */
export class ReadPieces implements Disposable {
  readonly ids: Block[] = [];
  readonly blocks: Block[] = [];
  readonly #core: Core;
  /** Vectors of the pieces, list after list. */
  readonly #sizes: readonly number[];

  constructor(core: Core, sizes: Uint32Array, blockBytes: number) {
    this.#core = core;
    const most = blockBytes === 0 ? BLOCK : pieceVectors(blockBytes);
    const pieces: number[] = [];
    for (const size of sizes) {
      for (let first = 0; first < size; first += most) pieces.push(Math.min(most, size - first));
    }
    this.#sizes = pieces;
  }

  /** The section IDS, each id of 0…n - 1 once. */
  idNeed(table: SectionTable, n: number): Need {
    const once = new IdsOnce(n);
    const { offset } = table.sized('IDS', 4 * n);
    const places = this.#places(
      (size) => ({ bytes: 4 * size, room: Math.ceil(size / BLOCK) * BLOCK * 4 }),
      this.ids,
      (block, size, start) => {
        const defect = once.defect(block.u32(0, size));
        if (defect !== undefined) throw new FormatError(defect, start);
      },
    );
    return pourInto('IDS', places, offset);
  }

  codeNeed(table: SectionTable, blockBytes: number): Need {
    const bytesOf = (size: number): { bytes: number; room: number } => {
      const bytes = Math.ceil(size / BLOCK) * blockBytes;
      return { bytes, room: bytes };
    };
    return pourInto('CODE', this.#places(bytesOf, this.blocks), table.entry('CODE').offset);
  }

  *#places(
    bytesOf: (size: number) => { readonly bytes: number; readonly room: number },
    out: Block[],
    full?: (block: Block, size: number, start: number) => void,
  ): Generator<Place> {
    for (const size of this.#sizes) {
      const { bytes, room } = bytesOf(size);
      let block: Block | undefined;
      yield {
        bytes,
        make: () => {
          const made = this.#core.allocate(room);
          out.push(made);
          block = made;
          return () => made.u8();
        },
        full: (start) => block && full?.(block, size, start),
      };
    }
  }

  /** Puts the pieces into empty lists, which own them from then on. @throws CapacityError */
  moveTo(lists: InvertedLists, sizes: Uint32Array): void {
    let at = 0;
    for (const [list, n] of sizes.entries()) {
      const pieces: { ids: Block; blocks: Block }[] = [];
      for (let left = n; left > 0; left -= this.#sizes[at++] as number) {
        pieces.push({ ids: this.ids[at] as Block, blocks: this.blocks[at] as Block });
      }
      if (n > 0) lists.adopt(list, n, pieces);
    }
  }

  [Symbol.dispose](): void {
    for (const block of [...this.ids, ...this.blocks]) block.dispose();
  }
}

/** The section VECS into pieces of kept vectors, n × d in all. */
export function keptNeed(
  table: SectionTable,
  { n, d, metric }: { readonly n: number; readonly d: number; readonly metric: Metric },
  pieces: Float32Array[],
): Need {
  const rows = Math.max(1, Math.floor(KEPT_PIECE_BYTES / (4 * d)));
  const { offset } = table.sized('VECS', 4 * n * d);
  function* places(): Generator<Place> {
    for (let first = 0; first < n; first += rows) {
      const count = Math.min(rows, n - first);
      let bytes: Uint8Array<ArrayBuffer>;
      yield {
        bytes: 4 * count * d,
        make: () => {
          bytes = new Uint8Array(4 * count * d);
          return bytes;
        },
        full: (start) => {
          const reader = new ByteReader(bytes, start);
          pieces.push(reader.rows('kept vectors', count, d, longestStored(metric)));
        },
      };
    }
  }
  return pourInto('VECS', places(), offset);
}
