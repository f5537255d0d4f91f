/** sagitta recommend, and build --auto, which builds what it says. */
import { join } from 'node:path';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 1500;
const D = 24;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  await writeNpy(at('base.npy'), clusteredRows(N, D, { seed: 5, clusters: 40, spread: 0.4 }), D);
});

interface Choice {
  readonly index: 'flat' | 'ivf' | 'graph';
  readonly nlist?: number;
  readonly degree?: number;
  readonly bits: number;
  readonly bytesPerVector: number;
  readonly isEnough: boolean;
  readonly reasons: readonly string[];
}

describe('sagitta recommend', () => {
  it('prints the choice and three sentences of reasons', async () => {
    const choice: Choice = await sagittaJson('recommend', at('base.npy'), '--recall', '0.9', '--quiet');
    expect(choice.isEnough).toBe(true);
    expect(choice.reasons).toHaveLength(3);
    const { stdout } = await sagitta('recommend', at('base.npy'), '--recall', '0.9', '--quiet');
    expect(stdout).toContain(`SAQ of ${choice.bits} bits a dimension has recall@10`);
    expect(stdout).toMatch(/Build with --(index flat|nlist \d+|index graph --degree \d+) --bits [\d.]+/);
  });

  it('takes bytes instead of a recall, not both', async () => {
    const choice: Choice = await sagittaJson('recommend', at('base.npy'), '--bytes', '14', '--quiet');
    expect(choice.bytesPerVector).toBeLessThanOrEqual(14);
    const both = await sagitta('recommend', at('base.npy'), '--bytes', '14', '--recall', '0.9');
    expect(both.status).toBe(2);
    expect(both.stderr).toContain("'--recall <R>' cannot be used with option '--bytes <B>'");
  });
});

describe('sagitta build --auto', () => {
  it('builds what recommend says', async () => {
    const built: { choice: Choice } & Omit<Choice, 'reasons'> = await sagittaJson(
      'build',
      at('base.npy'),
      '--auto',
      '--recall',
      '0.9',
      '--out',
      at('auto.sag'),
      '--quiet',
    );
    const { choice } = built;
    expect([built.index, built.nlist, built.bits]).toEqual([choice.index, choice.nlist, choice.bits]);
    expect(built.bytesPerVector).toBeCloseTo(choice.bytesPerVector, 1);
  });

  it('builds a graph where recommend says so', async () => {
    // times shrink from one to the next, and graphs are measured last
    let now = 0;
    let step = 1;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += step;
      step *= 0.9;
      return now;
    });
    try {
      const asked = [at('base.npy'), '--recall', '0.9', '--quiet'] as const;
      const built: { choice: Choice } & Omit<Choice, 'reasons'> = await sagittaJson(
        'build',
        ...asked,
        '--auto',
        '--out',
        at('graph.sag'),
      );
      const { choice } = built;
      expect(choice).toMatchObject({ index: 'graph', degree: 32 });
      expect([built.index, built.degree, built.bits]).toEqual(['graph', choice.degree, choice.bits]);
      expect(built.bytesPerVector).toBe(choice.bytesPerVector);
      step = 1;
      const { stdout } = await sagitta('recommend', ...asked);
      expect(stdout).toMatch(/A graph of 32 edges at ef \d+ finds recall@10/);
      expect(stdout).toMatch(
        /Build with --index graph --degree 32 --bits [\d.]+, and search it with --ef \d+\./,
      );
    } finally {
      clock.mockRestore();
    }
    const info: { index: string; degree: number } = await sagittaJson('info', at('graph.sag'));
    expect(info).toMatchObject({ degree: 32 });
  });

  it('refuses what it decides itself, and advice without it', async () => {
    const out = ['--out', at('no.sag')];
    const both = await sagitta('build', at('base.npy'), '--auto', '--bits', '2', ...out);
    expect(both.status).toBe(2);
    const alone = await sagitta('build', at('base.npy'), '--recall', '0.9', ...out);
    expect([alone.status, alone.stderr]).toEqual([1, expect.stringContaining('expected --auto beside it')]);
  });
});
