/**
 * A save is of the state at the call: every kind of index × everything that can happen to it and its core × every step of
 * the save. What was written is, byte for byte, what a save at the call would have given; the index is what it would be
 * without the save; and no memory stays behind.
 */
import { BusyError, CapacityError, type Core, createCore, joinTokenSets } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  buildFlat,
  buildIvf,
  fdeIndexes,
  type IvfIndex,
  loadIndex,
  loadMultiVectorIndex,
  type MultiVectorIndex,
  saveIndex,
  saveMultiVectorIndex,
  snapshotIndex,
  snapshotMultiVectorIndex,
} from '../src/index.ts';
import { KINDS, trainKind } from './multi-vector-index/index-kinds.ts';
import { tokenDocuments } from './multi-vector-index/token-documents.ts';

const D = 16;
const N = 210;
const STEPS = 3;
const rows = clusteredRows(N, D, { seed: 3, clusters: 6, spread: 0.4 });
const more = clusteredRows(400, D, { seed: 4, clusters: 6, spread: 0.4 });
const documents = tokenDocuments(340, D, { seed: 9, least: 0, most: 5 });
const others = tokenDocuments(60, D, { seed: 9, least: 1, most: 5, stream: 'others' });

/** What can happen to any index and its core. */
interface Subject {
  readonly core: Core;
  readonly save: () => Uint8Array;
  readonly search: () => unknown;
  readonly dispose: () => void;
}

const COMMON: Readonly<Record<string, (subject: Subject) => void>> = {
  nothing: () => {},
  'a search': ({ search }) => void search(),
  'another save': ({ save }) => void save(),
  'memory that grows': ({ core }) => core.allocate(core.memoryBytes()).dispose(),
  'memory of others, filled': ({ core }) => {
    const blocks = Array.from({ length: 30 }, (_, i) => core.allocate(1000 * (i + 1)));
    for (const block of blocks) block.u8().fill(255);
    for (const block of blocks) block.dispose();
  },
  dispose: ({ core, dispose }) => {
    dispose();
    const block = core.allocate(100_000);
    block.u8().fill(255);
    block.dispose();
  },
  "the core's dispose": ({ core, dispose }) => {
    core.dispose();
    dispose();
  },
};

const VECTOR_KINDS: Readonly<Record<string, (core: Core) => IvfIndex>> = {
  'flat, float32': (core) => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'float32' }),
  'flat, saq': (core) => buildFlat(core, rows, D, { metric: 'cosine', bits: 4 }),
  'IVF, saq': (core) => buildIvf(core, rows, D, { metric: 'l2', bits: 3, nlist: 9 }),
  'IVF, lvq, kept vectors and secondary codes': (core) =>
    buildIvf(core, rows, D, {
      metric: 'ip',
      nlist: 7,
      quantizer: 'lvq',
      bits: 4,
      keepVectors: true,
      secondary: { quantizer: 'saq', bits: 8 },
    }),
};

const VECTOR_CHANGES: Readonly<Record<string, (index: IvfIndex) => void>> = {
  'one vector added': (index) => index.add(more.subarray(0, D)),
  'some added, one by one': (index) => {
    for (let i = 0; i < 40; i++) index.add(more.subarray(i * D, (i + 1) * D));
  },
  'many added': (index) => index.add(more),
  'some staged and withdrawn, then one added': (index) => {
    index.stage(more.subarray(0, 150 * D));
    index.withdraw();
    index.add(more.subarray(0, D));
  },
};

