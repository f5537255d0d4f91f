/** Random operations on a vector index, checked against a plain Map with exact search. */
import { type Core, createCore, type Metric, RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  createVectorIndex,
  loadVectorIndex,
  type RecordFilter,
  type RecordId,
  saveIndex,
  type VectorIndex,
  type VectorIndexOptions,
} from '../../src/index.ts';

const D = 8;

type Note = { readonly folder: string; readonly mtime: number; readonly tags: readonly string[] };
interface Row {
  readonly vector: Float32Array;
  readonly metadata: Note | undefined;
}

const KINDS: Record<string, Omit<VectorIndexOptions, 'd' | 'metric'>> = {
  'float32, never trained': { quantizer: 'float32' },
  'saq, kept vectors, flat': { index: 'flat', bits: 6, keepVectors: true, trainAt: 300, indexed: ['folder'] },
  'saq, kept vectors, lists': { index: 'ivf', nlist: 6, bits: 4, keepVectors: true, trainAt: 250 },
  'saq, kept vectors, graph': { index: 'graph', degree: 12, bits: 4, keepVectors: true, trainAt: 250 },
  'lvq and float32 behind it': {
    index: 'ivf',
    nlist: 5,
    quantizer: 'lvq',
    bits: 8,
    secondary: { quantizer: 'float32' },
    trainAt: 400,
    indexed: ['mtime', 'tags'],
  },
};

