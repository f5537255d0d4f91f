/** sagitta diagnose: figures, sentences, a page, and another version of a model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { type Diagnosis, diagnose, type ModelDifference } from '@sagitta/retrieval/diagnosis';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 400;
const D = 10;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const rows = clusteredRows(N, D, { seed: 4, clusters: 9, spread: 0.6 });

beforeAll(async () => {
  await writeNpy(at('base.npy'), rows, D);
  await writeNpy(at('few.npy'), rows.slice(0, 20 * D), D);
  await writeNpy(
    at('queries.npy'),
    clusteredRows(40, D, { seed: 4, clusters: 9, spread: 0.6, stream: 'query' }),
    D,
  );
  const other = rows.map((value, i) => (i % D === 3 ? -value : value));
  await writeNpy(at('new.npy'), other, D);
});

describe('sagitta diagnose', () => {
  it('prints what diagnose measures', async () => {
    const found = await sagittaJson<Diagnosis>(
      'diagnose',
      at('base.npy'),
      '--queries',
      at('queries.npy'),
      '--quiet',
    );
    using core = createCore();
    const wanted = diagnose(core, { data: rows, d: D }, { metric: 'l2' });
    expect(found.intrinsic).toEqual(wanted.intrinsic);
    expect(found.advice).toEqual(wanted.advice);
    expect(found.queries?.outOfDistribution).toBeGreaterThan(0);
    const { stdout } = await sagitta('diagnose', at('base.npy'), '--quiet');
    expect(stdout).toMatch(/^vectors +400 × 10: 0 copies/);
    expect(stdout).toContain(`MLE ${wanted.intrinsic.mle.toFixed(1)}`);
    for (const { text } of wanted.advice) expect(stdout).toContain(text);
  });

  it('writes a page with charts, and compares versions of a model', async () => {
    const run = [
      'diagnose',
      at('base.npy'),
      '--against',
      at('new.npy'),
      '--html',
      at('page.html'),
      '--quiet',
    ];
    const { against } = await sagittaJson<{ against: ModelDifference }>(...run);
    expect(against).toMatchObject({ neighbourOverlap: 1, advice: 'rotate' });
    expect(against.mixedOverlap).toBeLessThan(1);
    const page = readFileSync(at('page.html'), 'utf8');
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain('Rows by local dimension');
    expect(page).toContain('Against the other version of the model');
    expect(page).not.toContain('NaN');
  });

  it.each<[string, () => string[], RegExp]>([
    [
      'few rows',
      () => [at('few.npy')],
      /^error: BASE: "sample" expected at least 30 rows that differ, got 20\n$/,
    ],
    [
      'other counts',
      () => [at('base.npy'), '--against', at('few.npy')],
      /^error: --against: expected the 400 items/,
    ],
    [
      'a page over its input',
      () => [at('base.npy'), '--html', at('base.npy')],
      /^error: --html: expected another/,
    ],
  ])('refuses %s', async (_, argv, message) => {
    const { status, stderr } = await sagitta('diagnose', ...argv(), '--quiet');
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });
});
