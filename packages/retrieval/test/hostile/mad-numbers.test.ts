/**
 * Files whose checksums are right and whose numbers are mad: whichever reader meets them first refuses them. And what was
 * built of allowed vectors is read, whatever its quantizer and size.
 */
import {
  createCore,
  FormatError,
  MAX_MAGNITUDE,
  MAX_SQUARE,
  type Metric,
  MIN_MAGNITUDE,
} from '@sagitta/core-wasm';
import { clusteredRows, containerEntries, gaussianRows, repairChecksums } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIvf,
  bytesSource,
  type IndexOptions,
  loadIndex,
  loadIndexFrom,
  openIndex,
  saveIndex,
} from '../../src/index.ts';

const D = 12;
const N = 75;
const rows = clusteredRows(N, D, { seed: 2, clusters: 4, spread: 0.6 });
const core = createCore();

function saved(options: IndexOptions): Uint8Array<ArrayBuffer> {
  using index = buildIvf(core, rows, D, { nlist: 3, ...options });
  return saveIndex(index);
}

const f32 = (value: number): Uint8Array => new Uint8Array(Float32Array.of(value).buffer);
const u16 = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value).buffer);
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Bytes of a QNTZ section before its origin, and those of an origin, of a frame without a matrix. */
const HEAD = 28;
const CODER = HEAD + 4 * D + 8;
const LANES = 4 * 32;

/** Index, section, byte in it (from the end where negative), what is put there, and what the error says. */
const CASES: readonly (readonly [string, IndexOptions, string, number, Uint8Array, RegExp])[] = [
  ['a centroid', { metric: 'l2' }, 'CENT', 8, f32(2 * MAX_MAGNITUDE), /"centroids" expected rows/],
  ['a centroid, cosine', { metric: 'cosine' }, 'CENT', 8, f32(1.1), /"centroids" expected rows/],
  ['an id of another list', { metric: 'l2' }, 'IDS', 0, u32(N), /"id" expected/],
  [
    'a vector',
    { metric: 'l2', quantizer: 'float32' },
    'CODE',
    4,
    f32(-2 * MAX_MAGNITUDE),
    /"vectors" expected rows/,
  ],
  [
    'a vector, cosine',
    { metric: 'cosine', quantizer: 'float32' },
    'CODE',
    4,
    f32(2),
    /"vectors" expected rows/,
  ],
  ['a norm of SAQ', { metric: 'l2' }, 'CODE', 0, f32(-1), /"norm" expected/],
  ['a large norm of SAQ', { metric: 'ip' }, 'CODE', 0, f32(2 * MAX_SQUARE), /"norm" expected/],
  ['a direction of SAQ', { metric: 'l2' }, 'SAQM', -4, f32(1.1), /"projection" expected/],
  ['a mean of SAQ', { metric: 'ip' }, 'SAQM', 40, f32(1), /"mean" expected/],
  ['an add of rabitq', { metric: 'l2', quantizer: 'rabitq' }, 'CODE', 0, f32(-3e38), /"add" expected/],
  ['a scale of rabitq', { metric: 'ip', quantizer: 'rabitq' }, 'CODE', 0, f32(1e30), /"scale" expected/],
  ['an error of rabitq', { metric: 'ip', quantizer: 'rabitq' }, 'CODE', LANES, f32(1e30), /"error bound"/],
  ['an offset of lvq', { metric: 'ip', quantizer: 'lvq' }, 'CODE', LANES, f32(-1e30), /"offset" expected/],
  [
    'a mean of lvq',
    { metric: 'ip', quantizer: 'lvq', quantizerOptions: { means: 3 } },
    'QNTZ',
    -4,
    f32(1e30),
    /"levels" expected/,
  ],
  [
    'the scale of a sketch',
    { metric: 'ip', quantizer: 'turboquant', quantizerOptions: { sketch: true } },
    'CODE',
    LANES,
    f32(1e30),
    /"scale of a part" expected/,
  ],
  ['a step of scalar', { metric: 'l2', quantizer: 'scalar' }, 'QNTZ', -4, f32(1e30), /"levels" expected/],
  [
    'a centroid of pq',
    { metric: 'l2', quantizer: 'pq', quantizerOptions: { nbits: 4 } },
    'QNTZ',
    -4,
    f32(1e30),
    /"levels" expected/,
  ],
  ['an infinite half', { metric: 'ip', quantizer: 'float16' }, 'CODE', 0, u16(0x7c00), /finite halves/],
  ['a half of PCA', { metric: 'l2', quantizer: 'pca' }, 'CODE', LANES, u16(0x7e01), /finite halves/],
  ['an origin', { metric: 'l2', quantizer: 'rabitq' }, 'QNTZ', HEAD, f32(1e30), /"origin" expected/],
  ['a matrix', { metric: 'l2', quantizer: 'leanvec' }, 'QNTZ', CODER + 4, f32(1e38), /expected an amount/],
];