function exact(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let distance = 0;
  for (let j = 0; j < D; j++) {
    const [x, y] = [a[j] as number, b[j] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    distance += (x - y) ** 2;
  }
  return metric === 'l2' ? -distance : metric === 'ip' ? dot : dot / Math.sqrt(aa * bb);
}

interface NewRows {
  readonly ids: readonly RecordId[];
  readonly vectors: readonly Float32Array[];
  readonly metadata: readonly (Note | undefined)[];
}

class Run {
  readonly #core: Core;
  readonly #metric: Metric;
  readonly #random: RandomStream;
  readonly #model = new Map<RecordId, Row>();
  #index: VectorIndex<Note>;
  #next = 0;
  searches = 0;
  trainings = 0;

  constructor(core: Core, options: Omit<VectorIndexOptions, 'd' | 'metric'>, metric: Metric, seed: number) {
    this.#core = core;
    this.#metric = metric;
    this.#random = new RandomStream(seed, 'operations');
    this.#index = createVectorIndex<Note>(core, { ...options, d: D, metric });
  }

  get n(): number {
    return this.#model.size;
  }
  get index(): VectorIndex<Note> {
    return this.#index;
  }

  #vector(): Float32Array {
    return Float32Array.from(
      { length: D },
      (_, j) => (this.#random.nextUnit() + this.#random.nextUnit() - 0.9) * (1 + (j % 3)),
    );
  }
  #note(): Note | undefined {
    const folder = this.#random.nextBelow(5);
    if (folder === 4) return undefined;
    const tags = Array.from({ length: this.#random.nextBelow(3) }, () => `t${this.#random.nextBelow(6)}`);
    return { folder: `f${folder}`, mtime: this.#random.nextBelow(50), tags };
  }
  #newId(): RecordId {
    const next = this.#next++;
    return next % 3 === 0 ? `id ${next}` : next % 3 === 1 ? next : BigInt(next);
  }
  #someId(): RecordId | undefined {
    const ids = [...this.#model.keys()];
    return ids[this.#random.nextBelow(Math.max(1, ids.length))];
  }

  #rows(ids: readonly RecordId[]): NewRows {
    const vectors = ids.map(() => this.#vector());
    const metadata = ids.map(() => this.#note());
    return { ids, vectors, metadata };
  }
  #put({ ids, vectors, metadata }: NewRows): void {
    for (const [i, id] of ids.entries()) {
      this.#model.delete(id);
      this.#model.set(id, { vector: vectors[i] as Float32Array, metadata: metadata[i] });
    }
  }

  step(): void {
    const wasTrained = this.#index.isTrained;
    const choice = this.#random.nextBelow(100);
    // about as many leave as come, from a thousand on
    const isFull = this.#model.size > 900;
    if (choice < (isFull ? 12 : 22)) {
      const rows = this.#rows(Array.from({ length: 1 + this.#random.nextBelow(6) }, () => this.#newId()));
      this.#index.add(rows);
      this.#put(rows);
    } else if (choice < 34) {
      const ids = [this.#someId(), this.#newId()].filter((id) => id !== undefined);
      const rows = this.#rows(ids);
      this.#index.upsert(rows);
      this.#put(rows);
    } else if (choice < 54) {
      const ids = Array.from({ length: 1 + this.#random.nextBelow(4) }, () => this.#someId()).filter(
        (id) => id !== undefined,
      );
      const there = new Set(ids);
      expect(this.#index.delete(isFull || ids.length > 1 ? ids : (ids[0] ?? 'none'))).toBe(there.size);
      for (const id of ids) this.#model.delete(id);
    } else if (choice < 62) {
      const id = this.#someId();
      if (id === undefined) return;
      const old = this.#model.get(id) as Row;
      const [vector, metadata] = [this.#vector(), this.#note() ?? { folder: 'new', mtime: 1, tags: [] }];
      if (choice < 58) {
        this.#index.update(id, { metadata });
        this.#model.set(id, { ...old, metadata });
      } else {
        this.#index.update(id, { vector });
        this.#model.delete(id);
        this.#model.set(id, { ...old, vector });
      }
    } else if (choice < 97) this.#search();
    else if (choice === 97) this.#index.compact();
    else if (choice === 98 && this.#random.nextBelow(4) === 0) {
      const bytes = saveIndex(this.#index);
      const loaded = loadVectorIndex<Note>(this.#core, bytes);
      expect(loaded.ids()).toEqual(this.#index.ids());
      this.#index.dispose();
      this.#index = loaded;
    } else if (choice === 99 && this.#index.isTrained && this.#random.nextBelow(30) === 0) {
      this.#index.train();
      this.trainings++;
    }
    if (!wasTrained && this.#index.isTrained) this.trainings++;
    expect(this.#index.n).toBe(this.#model.size);
  }

  #filter(): { filter?: RecordFilter<Note>; test: (id: RecordId, note: Note | undefined) => boolean } {
    const folder = `f${this.#random.nextBelow(4)}`;
    const mtime = this.#random.nextBelow(50);
    const tag = `t${this.#random.nextBelow(6)}`;
    switch (this.#random.nextBelow(6)) {
      case 0:
        return { filter: { folder }, test: (_, note) => note?.folder === folder };
      case 1:
        return { filter: (note) => note.mtime === mtime, test: (_, note) => note?.mtime === mtime };
      case 2: {
        const ids = new Set([this.#someId(), this.#someId()].filter((id) => id !== undefined));
        return { filter: ids, test: (id) => ids.has(id) };
      }
      case 3:
        return {
          filter: { or: [{ tags: { contains: tag } }, { mtime: { gte: mtime } }] },
          test: (_, note) => note !== undefined && (note.tags.includes(tag) || note.mtime >= mtime),
        };
      default:
        return { test: () => true };
    }
  }

  #search(): void {
    this.searches++;
    const query = this.#vector();
    const { filter, test } = this.#filter();
    const k = 1 + this.#random.nextBelow(8);
    const expected = [...this.#model]
      .filter(([id, { metadata }]) => test(id, metadata))
      .map(([id, { vector, metadata }]) => ({ id, score: exact(this.#metric, query, vector), metadata }))
      .sort((a, b) => b.score - a.score)
      .slice(0, k);
    const everything = this.#index.isTrained
      ? { nprobe: 100, gamma: 1000, rerank: { candidates: 5000 } }
      : {};
    const found = this.#index.search(query, k, { ...everything, ...(filter && { filter }) });
    expect(found.length).toBe(expected.length);
    for (const [i, hit] of found.entries()) {
      const { id, score, metadata } = expected[i] as (typeof expected)[number];
      const got = 'distance' in hit ? -hit.distance : hit.similarity;
      expect(Math.abs(got - score)).toBeLessThan(1e-4 * (1 + Math.abs(score)));
      // ties in float32 may come in another order
      if (hit.id !== id) {
        const other = exact(this.#metric, query, (this.#model.get(hit.id) as Row).vector);
        expect(Math.abs(other - score)).toBeLessThan(1e-4 * (1 + Math.abs(score)));
      } else expect(hit.metadata).toEqual(metadata);
    }
  }

  /** Whether the index knows exactly what the model knows. */
  check(): void {
    expect(new Set(this.#index.ids())).toEqual(new Set(this.#model.keys()));
    for (const [id, { metadata, vector }] of this.#model) {
      expect(this.#index.get(id)).toEqual({ id, metadata });
      if (this.#metric !== 'cosine' && !this.#index.isTrained) expect(this.#index.vector(id)).toEqual(vector);
    }
  }

  dispose(): void {
    this.#index.dispose();
  }
}

/** So many operations for each kind of index, in each of the metrics in turn. */
export function randomOperations(operations: number): void {
  describe.each(Object.entries(KINDS))('%s', (_name, options) => {
    it(`holds what a Map holds, after each of ${operations} random operations`, () => {
      const core = createCore();
      const metric = (['l2', 'ip', 'cosine'] as const)[Object.keys(KINDS).indexOf(_name) % 3] as Metric;
      const run = new Run(core, options, metric, 17);
      for (let i = 0; i < operations; i++) run.step();
      run.check();
      expect(run.searches).toBeGreaterThan(operations / 5);
      if (options.quantizer !== 'float32') expect(run.trainings).toBeGreaterThan(0);
      run.dispose();
      expect(core.bytesUsed()).toBe(0);
    });
  });
}
