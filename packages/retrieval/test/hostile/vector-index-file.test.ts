/**
 * Hostile files of vector indexes: cut off, their own sections made anything, random mutations with checksums made right.
 * Each ends in FormatError or in an index that works and comes back from its file; nothing stays in memory.
 */
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import {
  applyMutations,
  clusteredRows,
  containerEntries,
  drawMutations,
  repairChecksums,
} from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  bytesSource,
  createVectorIndex,
  loadVectorIndex,
  loadVectorIndexFrom,
  openVectorIndex,
  saveIndex,
  type VectorIndexOptions,
} from '../../src/index.ts';

const D = 12;
const N = 70;
const core = createCore();
const rows = clusteredRows(N, D, { seed: 2, clusters: 4, spread: 0.6 });

function saved(options: Partial<VectorIndexOptions>): Uint8Array {
  using index = createVectorIndex(core, { d: D, metric: 'l2', compactAt: 1, ...options });
  index.add({
    ids: Array.from({ length: N }, (_, i) => (i % 2 === 0 ? `id ${i}` : i)),
    vectors: rows,
    metadata: Array.from({ length: N }, (_, i) => (i % 3 === 0 ? { folder: 'x', mtime: i } : undefined)),
  });
  index.delete(['id 2', 3, 'id 4', 35]);
  return saveIndex(index);
}

const FILES = {
  'not trained': saved({}),
  'saq in lists, indexed': saved({ trainAt: 60, index: 'ivf', nlist: 3, bits: 2, indexed: ['folder'] }),
  'flat lvq, kept': saved({ trainAt: 60, index: 'flat', quantizer: 'lvq', keepVectors: true, metric: 'ip' }),
} as const;

async function isAccepted(bytes: Uint8Array): Promise<boolean> {
  const used = core.bytesUsed();
  try {
    using index = loadVectorIndex(core, bytes);
    if (index.d === D) {
      const hits = index.search(rows.subarray(0, D), 5, { filter: { folder: 'x' } });
      expect(hits.every(({ id }) => index.has(id))).toBe(true);
    }
    using again = loadVectorIndex(core, saveIndex(index));
    expect(again.ids()).toEqual(index.ids());
    using streamed = await loadVectorIndexFrom(core, [bytes]);
    expect(streamed.ids()).toEqual(index.ids());
    using paged = await openVectorIndex(core, bytesSource(bytes));
    expect(paged.n).toBe(index.n);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(core.bytesUsed()).toBe(used);
    return false;
  }
  expect(core.bytesUsed()).toBe(used);
  return true;
}

describe.each(Object.entries(FILES))('%s', (name, file) => {
  const entries = containerEntries(file);

  it('is accepted as it is, and refused wherever it is cut off', async () => {
    expect(await isAccepted(file.slice())).toBe(true);
    const taken: number[] = [];
    for (let length = 0; length < file.length; length += length < 256 ? 3 : 61) {
      if (await isAccepted(file.slice(0, length))) taken.push(length);
    }
    expect(taken).toEqual([]);
  });

  it('is refused with live rows that are none', async () => {
    const { offset, length } = entries.find(({ id }) => id === 'LIVE') as (typeof entries)[number];
    const edit = async (change: (view: DataView) => void): Promise<boolean> => {
      const bytes = file.slice();
      change(new DataView(bytes.buffer, offset, length));
      return isAccepted(repairChecksums(bytes, entries));
    };
    expect(await edit((view) => view.setUint32(8, 0xffffffff, true))).toBe(false);
    expect(await edit((view) => view.setUint32(0, 0xffffffff, true))).toBe(false);
    // fewer or more live rows than records
    expect(await edit((view) => view.setUint32(0, 0, true))).toBe(false);
  });

  it.each([
    ['{', 'JSON'],
    ['[]', 'expected an object'],
    ['{"d":12,"metric":"l2","bitz":3}', 'did you mean "bits"'],
    ['{"d":13,"metric":"l2"}', 'expected d = 12'],
    ['{"d":12,"metric":"cosine"}', 'expected'],
    ['{"d":12,"metric":"l2","trainAt":-1}', '"trainAt" expected'],
    ['{"d":12,"metric":"l2","quantizer":"float32","bits":"x"}', '"bits" expected a number'],
    [`{"d":12,"metric":"l2","quantizerOptions":${'['.repeat(300)}${']'.repeat(300)}}`, 'expected'],
  ])('is refused with options that are none: %s', async (text, message) => {
    const plan = entries.find(({ id }) => id === 'PLAN') as (typeof entries)[number];
    // PLAN is the last section
    const content = new TextEncoder().encode(text);
    const bytes = new Uint8Array(plan.offset + 12 + content.length);
    bytes.set(file.subarray(0, plan.offset + 12));
    bytes.set(content, plan.offset + 12);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(plan.at + 16, BigInt(12 + content.length), true);
    view.setBigUint64(24, BigInt(bytes.length), true);
    const repaired = repairChecksums(bytes, containerEntries(bytes));
    expect(await isAccepted(repaired)).toBe(false);
    expect(() => loadVectorIndex(core, repaired)).toThrow(message);
  });

  it('survives 250 random mutations', async () => {
    const random = new RandomStream(9, `mutations/${name}`);
    let accepted = 0;
    for (let run = 0; run < 250; run++) {
      if (await isAccepted(applyMutations(file, drawMutations(random, file)))) accepted++;
    }
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(150);
    expect(core.memoryBytes()).toBeLessThan(64 << 20);
  });
});
