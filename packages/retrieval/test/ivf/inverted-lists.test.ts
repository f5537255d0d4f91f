/** Lists in pieces against plain arrays: staged, published, withdrawn, compacted, saved, in any order. */
import { createCore } from '@sagitta/core-wasm';
import { BlockLayout } from '@sagitta/quantizers/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvertedLists } from '../../src/columns/inverted-lists.ts';
import { NO_ID } from '../../src/search/search-result.ts';

const LAYOUT = new BlockLayout([
  { kind: 'rows', bytesPerVector: 3 },
  { kind: 'nibbles', bytesPerVector: 2 },
  { kind: 'rows', bytesPerVector: 2 },
]);
const NLIST = 3;
/** Two blocks a piece. */
const PIECE_BYTES = 2 * LAYOUT.blockBytes + 5;

/** The vector that an id stands for: one number a region. */
const first = (id: number): Uint8Array => Uint8Array.of(id, id >> 8, 7);
const second = (id: number): Uint8Array => Uint8Array.of((3 * id) & 255, id & 255);
const third = (id: number): Uint8Array => Uint8Array.of(id & 255, 255 - (id & 255));

interface Vector {
  readonly id: number;
  /** What its codes were made of: it stays when the id changes. */
  readonly content: number;
}

function stage(lists: InvertedLists, members: readonly (readonly number[])[]): void {
  lists.stage(
    Uint32Array.from(members, ({ length }) => length),
    ({ list, offset, count, piece, first: position }) => {
      for (let i = 0; i < count; i++) {
        const id = members[list]?.[offset + i] as number;
        const bytes = piece.blocks.u8();
        LAYOUT.put(bytes, 0, position + i, first(id));
        LAYOUT.put(bytes, 1, position + i, second(id));
        LAYOUT.put(bytes, 2, position + i, third(id));
        piece.ids.u32(4 * (position + i), 1)[0] = id;
      }
    },
  );
}

function contentsOf(lists: InvertedLists, list: number): Vector[] {
  const out: Vector[] = [];
  for (const { blocks, ids, n } of lists.pieces(list)) {
    for (let i = 0; i < n; i++) {
      const [a, b, c] = [new Uint8Array(3), new Uint8Array(2), new Uint8Array(2)];
      LAYOUT.take(blocks.u8(), 0, i, a);
      LAYOUT.take(blocks.u8(), 1, i, b);
      LAYOUT.take(blocks.u8(), 2, i, c);
      const content = (a[0] as number) + 256 * (a[1] as number);
      expect([a, b, c]).toEqual([first(content), second(content), third(content)]);
      out.push({ id: ids.u32(4 * i, 1)[0] as number, content });
    }
  }
  return out;
}

/** Bytes of ids and codes as a file has them. */
function savedBytes(lists: InvertedLists): { ids: Buffer; codes: Buffer } {
  const bytesOf = (pieces: Iterable<{ chunks(): Iterable<Uint8Array> } | unknown>): Buffer =>
    Buffer.concat(
      [...pieces].map((piece) => {
        const { block, byteOffset, byteLength } = piece as {
          block: { u8(at: number, length: number): Uint8Array };
          byteOffset: number;
          byteLength: number;
        };
        return Buffer.from(block.u8(byteOffset, byteLength));
      }),
    );
  return { ids: bytesOf(lists.idPieces()), codes: bytesOf(lists.codePieces()) };
}

