/** Saved models: round trips, and hostile bytes, which end in FormatError or in a model that can be used. */
import { ByteReader, crc32, createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { loadSaqModel, SaqEncoder, type SaqModel, saveSaqModel, trainSaq } from '../../src/index.ts';
import { readSaqModel, writeSaqModel } from '../../src/saq/format.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import { asSet, codeList } from '../coded-set.ts';

const core = createCore();
const d = 20;
const rows = skewedRows(100, d, { seed: 1 });
const model = trainSaq(core, asSet(rows, d), { metric: 'l2', bits: 2.5, seed: 4 });
const bytes = writeSaqModel(model).slice();

const read = (from: Uint8Array): SaqModel => readSaqModel(new ByteReader(from));

/** A model, or undefined where the bytes were refused; any other error fails the test. */
function readOrRefuse(from: Uint8Array, how: (from: Uint8Array) => SaqModel = read): SaqModel | undefined {
  try {
    return how(from);
  } catch (error) {
    if (error instanceof FormatError && error.offset >= 0) return undefined;
    throw error;
  }
}

/** What must hold of anything that was accepted: its arrays fit together, and it encodes. */
function expectUsable(accepted: SaqModel): void {
  const { coded, keptDims, blockBytes } = saqLayout(accepted.plan);
  expect(accepted.mean.length).toBe(accepted.d);
  expect(accepted.factorUnits.length).toBe(coded.length);
  expect(accepted.shares.length).toBe(coded.length + 1);
  expect(accepted.projection.length).toBe(keptDims * accepted.d);
  using encoder = new SaqEncoder(core, accepted);
  using out = core.allocate(blockBytes);
  encoder.encode(new Float32Array(accepted.d), out);
}

describe('a model', () => {
  it('comes back equal, for every metric and plan', () => {
    for (const metric of ['l2', 'ip', 'cosine'] as const) {
      for (const options of [
        { bits: 0.25 },
        { bits: 3.75 },
        { bits: 8, blockSize: 64 as const },
        { bits: 2, singleSegment: true },
      ]) {
        const trained = trainSaq(core, asSet(rows, d), { metric, seed: 2 ** 40, ...options });
        expect(read(writeSaqModel(trained))).toEqual(trained);
        expect(loadSaqModel(saveSaqModel(trained))).toEqual(trained);
      }
    }
    const constant = trainSaq(core, asSet(new Float32Array(d), d), { metric: 'l2', bits: 1 });
    expect(loadSaqModel(saveSaqModel(constant))).toEqual(constant);
  });

  it('comes back equal where the plan takes blocks several at a time', () => {
    const wide = 1700;
    const trained: SaqModel = {
      ...model,
      d: wide,
      plan: [{ start: 0, dims: 1712, bits: 0 }],
      mean: new Float32Array(wide),
      factorUnits: new Float32Array(0),
      shares: Float32Array.of(0),
      projection: new Float32Array(0),
    };
    expect(read(writeSaqModel(trained))).toEqual(trained);
  });

  it('gives the same codes after loading, and keeps nothing of the bytes', () => {
    const saved = saveSaqModel(model);
    const loaded = loadSaqModel(saved);
    saved.fill(0xff);
    const [a, b] = [codeList(core, model, rows), codeList(core, loaded, rows)];
    expect(b.blocks.u8()).toEqual(a.blocks.u8());
    a.blocks.dispose();
    b.blocks.dispose();
  });

  it('is written in the same bytes on every engine', () => {
    expect([crc32(bytes), crc32(saveSaqModel(model))]).toEqual([2109974319, 839188730]);
  });
});

describe('hostile bytes', () => {
  /** Offsets of the fields before the arrays: version, d, metric, bits, seed, segments, then dims and bits of each. */
  const fields: readonly (readonly [string, number, number])[] = [
    ['version', 0, 4],
    ['d', 4, 4],
    ['metric', 8, 4],
    ['bits', 12, 8],
    ['seed', 20, 8],
    ['segments', 28, 4],
    ...model.plan.flatMap((_, s): [string, number, number][] => [
      [`dims ${s}`, 32 + 8 * s, 4],
      [`bits ${s}`, 36 + 8 * s, 4],
    ]),
  ];

  it.each(fields)('in %s: every bit flipped, zero, one off, huge', (name, at, size) => {
    const view = (copy: Uint8Array): DataView => new DataView(copy.buffer);
    const variants: Uint8Array[] = [];
    for (let bit = 0; bit < size * 8; bit++) {
      const copy = bytes.slice();
      copy[at + (bit >> 3)] = (copy[at + (bit >> 3)] as number) ^ (1 << (bit & 7));
      variants.push(copy);
    }
    for (const value of [0, 1, 15, 16, 17, 64, 65_535, 65_536, 0x7fff_ffff, 0xffff_ffff]) {
      const copy = bytes.slice();
      if (size === 4) view(copy).setUint32(at, value, true);
      else view(copy).setFloat64(at, value / 3, true);
      variants.push(copy);
    }
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 60, 1e300]) {
      if (size !== 8) continue;
      const copy = bytes.slice();
      view(copy).setFloat64(at, value, true);
      variants.push(copy);
    }
    let refused = 0;
    for (const variant of variants) {
      const accepted = readOrRefuse(variant);
      if (accepted === undefined) refused++;
      else expectUsable(accepted);
    }
    // another seed is another valid model; of the other fields nearly nothing else fits the arrays
    expect(refused / variants.length).toBeGreaterThan(name === 'seed' ? 0.1 : 0.8);
  });

  it('cut anywhere, or with something behind them, are refused', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(readOrRefuse(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(readOrRefuse(Uint8Array.from([...bytes, 0]))).toBeUndefined();
  });

  it('in the arrays: what training cannot give is refused', () => {
    const { coded } = saqLayout(model.plan);
    const mean = 32 + 8 * model.plan.length;
    const units = mean + 4 * d;
    const shares = units + 4 * coded.length;
    const projection = shares + 4 * (coded.length + 1);
    for (const [at, values] of [
      [mean, [Number.NaN, Number.NEGATIVE_INFINITY]],
      [units, [0, -1, 3, 1e-40, Number.POSITIVE_INFINITY]],
      [shares, [-0.1, 1.1, Number.NaN]],
      [projection, [1.1, -2, Number.NaN]],
    ] as const) {
      for (const value of values) {
        const copy = bytes.slice();
        new DataView(copy.buffer).setFloat32(at, value, true);
        expect(readOrRefuse(copy)).toBeUndefined();
      }
    }
    // a mean is for l2 alone
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(8, 1, true);
    expect(readOrRefuse(copy)).toBeUndefined();
  });

  it('a few that claim gigabytes are refused before anything is allocated', () => {
    const claim = bytes.slice(0, 40);
    const view = new DataView(claim.buffer);
    view.setUint32(4, 65_536, true);
    view.setUint32(28, 1, true);
    view.setUint32(32, 65_536, true);
    view.setUint32(36, 13, true);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 50; i++) expect(readOrRefuse(claim)).toBeUndefined();
    view.setUint32(28, 4096, true);
    expect(readOrRefuse(claim)).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  it('10,000 random mutations of the section end in FormatError or a model that can be used', () => {
    const random = new RandomStream(1, 'mutations');
    let refused = 0;
    for (let trial = 0; trial < 10_000; trial++) {
      const copy = bytes.slice(0, random.nextBelow(8) === 0 ? random.nextBelow(bytes.length) : bytes.length);
      for (let flips = 1 + random.nextBelow(4); flips > 0 && copy.length > 0; flips--) {
        // half of them where the numbers are that lengths depend on
        const most =
          random.nextBelow(2) === 0 ? Math.min(copy.length, 32 + 8 * model.plan.length) : copy.length;
        copy[random.nextBelow(most)] = random.nextBelow(256);
      }
      const accepted = readOrRefuse(copy);
      if (accepted === undefined) refused++;
      else if (trial % 10 === 0) expectUsable(accepted);
    }
    expect(refused).toBeGreaterThan(5000);
    expect(refused).toBeLessThan(10_000);
  });

  it('10,000 random mutations of the file are refused: every byte is under a checksum', () => {
    const file = saveSaqModel(model);
    const random = new RandomStream(2, 'mutations');
    for (let trial = 0; trial < 10_000; trial++) {
      const copy = file.slice();
      const at = random.nextBelow(copy.length);
      copy[at] = (copy[at] as number) ^ (1 + random.nextBelow(255));
      expect(readOrRefuse(copy, loadSaqModel)).toBeUndefined();
    }
  });

  it('a file of another kind is refused', () => {
    expect(readOrRefuse(bytes, loadSaqModel)).toBeUndefined();
  });
});
