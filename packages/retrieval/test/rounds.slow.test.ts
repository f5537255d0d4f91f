/** Indexes made, searched and disposed of for a long time: memory is where it was, the core's and the engine's. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createCore } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { buildFlat, buildIvf, loadIndex, saveIndex } from '../src/index.ts';
import { INDEX_KINDS } from './index-kinds.ts';

const ROUNDS = 2_000;
const MIB = 2 ** 20;
/** pq trains for long. */
const NAMES = Object.keys(INDEX_KINDS).filter((name) => !name.includes('pq') && name !== 'opq');

it('2,000 rounds of build, search and dispose leave memory flat', () => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const core = createCore();
  const d = 24;
  const rows = clusteredRows(300, d, { seed: 5, clusters: 6, spread: 0.5 });
  let settled = 0;
  let heap = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const options = { ...INDEX_KINDS[NAMES[round % NAMES.length] as string], metric: 'l2', seed: 1 } as const;
    {
      using index =
        round % 2 === 0
          ? buildFlat(core, rows, d, options)
          : buildIvf(core, rows, d, { ...options, nlist: 4, iterations: 2 });
      index.add(rows.subarray(0, 40 * d));
      expect(index.search(rows.subarray(0, d), 5).ids.length).toBe(5);
      using loaded = loadIndex(core, saveIndex(index));
      expect(loaded.search(rows.subarray(0, d), 5).ids.length).toBe(5);
    }
    expect(core.bytesUsed()).toBe(0);
    if (round === 100) {
      gc();
      settled = core.memoryBytes();
      heap = process.memoryUsage().heapUsed;
    }
  }
  gc();
  expect(core.memoryBytes()).toBe(settled);
  // what a round leaves behind would be some 1,900 times that: below 2 KiB a round is noise of the engine
  expect((process.memoryUsage().heapUsed - heap) / MIB).toBeLessThan(4);
});
