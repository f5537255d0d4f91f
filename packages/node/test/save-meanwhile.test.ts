/**
 * Files of indexes that are used while they are saved: at the call and at every write and sync, something happens to the
 * index or its core; the file holds the state of the call, or the old file is whole.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Core, createCore, joinTokenSets, RandomStream } from '@sagitta/core-wasm';
import {
  buildFlat,
  buildIvf,
  buildMultiVectorIndex,
  type IvfIndex,
  loadIndex,
  loadIndexFrom,
  type MultiVectorIndex,
  openIndex,
  saveIndex,
  saveMultiVectorIndex,
  sourceChunks,
} from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  fileSource,
  loadIndexFile,
  loadMultiVectorIndexFile,
  saveIndexFile,
  saveMultiVectorIndexFile,
} from '../src/index.ts';
import { temporaryFolder } from './support/temporary.ts';

const D = 64;
const folder = temporaryFolder();
const path = join(folder.path, 'a.sag');
/** More than a chunk of 1 MiB. */
const rows = clusteredRows(5_000, D, { seed: 1, clusters: 5, spread: 0.3 });
const more = clusteredRows(3_000, D, { seed: 2, clusters: 5, spread: 0.3 });
const few = rows.subarray(0, 900 * D);
const documents = joinTokenSets(
  Array.from({ length: 150 }, (_, i) => rows.subarray(i * 9 * D, (i * 9 + 1 + (i % 9)) * D)),
  D,
);

/** Something that is saved, whatever its kind. */
interface Subject {
  readonly core: Core;
  readonly save: (path: string) => Promise<number>;
  readonly bytes: () => Uint8Array;
  readonly change: () => void;
  readonly dispose: () => void;
}

function vectors(make: (core: Core) => IvfIndex): () => Subject {
  using built = make(createCore());
  const trained = saveIndex(built);
  return () => {
    const core = createCore();
    const index = loadIndex(core, trained);
    // room behind the last vector
    index.add(more.subarray(0, 33 * D));
    return {
      core,
      save: (to) => saveIndexFile(to, index),
      bytes: () => saveIndex(index),
      change: () => index.add(more.subarray(0, 3 * D)),
      dispose: () => index.dispose(),
    };
  };
}

function tokenSets(): Subject {
  const core = createCore();
  const index: MultiVectorIndex = buildMultiVectorIndex(
    core,
    { ids: Array.from({ length: documents.n }, (_, i) => i), tokens: documents },
    { tokenEncoding: 'float32', fdeEncoding: 'float32' },
  );
  index.delete(3);
  let next = documents.n;
  return {
    core,
    save: (to) => saveMultiVectorIndexFile(to, index),
    bytes: () => saveMultiVectorIndex(index),
    change: () => {
      index.delete(index.ids()[7] as number);
      index.update(index.ids()[9] as number, { tokens: more.subarray(0, 5 * D) });
      index.compact();
      index.add({ ids: [next++], tokens: joinTokenSets([more.subarray(0, 2 * D)], D) });
    },
    dispose: () => index.dispose(),
  };
}

const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  'flat, float32': vectors((core) => buildFlat(core, rows, D, { metric: 'l2', quantizer: 'float32' })),
  'IVF, saq with kept vectors': vectors((core) =>
    buildIvf(core, few, D, { metric: 'cosine', bits: 2, nlist: 11, keepVectors: true, iterations: 2 }),
  ),
  'token sets': tokenSets,
};

function garbage(core: Core): void {
  const blocks = [1 << 22, 1000, 70_000].map((size) => core.allocate(size));
  for (const block of blocks) block.u8().fill(255);
  for (const block of blocks) block.dispose();
}

const CHANGES: Readonly<Record<string, (subject: Subject) => unknown>> = {
  'a change': ({ change }) => change(),
  dispose: ({ core, dispose }) => {
    dispose();
    garbage(core);
  },
  "the core's dispose": ({ core, dispose }) => {
    core.dispose();
    dispose();
  },
  'memory that grows': ({ core }) => {
    core.allocate(core.memoryBytes()).dispose();
    garbage(core);
  },
  'a change and another save': async ({ change, save }) => {
    change();
    await save(join(folder.path, 'other.sag'));
  },
};

