/** sagitta bridge: anchors, fit, map, and search over a bridge. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { readBridge } from '@sagitta/retrieval/bridge';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { readMatrixI32, writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 600;
const D = 12;
const OTHER = 20;
const PAIRS = 120;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const base = clusteredRows(N, D, { seed: 4, clusters: 20, spread: 0.6 });
/** The other model's space: a random map of the base's with a little noise. */
const map = gaussianRows(D, OTHER, 7);
const noise = gaussianRows(N, OTHER, 8);
const other = new Float32Array(N * OTHER);
for (let i = 0; i < N; i++) {
  for (let j = 0; j < OTHER; j++) {
    let sum = 0.02 * (noise[i * OTHER + j] as number);
    for (let t = 0; t < D; t++) sum += (base[i * D + t] as number) * (map[t * OTHER + j] as number);
    other[i * OTHER + j] = sum;
  }
}
const FIT = ['bridge', 'fit', '--query', at('pairs-new.npy'), '--base', at('pairs-old.npy')];

beforeAll(async () => {
  await writeNpy(at('base.npy'), base, D);
  await writeNpy(at('new.npy'), other, OTHER);
  await writeNpy(at('pairs-new.npy'), other.slice(0, PAIRS * OTHER), OTHER);
  await writeNpy(at('pairs-old.npy'), base.slice(0, PAIRS * D), D);
  await writeNpy(at('fewer.npy'), base.slice(0, 50 * D), D);
  await sagittaJson(
    'build',
    at('base.npy'),
    '--out',
    at('base.sag'),
    '--index',
    'flat',
    '--metric',
    'cosine',
    '--quiet',
  );
});

interface Fitted {
  readonly method: string;
  readonly d: number;
  readonly changesBase: boolean;
  readonly report: { readonly pairs: number; readonly advice: string };
}

/** Share of the new model's queries whose own item is among the first 3. */
async function found(index: string, bridge: string): Promise<number> {
  const queries = ['--queries', at('new.npy'), '--bridge', at(bridge)];
  await sagittaJson('search', at(index), ...queries, '-k', 3, '--out', at('found.ivecs'), '--quiet');
  const { data } = await readMatrixI32(at('found.ivecs'));
  let hits = 0;
  for (let q = PAIRS; q < N; q++) if (data.subarray(3 * q, 3 * q + 3).includes(q)) hits++;
  return hits / (N - PAIRS);
}

describe('sagitta bridge', () => {
  it('anchors prints rows, or writes them', async () => {
    const { stdout, status } = await sagitta('bridge', 'anchors', at('base.npy'), '-n', 15, '--quiet');
    expect(status).toBe(0);
    const ids = stdout.trim().split('\n').map(Number);
    expect(new Set(ids).size).toBe(15);
    const { out } = await sagittaJson<{ out: string }>(
      ...['bridge', 'anchors', at('base.npy'), '-n', '15', '--out', at('anchors.npy'), '--quiet'],
    );
    expect([...(await readMatrixI32(out)).data]).toEqual(ids);
  });

  it('fit writes a bridge over which a search finds the same items', async () => {
    const fitted = await sagittaJson<Fitted>(...FIT, '--out', at('b.sgb'), '--quiet');
    expect(fitted).toMatchObject({ d: D, changesBase: false, report: { pairs: PAIRS, advice: 'bridge' } });
    using core = createCore();
    expect(readBridge(core, readFileSync(at('b.sgb'))).method).toBe(fitted.method);
    expect(await found('base.sag', 'b.sgb')).toBeGreaterThan(0.9);
  });

  it('map takes a collection over a bridge that changes it', async () => {
    await sagittaJson(...FIT, '--out', at('reverse.sgb'), '--method', 'reverse-linear', '--quiet');
    await sagittaJson(
      'bridge',
      'map',
      at('reverse.sgb'),
      at('base.npy'),
      '--out',
      at('mapped.npy'),
      '--quiet',
    );
    await sagittaJson(
      'build',
      at('mapped.npy'),
      '--out',
      at('mapped.sag'),
      '--index',
      'flat',
      '--metric',
      'cosine',
    );
    expect(await found('mapped.sag', 'reverse.sgb')).toBeGreaterThan(0.9);
  });

  it('prints what was tried, what is advised and what comes next', async () => {
    const { stdout } = await sagitta(...FIT, '--out', at('text.sgb'), '--quiet');
    expect(stdout).toMatch(/method +λ +held-out overlap +mate's 1\/rank/);
    expect(stdout).toMatch(/← taken/);
    expect(stdout).toMatch(/\nbridge: With 120 pairs/);
    expect(stdout).toContain(`--bridge ${at('text.sgb')}`);
    const again = await sagitta(...FIT, '--out', at('text.sgb'), '--method', 'relative', '--quiet');
    expect(again.stdout).toContain('The collection has to be coded again: sagitta bridge map');
  });

  it.each<[string, () => string[], RegExp]>([
    [
      'other counts',
      () => [
        'bridge',
        'fit',
        '--query',
        at('pairs-new.npy'),
        '--base',
        at('fewer.npy'),
        '--out',
        at('x.sgb'),
      ],
      /^error: --base: expected the 120 items of .*fewer\.npy has 50\n$/,
    ],
    [
      'a bridge to elsewhere',
      () => ['search', at('base.sag'), '--queries', at('new.npy'), '--bridge', at('reverse.sgb')],
      /^error: --bridge: expected one to 12 dimensions as .* got 20\n$/,
    ],
    [
      'a file that is no bridge',
      () => ['search', at('base.sag'), '--queries', at('new.npy'), '--bridge', at('base.sag')],
      /^error: --bridge: expected kind bridge/,
    ],
    [
      'queries of the wrong model',
      () => ['search', at('base.sag'), '--queries', at('base.npy'), '--bridge', at('b.sgb')],
      /^error: --queries: expected 20 dimensions as .*b\.sgb has/,
    ],
    [
      'too many anchors',
      () => ['bridge', 'anchors', at('base.npy'), '-n', '601'],
      /^error: -n: "count" expected/,
    ],
    [
      'vectors of the wrong side',
      () => ['bridge', 'map', at('b.sgb'), at('new.npy'), '--out', at('x.npy')],
      /^error: VECTORS: expected 12 dimensions for base/,
    ],
  ])('refuses %s', async (_, argv, message) => {
    const { status, stderr } = await sagitta(...argv(), '--quiet');
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });
});
