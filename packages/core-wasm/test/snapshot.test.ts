import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Block,
  BusyError,
  blockBytes,
  CapacityError,
  type Core,
  createCore,
  readContainer,
  runsOf,
  Snapshot,
  type SnapshotPiece,
  writeContainer,
} from '../src/index.ts';

const PAGE = 65_536;
/** Of held-bytes.ts. */
const CELL = 16_384;

function patterned(core: Core, byteLength: number, seed: number): Block {
  const block = core.allocate(byteLength);
  const bytes = block.u8();
  for (let i = 0; i < byteLength; i++) bytes[i] = (i * 31 + seed * 7 + (i >> 8)) & 255;
  return block;
}

function snapshotOf(pieces: readonly SnapshotPiece[]): Snapshot {
  return new Snapshot({ kind: 'TEST', version: 1, sections: [{ id: 'A', pieces }] });
}

function containerOf(...pieces: Uint8Array[]): Buffer {
  return Buffer.from(writeContainer({ kind: 'TEST', version: 1, sections: [{ id: 'A', pieces }] }));
}

/** A core whose memory ends after `pages` more than it has at the start. */
function smallCore(pages: number): Core {
  const { memoryBytes } = createCore();
  return createCore({ maximumBytes: memoryBytes() + pages * PAGE });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('held bytes', () => {
  it('cost nothing, and only the cells that are overwritten are copied', () => {
    using core = createCore();
    using block = patterned(core, 10 * CELL, 1);
    const before = block.u8().slice();
    const used = core.bytesUsed();
    using held = block.hold();
    expect([core.bytesUsed(), held.copiedBytes]).toEqual([used, 0]);
    block.beforeWrite(3 * CELL + 5, 10);
    block.u8(3 * CELL + 5, 10).fill(0);
    expect(held.copiedBytes).toBe(CELL);
    // the first copy counts: later ones would be of changed bytes
    block.beforeWrite(3 * CELL, 2 * CELL);
    block.u8(3 * CELL, 2 * CELL).fill(9);
    expect(held.copiedBytes).toBe(2 * CELL);
    const read = new Uint8Array(before.length);
    held.read(0, read);
    expect(Buffer.compare(read, before)).toBe(0);
    expect(core.bytesUsed()).toBe(used);
  });

  it('are those of their own moment where several are held', () => {
    using core = createCore();
    using block = patterned(core, 3 * CELL, 1);
    const moments: { held: ReturnType<Block['hold']>; bytes: Uint8Array }[] = [];
    for (let round = 0; round < 4; round++) {
      moments.push({ held: block.hold(), bytes: block.u8().slice() });
      block.beforeWrite(round * 100, CELL);
      block.u8(round * 100, CELL).fill(round + 1);
    }
    for (const { held, bytes } of moments) {
      const read = new Uint8Array(bytes.length);
      held.read(0, read);
      expect(Buffer.compare(read, bytes)).toBe(0);
      held.dispose();
    }
  });

  it('end where they were said to: what is written behind them is not copied', () => {
    using core = createCore();
    using block = patterned(core, 8 * CELL, 1);
    using held = block.hold(2 * CELL + 1);
    block.beforeWrite(3 * CELL, 5 * CELL);
    expect(held.copiedBytes).toBe(0);
    block.beforeWrite();
    expect(held.copiedBytes).toBe(2 * CELL + 1);
    expect(() => held.read(2 * CELL, new Uint8Array(2))).toThrow(RangeError);
    expect(() => block.hold(8 * CELL + 1)).toThrow(/"byteLength" expected/);
  });

  it('keep a disposed block where it is until the last of them is released', () => {
    using core = createCore();
    const block = patterned(core, 1000, 1);
    const bytes = block.u8().slice();
    const used = core.bytesUsed();
    const [one, two] = [block.hold(), block.hold(10)];
    block.dispose();
    block.dispose();
    expect(() => block.u8()).toThrow(/disposed/);
    expect(() => block.hold()).toThrow(/disposed/);
    one.dispose();
    one.dispose();
    expect(core.bytesUsed()).toBe(used);
    using garbage = core.allocate(1000);
    garbage.u8().fill(255);
    const read = new Uint8Array(10);
    two.read(0, read);
    expect([...read]).toEqual([...bytes.subarray(0, 10)]);
    two.dispose();
    expect(() => two.read(0, read)).toThrow(/released/);
    garbage.dispose();
    expect(core.bytesUsed()).toBe(0);
  });

  it('make way where memory ends, as far as it is wanted', () => {
    using core = smallCore(4);
    const block = patterned(core, 3 * PAGE, 1);
    const bytes = block.u8().slice();
    using held = block.hold();
    block.dispose();
    using first = core.allocate(2 * PAGE);
    first.u8().fill(255);
    expect(held.copiedBytes).toBeGreaterThan(0);
    expect(held.copiedBytes).toBeLessThan(bytes.length);
    using second = core.allocate(PAGE);
    second.u8().fill(254);
    const read = new Uint8Array(bytes.length);
    held.read(0, read);
    expect(Buffer.compare(read, bytes)).toBe(0);
    const { copiedBytes } = held;
    // more than there is without the held bytes either: nothing is copied for it
    expect(() => core.allocate(4 * PAGE)).toThrow(CapacityError);
    expect(held.copiedBytes).toBe(copiedBytes);
    held.dispose();
    expect(core.bytesUsed()).toBe(3 * PAGE);
  });

  it('are kept and the writer is told where there is no memory for a copy', () => {
    using core = smallCore(3);
    const block = patterned(core, 2 * PAGE, 1);
    const bytes = block.u8().slice();
    using held = block.hold();
    vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    expect(() => block.beforeWrite(CELL, 1)).toThrow(BusyError);
    block.dispose();
    let error: unknown;
    try {
      core.allocate(2 * PAGE);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BusyError);
    expect(error).toMatchObject({ code: 'SAGITTA_BUSY', available: 0 });
    expect((error as BusyError).wanted).toBeGreaterThan(0);
    expect((error as BusyError).message).toContain('the index is being saved');
    vi.restoreAllMocks();
    const read = new Uint8Array(bytes.length);
    held.read(0, read);
    expect(Buffer.compare(read, bytes)).toBe(0);
    core.allocate(2 * PAGE).dispose();
  });

  it('stay whole whatever is written, disposed and allocated', () => {
    const step = fc.record({
      what: fc.constantFrom('hold', 'write', 'dispose', 'allocate', 'release'),
      at: fc.nat(),
      size: fc.integer({ min: 1, max: 3 * CELL }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        using core = smallCore(8);
        const blocks: Block[] = [];
        const held: { one: ReturnType<Block['hold']>; bytes: Uint8Array }[] = [];
        for (const [i, { what, at, size }] of steps.entries()) {
          const block = blocks[at % blocks.length];
          if (what === 'allocate') {
            try {
              blocks.push(patterned(core, size, i));
            } catch (error) {
              expect(error).toBeInstanceOf(CapacityError);
            }
          } else if (what === 'hold' && block) {
            const bytes = block.u8().slice(0, size);
            held.push({ one: block.hold(bytes.length), bytes });
          } else if (what === 'write' && block) {
            const start = at % block.byteLength;
            const length = Math.min(size, block.byteLength - start);
            block.beforeWrite(start, length);
            block.u8(start, length).fill(i);
          } else if (what === 'dispose' && block) {
            blocks.splice(at % blocks.length, 1);
            block.dispose();
          } else if (what === 'release' && held.length > 0) {
            held.splice(at % held.length, 1)[0]?.one.dispose();
          }
          for (const { one, bytes } of held) {
            const read = new Uint8Array(bytes.length);
            one.read(0, read);
            expect(Buffer.compare(read, bytes)).toBe(0);
          }
        }
        for (const block of blocks) block.dispose();
        for (const { one } of held) one.dispose();
        expect(core.bytesUsed()).toBe(0);
      }),
      { seed: 5, numRuns: 60 },
    );
  });
});

describe('a snapshot', () => {
  it('is the container of its pieces, in chunks of any size', () => {
    using core = createCore();
    using block = patterned(core, 3 * PAGE + 17, 2);
    const own = Uint8Array.of(1, 2, 3);
    const bytes = block.u8();
    const rows = [0, 1, 2, 5, 9, 10].flatMap((row) => [...bytes.subarray(100 + 7 * row, 107 + 7 * row)]);
    const pieces: SnapshotPiece[] = [
      own,
      blockBytes(block, 5, 2 * PAGE + 3),
      new Uint8Array(0),
      { block, byteOffset: 100, rowBytes: 7, runs: runsOf(Uint32Array.of(0, 1, 2, 5, 9, 10)) },
    ];
    const expected = containerOf(own, bytes.subarray(5, 2 * PAGE + 8), Uint8Array.from(rows));
    using snapshot = snapshotOf(pieces);
    expect(snapshot.byteLength).toBe(expected.length);
    expect(Buffer.compare(snapshot.bytes(), expected)).toBe(0);
    for (const size of [100, 4096, PAGE, 1 << 20]) {
      const chunks = [...snapshot.chunks(size)];
      expect(Buffer.compare(Buffer.concat(chunks), expected)).toBe(0);
      expect(chunks.slice(0, -1).every(({ length }) => length === size)).toBe(true);
      expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(chunks.length);
    }
    expect(() => snapshot.chunks(0)).toThrow(/"chunkBytes" expected/);
    expect(() => new Snapshot({ kind: 'too long a kind', version: 1, sections: [] })).toThrow(RangeError);
  });

  it('is of its moment from the first chunk to the last, through changes, dispose and growth', () => {
    using core = createCore();
    const block = patterned(core, 5 * PAGE, 3);
    const expected = containerOf(block.u8().slice());
    using snapshot = snapshotOf([blockBytes(block, 0, block.byteLength)]);
    const chunks: Uint8Array[] = [];
    for (const chunk of snapshot.chunks(PAGE)) {
      chunks.push(chunk);
      if (chunks.length === 2) {
        block.beforeWrite(0, 3 * PAGE);
        block.u8(0, 3 * PAGE).fill(0);
      }
      if (chunks.length === 3) core.allocate(core.memoryBytes()).dispose();
      if (chunks.length === 4) {
        block.dispose();
        core.dispose();
      }
    }
    expect(Buffer.compare(Buffer.concat(chunks), expected)).toBe(0);
    readContainer(Buffer.concat(chunks));
  });

  it('lets go of everything when it is disposed, also in the middle and where it cannot be made', () => {
    using core = createCore();
    const block = patterned(core, 2 * PAGE, 3);
    const snapshot = snapshotOf([blockBytes(block, 0, block.byteLength)]);
    expect(
      () =>
        new Snapshot({
          kind: 'bad kind é',
          version: 1,
          sections: [{ id: 'A', pieces: [blockBytes(block, 0, 9)] }],
        }),
    ).toThrow(RangeError);
    const chunks = snapshot.chunks(100);
    chunks.next();
    block.dispose();
    expect(core.bytesUsed()).toBe(2 * PAGE);
    snapshot.dispose();
    snapshot.dispose();
    expect(core.bytesUsed()).toBe(0);
    expect(() => [...chunks]).toThrow(/"snapshot" expected a live snapshot/);
    expect(() => snapshot.chunks()).toThrow(/"snapshot" expected a live snapshot/);
    expect(() => snapshot.bytes()).toThrow(/"snapshot" expected a live snapshot/);
  });
});

it('takes positions for runs of neighbours', () => {
  expect([...runsOf(Uint32Array.of(3, 4, 5, 9, 11, 12))]).toEqual([3, 3, 9, 1, 11, 2]);
  expect([...runsOf(new Uint32Array(0))]).toEqual([]);
});

describe('Snapshot.read', () => {
  it('gives any part of the file of that moment', () => {
    using core = createCore();
    using block = patterned(core, 3 * CELL, 4);
    const pieces: SnapshotPiece[] = [
      Uint8Array.from({ length: 37 }, (_, i) => i),
      blockBytes(block, 5, 2 * CELL),
      { block, byteOffset: 0, rowBytes: 16, runs: runsOf(Uint32Array.of(1, 2, 9)) },
      new Uint8Array(0),
    ];
    using snapshot = snapshotOf(pieces);
    const file = snapshot.bytes();
    block.beforeWrite(CELL, 100);
    block.u8(CELL, 100).fill(0);
    fc.assert(
      fc.property(fc.nat(file.length), fc.nat(file.length), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect(Buffer.compare(snapshot.read(from, to - from), file.subarray(from, to))).toBe(0);
      }),
    );
    expect(() => snapshot.read(1, file.length)).toThrow(/"length" expected/);
    snapshot.dispose();
    expect(() => snapshot.read(0, 1)).toThrow(/"snapshot" expected a live snapshot/);
  });
});
