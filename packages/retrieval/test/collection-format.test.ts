/** Entries of a collection: what is written is what is read, and what was changed is refused by name. */
import { readContainer, writeContainer } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  COPYING,
  type Manifest,
  type Operation,
  readIds,
  readLiveWords,
  readManifest,
  readOperation,
  writeLive,
  writeManifest,
  writeOperation,
} from '../src/collection/format.ts';
import { knownEntries, readEntries } from '../src/collection/load-parts.ts';
import type { CollectionStore, Entry } from '../src/collection/store.ts';
import { VectorKind } from '../src/collection/vector-kind.ts';
import { planOf } from '../src/vector-index/options.ts';

const MANIFEST: Manifest = {
  kind: 'vectors',
  options: { d: 2, metric: 'l2' },
  segments: [{ name: 'segment-000001.sag', n: 5, bytes: 100 }],
  folded: 3,
  next: 7,
  made: 1,
};
const kindOf = (d: number): VectorKind => new VectorKind(planOf({ d, metric: 'l2' }));
const KIND = kindOf(2);
const put: Operation<unknown, Float32Array> = {
  kind: 'put',
  ids: [1, 'a', 5n],
  values: Float32Array.of(1, 2, 3, 4, 5, 6),
  metadata: [{ x: [1, null] }, undefined, 'text'],
};

describe('entries of a collection', () => {
  it('are read as they were written', () => {
    expect(readManifest('place', writeManifest(MANIFEST))).toEqual(MANIFEST);
    expect(readOperation('place', writeOperation(put, KIND), KIND)).toEqual(put);
    const plain = { ...put, metadata: undefined } as const;
    expect(readOperation('place', writeOperation(plain, KIND), KIND)).toEqual(plain);
    const gone = { kind: 'delete', ids: ['a', 2] } as const;
    expect(readOperation('place', writeOperation(gone, KIND), KIND)).toEqual(gone);
    const words = Uint32Array.of(5, 1);
    expect(readLiveWords('place', writeLive(words), 33)).toEqual(words);
  });

  it('are refused by name where a byte was changed or they are cut short', () => {
    const readers = [
      [writeManifest(MANIFEST), (bytes: Uint8Array) => readManifest('here', bytes)],
      [writeOperation(put, KIND), (bytes: Uint8Array) => readOperation('here', bytes, KIND)],
      [writeLive(Uint32Array.of(5)), (bytes: Uint8Array) => readLiveWords('here', bytes, 3)],
    ] as const;
    for (const [bytes, read] of readers) {
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ 0x55;
        expect(() => read(changed), `byte ${at}`).toThrow(/^here: /);
        expect(() => read(bytes.subarray(0, at))).toThrow(/^here: /);
      }
    }
  });

  it('are refused where they say what cannot be', () => {
    const manifest = (change: object): Uint8Array => writeManifest({ ...MANIFEST, ...change });
    expect(() => readManifest('here', manifest({ kind: 'sets' }))).toThrow(
      'here: expected a collection of vectors or tokens, got "sets"',
    );
    expect(() => readManifest('here', manifest({ folded: -1 }))).toThrow(
      'here: "folded" expected an integer from 0, got -1',
    );
    const escaping = [{ name: '../segment-000001.sag', n: 1, bytes: 1 }];
    expect(() => readManifest('here', manifest({ segments: escaping }))).toThrow(
      'expected names of segments',
    );
    const { sections } = {
      sections: ['MANI'].map((id) => ({ id, pieces: [readContainer(manifest({})).section(id)] })),
    };
    const later = writeContainer({ kind: 'COLLECT', version: 2, sections });
    expect(() => readManifest('here', later)).toThrow('here: expected version 1, got 2');
    expect(() => readOperation('here', writeOperation(put, KIND), kindOf(3))).toThrow(
      /^here: .*"d"|^here: d/,
    );
    expect(() => readLiveWords('here', writeLive(Uint32Array.of(1)), 64)).toThrow(/^here: /);
    expect(() => readIds('here', manifest({}))).toThrow('here: expected "COLIDS", got "COLLECT"');
  });
});

it.each(['folder', 'name'])(
  'names the argument "%s" of who opens what is no collection',
  async (argument) => {
    const store = (manifests: readonly Entry[]) =>
      ({ argument, name: 'c', read: async () => [manifests, [], []] }) as unknown as CollectionStore;
    const copy = store([{ key: COPYING, value: new Uint8Array(1) }]);
    await expect(readEntries(copy)).rejects.toThrow(
      `"${argument}" expected a collection or nothing, got a copy that was never ended in c`,
    );
    await expect(knownEntries(store([]))).rejects.toThrow(
      `"${argument}" expected a collection, got none in c`,
    );
    expect(await readEntries(store([]))).toBeUndefined();
  },
);
