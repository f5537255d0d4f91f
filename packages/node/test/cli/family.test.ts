/** Flags of the quantizer family: LeanVec with a secondary code, training queries, and sagitta pca. */
import { join } from 'node:path';
import { METHODS } from '@sagitta/quantizers';
import { skewedRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 800;
const D = 32;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

interface Built {
  readonly quantizer: string;
  readonly secondary?: string;
  readonly secondaryBits?: number;
  readonly bytesPerVector: number;
}

beforeAll(async () => {
  await writeNpy(at('base.npy'), skewedRows(N, D, { seed: 2 }), D);
  await writeNpy(at('queries.npy'), skewedRows(30, D, { seed: 2, stream: 'query' }), D);
  await sagittaJson(
    ...['truth', at('base.npy'), '--queries', at('queries.npy'), '-k', 10, '--out', at('t.ivecs')],
  );
});

async function recall(path: string, ...flags: string[]): Promise<number> {
  const { rows } = await sagittaJson<{ rows: { recall: number }[] }>(
    ...['eval', path, '--queries', at('queries.npy'), '--truth', at('t.ivecs'), '-k', 10, '--nprobe', 6],
    ...flags,
  );
  return rows[0]?.recall as number;
}

describe('build --quantizer leanvec', () => {
  const lean = ['--quantizer', 'leanvec', '--primary', 'rabitq', '--bits', '4', '--dims', '16'];

  it.each(['flat', 'ivf'])('%s: any primary and any secondary in one file', async (index) => {
    const path = at(`${index}.sag`);
    const lists = index === 'ivf' ? ['--nlist', '6'] : [];
    const kind = ['build', at('base.npy'), '--out', path, '--index', index, ...lists, ...lean];
    const alone = await sagittaJson<Built>(...kind);
    expect(alone.secondary).toBeUndefined();
    const built = await sagittaJson<Built>(...kind, '--secondary', 'scalar', '--secondary-bits', '8');
    expect(built).toMatchObject({ quantizer: 'leanvec', secondary: 'scalar', secondaryBits: 8 });
    // 8 bits of 32 dims, and 4 bytes for the term of squared distances
    expect(built.bytesPerVector).toBe(alone.bytesPerVector + 32 + 4);
    expect(await sagittaJson('info', path)).toMatchObject({
      quantizer: 'leanvec',
      secondary: 'scalar',
      bytesPerVector: built.bytesPerVector,
    });
    const first = await recall(path, '--no-rerank');
    expect(first).toBeLessThan(0.9);
    expect(await recall(path)).toBeGreaterThan(0.93);
    expect(await recall(path, '--rerank', '200')).toBeGreaterThan(0.95);
  });

  it('suits the projection to training queries, by either solver', async () => {
    for (const solver of ['sphering', 'frank-wolfe']) {
      const path = at(`${solver}.sag`);
      const suited = ['--training-queries', at('queries.npy'), '--solver', solver];
      await sagittaJson(...['build', at('base.npy'), '--out', path, '--index', 'flat', ...lean, ...suited]);
      expect(await recall(path)).toBeGreaterThan(0.4);
    }
  });

  it('names flags that do not fit', async () => {
    const build = (...flags: string[]) => sagitta('build', at('base.npy'), '--out', at('x.sag'), ...flags);
    expect((await build('--secondary-bits', '8')).stderr).toContain('--secondary-bits');
    expect((await build('--quantizer', 'leanvec', '--primary', 'leanvec')).stderr).toContain('--primary');
    expect((await build('--quantizer', 'leanvec', '--dims', '33')).stderr).toContain('"dims"');
    expect((await build(...lean, '--training-queries', at('none.npy'))).stderr).toContain(
      '--training-queries',
    );
  });
});

it('builds every quantizer by name', async () => {
  for (const flags of [
    ['latent', '--bits', '3'],
    ['low-rank-pq', '--bits', '1', '--cluster-dims', '4'],
    ['turboquant', '--bits', '3', '--sketch'],
    ['lvq', '--bits', '4', '--second-bits', '4', '--means', '4'],
    ['scalar', '--bits', '8', '--ranges', 'vector'],
    ['pca', '--dims', '20'],
    ['saq', '--bits', '3', '--block-size', '32', '--objective', 'absolute'],
    ['turboquant', '--bits', '3', '--no-ratio'],
    ['pq', '--nbits', '4', '--codebook-iterations', '3'],
  ]) {
    const path = at('one.sag');
    const built = await sagittaJson<Built>(
      ...['build', at('base.npy'), '--out', path, '--nlist', '4', '--quantizer', ...(flags as string[])],
    );
    expect(built.quantizer).toBe(flags[0]);
    expect(await recall(path)).toBeGreaterThan(0.3);
  }
});

it('takes older words for quantizers, and reports their names', async () => {
  const kind = ['build', at('base.npy'), '--out', at('old.sag'), '--index', 'flat'];
  const built = await sagittaJson<Built>(...kind, '--quantizer', 'binary', '--secondary', 'none');
  expect(built).toMatchObject({ quantizer: 'sign', secondary: 'float32' });
  expect(await sagittaJson<Built>(...kind, '--quantizer', 'int4')).toMatchObject({
    quantizer: 'scalar',
    bits: 4,
  });
});

it('has a flag for every option of every method, and refuses those of others', async () => {
  const { stdout } = await sagitta('build', '--help');
  for (const method of METHODS) {
    for (const option of Object.keys(method.options)) {
      const others: Record<string, string> = {
        queries: 'training-queries',
        iterations: 'codebook-iterations',
      };
      const flag = others[option] ?? option;
      expect(stdout).toContain(`--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    }
  }
  const build = (...flags: string[]) => sagitta('build', at('base.npy'), '--out', at('x.sag'), ...flags);
  expect(await build('--quantizer', 'lvq', '--block-size', '32')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("option '--block-size' is none of the quantizer lvq"),
  });
  expect(await build('--quantizer', 'rabitq', '--bits', '12')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("option '--bits' expected an integer from 1 to 9, got 12"),
  });
});

describe('pca', () => {
  it('tells variance and recall lost at each number of dims', async () => {
    const report = await sagittaJson<{
      rows: { dims: number; explainedVariance: number; recall: number; recallLost: number }[];
      n: number;
      d: number;
      queries: number;
    }>('pca', at('base.npy'), '--dims', '4,16,32');
    expect([report.n, report.d, report.queries]).toEqual([640, D, 160]);
    expect(report.rows.map(({ dims }) => dims)).toEqual([4, 16, 32]);
    const [few, , all] = report.rows;
    expect(all?.recall).toBeGreaterThan(0.995);
    expect(few?.recallLost).toBeGreaterThan(0.3);
    expect(few?.explainedVariance).toBeLessThan(all?.explainedVariance as number);
  });

  it('prints a table, and names what does not fit', async () => {
    const { stdout } = await sagitta('pca', at('base.npy'), '--quiet');
    expect(stdout).toMatch(/\n\d+ directions stand out from white noise: a hint only, the recall decides\n/);
    expect(stdout).toContain('variance');
    expect(stdout).toContain('held out of 800 × 32');
    expect((await sagitta('pca', at('base.npy'), '--dims', '33')).stderr).toContain('--dims');
  });
});
