/**
 * Hostile files of multi-vector indexes: cut off, flipped, made huge; random mutations, most of them with checksums made
 * right again. Each ends in FormatError or in an index that works, takes no memory beyond a small multiple of the file, and
 * leaves none behind.
 */
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { applyMutations, containerEntries, drawMutations, repairChecksums } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  fdeIndexes,
  loadMultiVectorIndex,
  type MultiVectorIndex,
  saveMultiVectorIndex,
} from '../../src/index.ts';
import { KINDS, trainKind } from '../multi-vector-index/index-kinds.ts';
import { tokenDocuments } from '../multi-vector-index/token-documents.ts';

const D = 8;
const N = 40;
const core = createCore();
const sample = tokenDocuments(260, D, { seed: 3, most: 3 });
const documents = tokenDocuments(N, D, { seed: 3, least: 0, most: 4 });
const query = tokenDocuments(1, D, { seed: 3, least: 5, most: 5, stream: 'query' }).data;

function saved(name: string): Uint8Array {
  using index = trainKind(core, sample, name);
  const ids = Array.from({ length: N }, (_, i) => (i % 3 === 0 ? `document ${i}` : i));
  index.add({ ids, tokens: documents, metadata: ids.map((id) => ({ id, list: [1, null] })) });
  return saveMultiVectorIndex(index);
}

const FILES = Object.fromEntries(Object.keys(KINDS).map((name) => [name, saved(name)]));
/** Whether the bytes were taken; any error but FormatError fails the test, and so does memory that stays. */
function isAccepted(bytes: Uint8Array): boolean {
  const used = core.bytesUsed();
  let index: MultiVectorIndex;
  try {
    index = loadMultiVectorIndex(core, bytes, { indexes: fdeIndexes });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(core.bytesUsed()).toBe(used);
    return false;
  }
  try {
    if (index.d === D) {
      const { ids } = index.searchIds(query, 10, { ballCarving: 0.8, nprobe: 3 });
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(index.has(id)).toBe(true);
      for (const id of index.ids().slice(0, 3)) index.explain(query, id);
    }
    saveMultiVectorIndex(index);
  } finally {
    index.dispose();
  }
  expect(core.bytesUsed()).toBe(used);
  return true;
}

describe.each(Object.entries(FILES))('%s', (name, file) => {
  const entries = containerEntries(file);

  it('is accepted as it is', () => {
    expect(isAccepted(file.slice())).toBe(true);
    expect(Buffer.compare(repairChecksums(file.slice(), entries), file)).toBe(0);
  });

  it('ends in FormatError wherever it is cut off, and with bytes behind it', () => {
    for (let length = 0; length < file.length; length += length < 64 ? 1 : 37) {
      expect(isAccepted(file.slice(0, length))).toBe(false);
    }
    expect(isAccepted(Buffer.concat([file, new Uint8Array(1)]))).toBe(false);
  });

  it('ends in FormatError where a count is huge, checksums right', () => {
    const small = ['META', 'FDEP', 'FD2P', 'TOKP', 'TK2P', 'XMET', 'XSIZ', 'XGRP', 'XLIV'];
    for (const { offset, length } of entries.filter((entry) => small.includes(entry.id))) {
      // the first numbers of a section are its counts; codebooks and names may be anything
      for (let at = offset; at + 4 <= offset + Math.min(length, 16); at += 4) {
        for (const value of [0xffffffff, 0x7fffffff]) {
          const bytes = file.slice();
          const view = new DataView(bytes.buffer);
          if (view.getUint32(at, true) === value) continue;
          view.setUint32(at, value, true);
          expect(core.memoryBytes()).toBeLessThan(64 << 20);
          isAccepted(repairChecksums(bytes, entries));
        }
      }
    }
    for (const at of [0, 4, 8, 12, 16, 20, 24]) {
      const bytes = file.slice();
      new DataView(bytes.buffer).setUint32((entries[0] as { offset: number }).offset + at, 0x7fffffff, true);
      expect(isAccepted(repairChecksums(bytes, entries)), `META at ${at}`).toBe(false);
    }
  });

  it('ends in FormatError where a section loses its last byte, checksums right', () => {
    // the last section's end is the file's
    for (const { id, at, offset, length } of entries.slice(0, -1)) {
      // a byte of padding takes its place, unless the section fills its last 64 bytes and the next would begin early
      if (length % 64 === 1) continue;
      const bytes = file.slice();
      new DataView(bytes.buffer).setBigUint64(at + 16, BigInt(length - 1), true);
      bytes[offset + length - 1] = 0;
      expect(isAccepted(repairChecksums(bytes, containerEntries(bytes))), id).toBe(false);
    }
  });

  it('survives 150 random mutations within bounded memory', () => {
    const random = new RandomStream(7, `mutations/${name}`);
    let accepted = 0;
    for (let run = 0; run < 150; run++) {
      const bytes = applyMutations(file, drawMutations(random, file));
      if (isAccepted(bytes)) accepted++;
    }
    expect(accepted).toBeLessThan(100);
    expect(core.memoryBytes()).toBeLessThan(128 << 20);
  });
});

it('names kind and version of files it does not know', () => {
  const file = Object.values(FILES)[0] as Uint8Array;
  const entries = containerEntries(file);
  const version = file.slice();
  version[6] = 9;
  expect(() =>
    loadMultiVectorIndex(core, repairChecksums(version, entries), { indexes: fdeIndexes }),
  ).toThrow(/version expected 1 to 3, got 9/);
  const kind = file.slice();
  kind[8] = 'X'.charCodeAt(0);
  expect(() => loadMultiVectorIndex(core, repairChecksums(kind, entries), { indexes: fdeIndexes })).toThrow(
    /kind expected "MULTIVEC"/,
  );
});