const TOKEN_CHANGES: Readonly<Record<string, (index: MultiVectorIndex) => void>> = {
  'one deleted': (index) => index.delete(index.ids()[3] as number),
  'many deleted, compacted by itself': (index) => {
    for (const id of index.ids().slice(10, 130)) index.delete(id);
  },
  compacted: (index) => index.compact(),
  'metadata changed': (index) => index.update(index.ids()[5] as number, { metadata: { changed: true } }),
  'tokens changed, then compacted': (index) => {
    for (const id of index.ids().slice(0, 3)) index.update(id, { tokens: others.data.subarray(0, 2 * D) });
    index.compact();
  },
  added: (index) =>
    index.add({ ids: Array.from({ length: others.n }, (_, i) => `new ${i}`), tokens: others }),
  'added one by one, compacted, added': (index) => {
    for (let i = 0; i < 5; i++) {
      index.add({ ids: [`new ${i}`], tokens: joinTokenSets([others.data.subarray(0, (i + 1) * D)], D) });
    }
    index.compact();
    index.add({ ids: ['last'], tokens: joinTokenSets([others.data.subarray(0, D)], D) });
  },
};

/** One cell of the table: a snapshot of `index`, `change` before its chunk number `step`. Chunks are told from views. */
function written(snapshot: ReturnType<typeof snapshotIndex>, step: number, change: () => void): Uint8Array {
  const chunks: Uint8Array[] = [];
  try {
    const iterator = snapshot.chunks(Math.ceil(snapshot.byteLength / STEPS));
    for (let at = 0; ; at++) {
      if (at === step) change();
      const { value, done } = iterator.next();
      if (done) break;
      chunks.push(value);
    }
  } finally {
    snapshot.dispose();
  }
  return Buffer.concat(chunks);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(Object.entries(VECTOR_KINDS))('a save of %s', (_, build) => {
  const made = build(createCore());
  // lists with and without room behind their last vector
  made.add(more.subarray(0, 90 * D));
  const bytes = saveIndex(made);
  /** The index, with lists that have room for a few more. */
  const subject = (core: Core): IvfIndex => {
    const index = loadIndex(core, bytes);
    index.add(more.subarray(0, 33 * D));
    return index;
  };
  const search = (index: IvfIndex) => index.search(more.subarray(D, 2 * D), 7, { nprobe: 4 });
  const changes: [string, (index: IvfIndex, core: Core) => void][] = [
    ...Object.entries(VECTOR_CHANGES),
    ...Object.entries(COMMON).map(([name, act]): [string, (index: IvfIndex, core: Core) => void] => [
      name,
      (index, core) =>
        act({
          core,
          save: () => saveIndex(index),
          search: () => search(index),
          dispose: () => index.dispose(),
        }),
    ]),
  ];

  it.each(['withdraw', 'publish'] as const)('with vectors staged before it, meanwhile: %s', (end) => {
    const n = N + 90 + 33;
    const twin = subject(createCore());
    const found = search(twin);
    const atCall = saveIndex(twin);
    twin.add(more.subarray(0, 50 * D));
    for (const step of [0, 2]) {
      using core = createCore();
      const index = subject(core);
      index.stage(more.subarray(0, 50 * D));
      const file = written(snapshotIndex(index), step, () => index[end]());
      expect(index.n).toBe(end === 'publish' ? n + 50 : n);
      expect(same(saveIndex(index), end === 'publish' ? saveIndex(twin) : atCall)).toBe(true);
      // behind its vectors the last block of a list holds what was staged; the next ones take its place
      const loaded = loadIndex(core, file);
      expect(loaded.n).toBe(n);
      expect(search(loaded)).toEqual(found);
      loaded.add(more.subarray(0, 50 * D));
      expect(same(saveIndex(loaded), saveIndex(twin))).toBe(true);
    }
  });

  it.each(changes)('meanwhile: %s', (_, change) => {
    const twin = subject(createCore());
    const atCall = saveIndex(twin);
    change(twin, twin.core);
    for (let step = 0; step <= STEPS; step++) {
      const core = createCore();
      const index = subject(core);
      const file = written(snapshotIndex(index), step, () => change(index, core));
      expect(same(file, atCall)).toBe(true);
      expect(index.isLive).toBe(twin.isLive);
      if (index.isLive) {
        expect(same(saveIndex(index), saveIndex(twin))).toBe(true);
        expect(search(index)).toEqual(search(twin));
        index.dispose();
      }
      expect(core.bytesUsed()).toBe(0);
    }
    expect(loadIndex(createCore(), atCall).n).toBe(N + 90 + 33);
  });

  it('refuses a change for whose copy there is no memory, and nothing has happened', () => {
    const core = createCore();
    const index = subject(core);
    const atCall = saveIndex(index);
    const found = search(index);
    const snapshot = snapshotIndex(index);
    const used = core.bytesUsed();
    const slice = vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    // overwriting the block of 32 that the last vectors are in wants a copy
    expect(() => index.add(more.subarray(0, D))).toThrow(BusyError);
    slice.mockRestore();
    expect(search(index)).toEqual(found);
    expect(same(snapshot.bytes(), atCall)).toBe(true);
    snapshot.dispose();
    expect(same(saveIndex(index), atCall)).toBe(true);
    expect(core.bytesUsed()).toBe(used);
    index.dispose();
  });

  it('refuses a disposed index', () => {
    const index = subject(createCore());
    index.dispose();
    for (const save of [snapshotIndex, saveIndex]) {
      expect(() => save(index)).toThrow(/"index" expected a live index, got a disposed one/);
    }
  });
});

describe.each([...Object.keys(KINDS), 'several chunks'])('a save of %s', (kind) => {
  const many = kind === 'several chunks';
  const sets = many ? tokenDocuments(1_300, D, { seed: 9, most: 2 }) : documents;
  const made = trainKind(createCore(), sets, many ? 'int8 FDEs, int8 tokens, cosine' : kind, {
    compactAt: 0.3,
  });
  made.add({
    ids: Array.from({ length: sets.n }, (_, i) => (i % 2 ? i : `document ${i}`)),
    tokens: sets,
    metadata: Array.from({ length: sets.n }, (_, i) => (i % 3 ? { i } : undefined)),
  });
  const bytes = saveMultiVectorIndex(made);
  made.dispose();
  const steps = many ? [0, 2] : Array.from({ length: STEPS + 1 }, (_, step) => step);
  /** The index, with dead slots. */
  const subject = (core: Core): MultiVectorIndex => {
    const index = loadMultiVectorIndex(core, bytes, { indexes: fdeIndexes });
    for (const id of index.ids().filter((_, i) => i % 11 === 4)) index.delete(id);
    index.update(1, { tokens: others.data.subarray(0, 3 * D) });
    return index;
  };
  const query = others.data.subarray(D, 4 * D);
  const search = (index: MultiVectorIndex) => index.search(query, 7, { rerank: 30 });
  const changes: [string, (index: MultiVectorIndex, core: Core) => void][] = [
    ...Object.entries(TOKEN_CHANGES),
    ...Object.entries(many ? {} : COMMON).map(
      ([name, act]): [string, (index: MultiVectorIndex, core: Core) => void] => [
        name,
        (index, core) =>
          act({
            core,
            save: () => saveMultiVectorIndex(index),
            search: () => search(index),
            dispose: () => index.dispose(),
          }),
      ],
    ),
  ];

  it.each(changes)('meanwhile: %s', (_, change) => {
    const twin = subject(createCore());
    const { dead } = twin;
    expect(dead).toBeGreaterThan(0);
    const atCall = saveMultiVectorIndex(twin);
    expect(twin.dead).toBe(dead);
    change(twin, twin.core);
    for (const step of steps) {
      const core = createCore();
      const index = subject(core);
      const file = written(snapshotMultiVectorIndex(index), step, () => change(index, core));
      expect(same(file, atCall)).toBe(true);
      expect(index.isLive).toBe(twin.isLive);
      if (index.isLive) {
        expect(index.dead).toBe(twin.dead);
        expect(same(saveMultiVectorIndex(index), saveMultiVectorIndex(twin))).toBe(true);
        expect(search(index)).toEqual(search(twin));
        index.dispose();
      }
      expect(core.bytesUsed()).toBe(0);
    }
    using loaded = loadMultiVectorIndex(createCore(), atCall, { indexes: fdeIndexes });
    expect(loaded.dead).toBe(0);
  });

  it('is the save of the index compacted', () => {
    const index = subject(createCore());
    const file = saveMultiVectorIndex(index);
    using loaded = loadMultiVectorIndex(createCore(), file, { indexes: fdeIndexes });
    expect(loaded.dead).toBe(0);
    // rows of an index of FDEs go when the file is read
    const { fdeIndex, nlist } = KINDS[kind] ?? {};
    const hasNoIndex = fdeIndex === undefined && nlist === undefined;
    const before = hasNoIndex ? file : saveMultiVectorIndex(loaded);
    index.compact();
    expect(same(saveMultiVectorIndex(index), before)).toBe(true);
    index.dispose();
  });

  it('refuses a compaction for whose copy there is no memory, and nothing has happened', () => {
    const core = createCore();
    const index = subject(core);
    const { dead } = index;
    const atCall = saveMultiVectorIndex(index);
    const found = search(index);
    const snapshot = snapshotMultiVectorIndex(index);
    const used = core.bytesUsed();
    const refuse = (): Uint8Array<ArrayBuffer> => {
      throw new RangeError('Array buffer allocation failed');
    };
    vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(refuse);
    expect(() => index.compact()).toThrow(BusyError);
    vi.restoreAllMocks();
    expect(index.dead).toBe(dead);
    expect(core.bytesUsed()).toBe(used);
    expect(search(index)).toEqual(found);
    expect(same(snapshot.bytes(), atCall)).toBe(true);
    // what was asked for is done, and the compaction that is due is put off
    vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(refuse);
    const gone = index.ids().slice(40, many ? 500 : 160);
    for (const id of gone) expect(index.delete(id)).toBe(1);
    vi.restoreAllMocks();
    expect(index.dead).toBe(dead + gone.length);
    expect(same(snapshot.bytes(), atCall)).toBe(true);
    snapshot.dispose();
    index.delete(index.ids()[0] as number);
    expect(index.dead).toBe(0);
    index.dispose();
    expect(core.bytesUsed()).toBe(0);
  });

  it('refuses a disposed index', () => {
    const index = subject(createCore());
    index.dispose();
    for (const save of [snapshotMultiVectorIndex, saveMultiVectorIndex]) {
      expect(() => save(index)).toThrow(/"index" expected a live index, got a disposed one/);
    }
  });
});

describe('where memory ends during a save', () => {
  it('changes and searches go on in what the held blocks leave behind', () => {
    const probe = createCore();
    const base = probe.memoryBytes();
    const core = createCore({ maximumBytes: base + 8 * 65_536 });
    const index = buildFlat(core, rows, D, { metric: 'l2', quantizer: 'float32' });
    const snapshots: ReturnType<typeof snapshotIndex>[] = [];
    const saved: Uint8Array[] = [];
    let added = 0;
    let full: unknown;
    // every growth of the list leaves a held block behind
    for (; added < 10_000 && full === undefined; added += 400) {
      snapshots.push(snapshotIndex(index));
      saved.push(saveIndex(index));
      try {
        index.add(more);
      } catch (error) {
        full = error;
      }
      expect(index.search(more.subarray(0, D), 3).ids.length).toBe(3);
    }
    expect(full).toBeInstanceOf(CapacityError);
    // without saves the index ends at the same size
    const plain = buildFlat(createCore({ maximumBytes: base + 8 * 65_536 }), rows, D, {
      metric: 'l2',
      quantizer: 'float32',
    });
    const fill = (): void => {
      for (;;) plain.add(more);
    };
    expect(fill).toThrow(CapacityError);
    expect(index.n).toBe(plain.n);
    for (const [i, snapshot] of snapshots.entries()) {
      expect(same(snapshot.bytes(), saved[i] as Uint8Array)).toBe(true);
      snapshot.dispose();
    }
    index.dispose();
    expect(core.bytesUsed()).toBe(0);
  });
});