describe('lists in pieces of two blocks', () => {
  const core = createCore();

  it('hold what plain arrays hold, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            counts: fc.array(fc.integer({ min: 0, max: 90 }), { minLength: NLIST, maxLength: NLIST }),
            step: fc.constantFrom('stage', 'publish', 'withdraw', 'compact'),
            modulus: fc.integer({ min: 1, max: 5 }),
          }),
          { maxLength: 12 },
        ),
        (steps) => {
          using lists = new InvertedLists(core, NLIST, LAYOUT, { pieceBytes: PIECE_BYTES });
          let model: Vector[][] = [[], [], []];
          let staged: Vector[][] = [[], [], []];
          let n = 0;
          let next = 0;
          for (const { counts, step, modulus } of steps) {
            if (step === 'stage') {
              const members = counts.map((count) => Array.from({ length: count }, () => next++));
              stage(lists, members);
              for (const [list, ids] of members.entries()) {
                staged[list]?.push(...ids.map((id) => ({ id, content: id })));
              }
            } else if (step === 'publish') {
              lists.publish();
              model = model.map((vectors, list) => [...vectors, ...(staged[list] as Vector[])]);
              staged = [[], [], []];
              n = next;
            } else if (step === 'withdraw') {
              lists.withdraw();
              staged = [[], [], []];
              next = n;
            } else {
              lists.withdraw();
              staged = [[], [], []];
              const numbers = new Uint32Array(n).fill(NO_ID);
              let kept = 0;
              for (let id = 0; id < n; id++) if (id % modulus !== 1) numbers[id] = kept++;
              lists.compaction(numbers).commit();
              model = model.map((vectors) =>
                vectors
                  .filter(({ id }) => numbers[id] !== NO_ID)
                  .map(({ id, content }) => ({ id: numbers[id] as number, content })),
              );
              // later vectors must not have the content of earlier ones: contents go on, ids begin anew
              n = kept;
              next = kept;
            }
            for (let list = 0; list < NLIST; list++) {
              expect(lists.size(list)).toBe(model[list]?.length);
              expect(contentsOf(lists, list)).toEqual(model[list]);
              for (const piece of lists.pieces(list)) expect(piece.n).toBeLessThanOrEqual(64);
            }
          }
        },
      ),
      { numRuns: 60, seed: 11 },
    );
    expect(core.bytesUsed()).toBe(0);
  });

  it('give the bytes of one piece, and locate positions', () => {
    using small = new InvertedLists(core, NLIST, LAYOUT, { pieceBytes: PIECE_BYTES });
    using large = new InvertedLists(core, NLIST, LAYOUT);
    let next = 0;
    for (const count of [10, 50, 1, 200, 7]) {
      const members = [count, 0, count + 3].map((length) => Array.from({ length }, () => next++));
      for (const lists of [small, large]) {
        stage(lists, members);
        lists.publish();
      }
    }
    expect([...small.pieces(0)].length).toBe(Math.ceil(268 / 64));
    expect([...large.pieces(0)].length).toBe(1);
    const [one, other] = [savedBytes(small), savedBytes(large)];
    expect(one.ids.equals(other.ids)).toBe(true);
    expect(one.codes.equals(other.codes)).toBe(true);
    for (const position of [0, 63, 64, 200, 267]) {
      const at = small.locate(0, position);
      const out = new Uint8Array(3);
      LAYOUT.take(at.blocks.u8(), 0, at.position, out);
      expect(out).toEqual(first(contentsOf(small, 0)[position]?.content as number));
    }
    // a chain of records, one a piece
    const records = small.records.u32();
    const lengths: number[] = [];
    for (let at = 0; ; at = records[4 * at + 3] as number) {
      lengths.push(records[4 * at + 2] as number);
      if (records[4 * at + 3] === 0) break;
    }
    expect(lengths).toEqual([64, 64, 64, 64, 12]);
    using restored = new InvertedLists(core, NLIST, LAYOUT, { pieceBytes: PIECE_BYTES });
    restored.reserve(small.sizes());
    let at = 0;
    for (let list = 0; list < NLIST; list++) {
      for (const { blocks, n } of restored.pieces(list)) {
        const bytes = Math.ceil(n / 32) * LAYOUT.blockBytes;
        blocks.u8(0, bytes).set(one.codes.subarray(at, at + bytes));
        at += bytes;
      }
    }
    expect(savedBytes(restored).codes.equals(one.codes)).toBe(true);
  });
});
