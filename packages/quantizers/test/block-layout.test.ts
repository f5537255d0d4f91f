/** Regions of blocks: what is put is taken, moved and left alone. */
import { createCore } from '@sagitta/core-wasm';
import { afterAll, expect, it } from 'vitest';
import { BlockLayout, type Region } from '../src/block-layout.ts';

const core = createCore();
afterAll(() => core.dispose());

const REGIONS: Region[] = [
  { kind: 'rows', bytesPerVector: 4 },
  { kind: 'nibbles', bytesPerVector: 3 },
  { kind: 'rows', bytesPerVector: 2 },
];

it('lie one after the other, 32 vectors of each', () => {
  const layout = new BlockLayout(REGIONS);
  expect([layout.offsets, layout.bytesPerVector, layout.blockBytes]).toEqual([[0, 128, 224], 9, 288]);
});

it('give back what was put, and nibbles lie where the fast scan reads them', () => {
  const layout = new BlockLayout(REGIONS);
  const blocks = new Uint8Array(2 * layout.blockBytes);
  layout.put(blocks, 1, 35, Uint8Array.of(0x21, 0x43, 0x65));
  layout.put(blocks, 1, 51, Uint8Array.of(0xba, 0xdc, 0xfe));
  const codes = blocks.subarray(layout.blockBytes + 128, layout.blockBytes + 224);
  expect([0, 1, 2, 3, 4, 5].map((s) => codes[16 * s + 3])).toEqual([0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6]);
  expect(codes.filter((byte) => byte !== 0).length).toBe(6);
  const out = new Uint8Array(3);
  layout.take(blocks, 1, 35, out);
  expect([...out]).toEqual([0x21, 0x43, 0x65]);
  layout.take(blocks, 1, 51, out);
  expect([...out]).toEqual([0xba, 0xdc, 0xfe]);
});

it('are put all at once as one by one', () => {
  const layout = new BlockLayout([...REGIONS, { kind: 'rows', bytesPerVector: 40 }]);
  const source = Uint8Array.from({ length: 2 + layout.bytesPerVector }, (_, i) => 5 * i + 1);
  const together = new Uint8Array(2 * layout.blockBytes);
  const apart = new Uint8Array(2 * layout.blockBytes);
  for (const position of [3, 17, 50]) {
    layout.putWhole(together, position, source, 2);
    let at = 2;
    for (const [region, { bytesPerVector }] of layout.regions.entries()) {
      layout.put(apart, region, position, source.subarray(at, at + bytesPerVector));
      at += bytesPerVector;
    }
  }
  expect(together).toEqual(apart);
});

it('move together, and no other vector with them', () => {
  const layout = new BlockLayout(REGIONS);
  using source = core.allocate(3 * layout.blockBytes);
  using target = core.allocate(3 * layout.blockBytes);
  const fill = (position: number): Uint8Array[] =>
    REGIONS.map(({ bytesPerVector }, r) =>
      new Uint8Array(bytesPerVector).map((_, i) => 37 * position + 11 * r + i),
    );
  const of = (blocks: Uint8Array, position: number): Uint8Array[] =>
    REGIONS.map(({ bytesPerVector }, r) => {
      const out = new Uint8Array(bytesPerVector);
      layout.take(blocks, r, position, out);
      return out;
    });
  for (let at = 0; at < 96; at++)
    for (const [r, bytes] of fill(at).entries()) layout.put(source.u8(), r, at, bytes);
  layout.move(source, 20, target, 41, 30);
  layout.move(source, 95, target, 0);
  const zero = REGIONS.map(({ bytesPerVector }) => new Uint8Array(bytesPerVector));
  for (let at = 0; at < 96; at++) {
    const from = at === 0 ? 95 : at >= 41 && at < 71 ? at - 21 : undefined;
    expect(of(target.u8(), at)).toEqual(from === undefined ? zero : fill(from));
  }
});