/** Calls `act` while the system works on write or sync number `at` of any file; gives how many there were. */
async function onCall(at: number, act: () => unknown): Promise<() => number> {
  const handle = await open(path, 'a');
  const prototype: Record<string, (...given: unknown[]) => Promise<unknown>> = Object.getPrototypeOf(handle);
  await handle.close();
  let calls = 0;
  for (const name of ['write', 'sync']) {
    const original = prototype[name] as (...given: unknown[]) => Promise<unknown>;
    vi.spyOn(prototype, name).mockImplementation(async function (this: unknown, ...given: unknown[]) {
      const written = original.apply(this, given);
      // the system may still be reading what it was given
      if (calls++ === at) await act();
      return written;
    });
  }
  return () => calls;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(Object.entries(SUBJECTS))('a save of %s', (_, make) => {
  it.each(Object.entries(CHANGES))('is of the call, whenever there is %s', async (_, act) => {
    writeFileSync(path, 'the old file');
    let calls = 1;
    for (let at = -1; at < calls; at++) {
      const subject = make();
      const expected = subject.bytes();
      let acted: unknown;
      const counted = await onCall(at, () => {
        vi.restoreAllMocks();
        acted = act(subject);
        return acted;
      });
      const saved = subject.save(path);
      if (at === -1) acted = act(subject);
      expect(await saved).toBe(expected.length);
      if (at === -1) calls = counted();
      vi.restoreAllMocks();
      await acted;
      expect(Buffer.compare(readFileSync(path), expected)).toBe(0);
      subject.dispose();
      expect(subject.core.bytesUsed()).toBe(0);
    }
    expect(calls).toBeGreaterThan(2);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('that the system refuses leaves the old file and no memory behind', async () => {
    writeFileSync(path, 'the old file');
    for (let at = 0; at < 2; at++) {
      const subject = make();
      await onCall(at, () => {
        throw new Error('no space left');
      });
      const saved = subject.save(path);
      subject.change();
      await expect(saved).rejects.toThrow('no space left');
      vi.restoreAllMocks();
      expect(readFileSync(path, 'utf8')).toBe('the old file');
      subject.dispose();
      expect(subject.core.bytesUsed()).toBe(0);
    }
  });
});

it('saves many states at once, each to its file or whole to one', async () => {
  const subject = (SUBJECTS['flat, float32'] as () => Subject)();
  const states: Uint8Array[] = [];
  const saves: Promise<number>[] = [];
  for (let i = 0; i < 6; i++) {
    states.push(subject.bytes());
    saves.push(subject.save(join(folder.path, `${i}.sag`)), subject.save(path));
    subject.change();
  }
  subject.dispose();
  await Promise.all(saves);
  for (const [i, state] of states.entries()) {
    expect(Buffer.compare(readFileSync(join(folder.path, `${i}.sag`)), state)).toBe(0);
  }
  const last = readFileSync(path);
  expect(states.some((state) => Buffer.compare(last, state) === 0)).toBe(true);
  expect(subject.core.bytesUsed()).toBe(0);
});

it('is of the call whatever happens in whatever order', async () => {
  const random = new RandomStream(11, 'saves meanwhile');
  for (const make of [SUBJECTS['IVF, saq with kept vectors'] as () => Subject, tokenSets]) {
    const subject = make();
    const running: Promise<void>[] = [];
    for (let step = 0; step < 40; step++) {
      const what = random.nextBelow(5);
      if (what === 0 && running.length < 12) {
        const expected = subject.bytes();
        const to = join(folder.path, `random-${step}.sag`);
        running.push(
          subject.save(to).then(() => {
            expect(Buffer.compare(readFileSync(to), expected)).toBe(0);
          }),
        );
      } else if (what === 1) garbage(subject.core);
      else if (what === 2) await new Promise((resolve) => setImmediate(resolve));
      else subject.change();
    }
    subject.dispose();
    garbage(subject.core);
    expect(running.length).toBeGreaterThan(3);
    await Promise.all(running);
    expect(subject.core.bytesUsed()).toBe(0);
  }
});

it('replaces a file under its readers: each sees the old or the new one whole', async () => {
  const core = createCore();
  const indexes = [few, few.subarray(0, 500 * D)].map((data) =>
    buildIvf(core, data, D, { metric: 'l2', bits: 3, nlist: 5, keepVectors: true, iterations: 1 }),
  );
  const states = indexes.map((index) => saveIndex(index));
  const isState = (bytes: Uint8Array): boolean => states.some((state) => Buffer.compare(state, bytes) === 0);
  const options = { nprobe: 3, rerank: { candidates: 20 } } as const;
  const query = more.subarray(0, D);
  const answers = indexes.map((index) => index.search(query, 5, options));
  await saveIndexFile(path, indexes[0] as IvfIndex);
  let reading = true;
  let saves = 0;
  const saving = (async () => {
    for (; reading; saves++) await saveIndexFile(path, indexes[saves % 2] as IvfIndex);
  })();
  try {
    for (let round = 0; round < 12 || saves <= 10; round++) {
      using whole = await loadIndexFile(createCore(), path);
      expect(isState(saveIndex(whole))).toBe(true);
      const source = await fileSource(path);
      const streamed = await loadIndexFrom(createCore(), sourceChunks(source, undefined, 10_000));
      expect(isState(saveIndex(streamed))).toBe(true);
      await source.close?.();
      using paged = await openIndex(createCore(), await fileSource(path), { cacheBytes: 4096, gapBytes: 0 });
      const which = indexes.findIndex(({ n }) => n === paged.n);
      for (let i = 0; i < 3; i++) expect(await paged.search(query, 5, options)).toEqual(answers[which]);
    }
  } finally {
    reading = false;
    await saving;
  }
  expect(saves).toBeGreaterThan(10);
});

it('replaces a file of token sets under its readers', async () => {
  const one = tokenSets();
  const two = tokenSets();
  two.change();
  const states = [one.bytes(), two.bytes()];
  const to = join(folder.path, 'a.smv');
  await one.save(to);
  let reading = true;
  let saves = 0;
  const saving = (async () => {
    for (; reading; saves++) await (saves % 2 ? one : two).save(to);
  })();
  try {
    for (let round = 0; round < 10; round++) {
      using opened = await loadMultiVectorIndexFile(createCore(), to);
      const bytes = saveMultiVectorIndex(opened);
      expect(states.some((state) => Buffer.compare(state, bytes) === 0)).toBe(true);
    }
  } finally {
    reading = false;
    await saving;
  }
  expect(saves).toBeGreaterThan(1);
});