const READERS = {
  memory: async (bytes: Uint8Array) => loadIndex(core, bytes).dispose(),
  stream: async (bytes: Uint8Array) =>
    (
      await loadIndexFrom(
        core,
        (async function* () {
          yield bytes;
        })(),
      )
    ).dispose(),
  async pages(bytes: Uint8Array) {
    const index = await openIndex(core, bytesSource(bytes));
    try {
      await index.search(rows.subarray(0, D), 10, {
        nprobe: 3,
        ...(index.keepsVectors && { rerank: { candidates: N } }),
      });
    } finally {
      index.dispose();
    }
  },
} as const;

async function expectRefused(bytes: Uint8Array, message: RegExp): Promise<void> {
  for (const [name, read] of Object.entries(READERS)) {
    const used = core.bytesUsed();
    const error: unknown = await read(bytes).catch((reason: unknown) => reason);
    expect(error, name).toBeInstanceOf(FormatError);
    expect((error as Error).message, name).toMatch(message);
    expect(core.bytesUsed(), name).toBe(used);
  }
}

describe('mad numbers under right checksums', () => {
  it.each(CASES)('%s', async (_, options, section, at, value, message) => {
    const bytes = saved(options);
    const entry = containerEntries(bytes).find(({ id }) => id === section);
    if (!entry) throw new Error(`no section ${section}`);
    bytes.set(value, entry.offset + (at < 0 ? entry.length + at : at));
    await expectRefused(repairChecksums(bytes), message);
  });

  it('a kept vector', async () => {
    const bytes = saved({ metric: 'ip', keepVectors: true });
    const { offset } = containerEntries(bytes).find(({ id }) => id === 'VECS') as { offset: number };
    bytes.set(f32(2 * MAX_MAGNITUDE), offset + 4 * D * 7);
    await expectRefused(repairChecksums(bytes), /"kept vectors" expected rows/);
  });

  it('an id that stands in two lists', async () => {
    const bytes = saved({ metric: 'l2' });
    const { offset, length } = containerEntries(bytes).find(({ id }) => id === 'IDS') as {
      offset: number;
      length: number;
    };
    bytes.copyWithin(offset, offset + length - 4, offset + length);
    await expectRefused(repairChecksums(bytes), /expected once, got it twice/);
  });
});

const QUANTIZERS: readonly Omit<IndexOptions, 'metric'>[] = [
  { bits: 1 },
  { bits: 9 },
  { quantizer: 'float32' },
  { quantizer: 'rabitq', bits: 9 },
  { quantizer: 'pq', bits: 2, quantizerOptions: { nbits: 4 } },
  { quantizer: 'lvq', bits: 1, quantizerOptions: { rotate: true, ratio: true } },
  { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 4, means: 2 } },
  { quantizer: 'scalar', bits: 8 },
  { quantizer: 'sign' },
  { quantizer: 'turboquant', bits: 3, quantizerOptions: { sketch: true } },
  { quantizer: 'leanvec', bits: 4 },
  { quantizer: 'latent', bits: 3 },
  { quantizer: 'low-rank-pq', bits: 2, quantizerOptions: { nbits: 4 } },
];

describe('vectors of the greatest and the least lengths', () => {
  const far = clusteredRows(N, D, { seed: 3, clusters: 2, spread: 3 });
  const spikes = gaussianRows(N, D, 4).map((value, i) => (i % D === i % 5 ? value : value * 1e-6));
  const shapes = { far, spikes };
  const longest = (data: Float32Array): number => {
    let most = 0;
    for (let at = 0; at < data.length; at += D) {
      most = Math.max(most, Math.hypot(...data.subarray(at, at + D)));
    }
    return most;
  };
  it.each(QUANTIZERS)('%o', (options) => {
    for (const metric of ['l2', 'ip', 'cosine'] satisfies Metric[]) {
      for (const data of Object.values(shapes)) {
        for (const length of [0.999 * MAX_MAGNITUDE, 1.001 * MIN_MAGNITUDE]) {
          const scale = length / longest(data);
          const scaled = data.map((value) => value * scale);
          using index = buildFlat(core, scaled, D, { metric, ...options, keepVectors: true });
          using again = loadIndex(core, saveIndex(index));
          expect(again.n).toBe(N);
        }
      }
    }
  });
});
