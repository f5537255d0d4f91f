/** sagitta mv build: what is chosen where no FDE is named, and the bytes that it tells. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeMvecs } from '../../src/writers/mvecs.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { topicSets } from '../support/topic-sets.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const D = 16;
const N = 120;

interface Built {
  n: number;
  fde: string;
  fdeLength: number;
  fdeEncoding: string;
  fileBytes: number;
  memoryBytes: number;
  bytesPerDocument: Record<'fdes' | 'finerFdes' | 'tokens' | 'file' | 'memory', number>;
  chosen?: { reason: string; isEnough: boolean };
}

beforeAll(() => writeMvecs(at('docs.mvecs'), [topicSets(N, 'documents', D)], D));

describe('mv build', () => {
  it('chooses by measuring where no FDE is named, says why, and is overruled by flags', async () => {
    const build = (...more: (string | number)[]): Promise<Built> =>
      sagittaJson<Built>('mv', 'build', at('docs.mvecs'), '--out', at('auto.smv'), ...more);
    const built = await build();
    expect(built.chosen?.reason).toMatch(/finds \.?\d.* of the exact top 10 among 100 .* of 120 documents/);
    expect(built.chosen?.reason).toContain(built.fdeEncoding);
    // fewer bytes than the default of before
    expect(built.bytesPerDocument.fdes).toBeLessThan(2560);
    const told = await build('--fde-encoding', 'int8');
    expect(told.fdeEncoding).toBe('int8');
    expect(told.chosen?.reason).toContain('int8');
    const inGraph = await build('--fde-index', 'graph');
    expect(inGraph.fdeEncoding).toBe('saq');
    for (const fde of ['split', 'learned']) {
      const own = await build('--fde', fde, '--cells', 16, '--voters', 256);
      expect([own.fde, own.chosen]).toEqual([fde, undefined]);
    }
    const few = await build('--limit', 40);
    expect(few).toMatchObject({ n: 40, fde: 'muvera', chosen: { isEnough: false } });
    expect(few.chosen?.reason).toContain('50 are the fewest');
    const { stdout } = await sagitta('mv', 'build', at('docs.mvecs'), '--out', at('auto.smv'));
    expect(stdout).toMatch(/because +.*enough.*; --fde and --fde-encoding override it/);
    const first = readFileSync(at('auto.smv'));
    await build();
    expect(readFileSync(at('auto.smv')).equals(first)).toBe(true);
  }, 120_000);

  it('counts what the file and memory take, and codes as they are', async () => {
    for (const [encoding, perNumber] of [
      ['int8', 1],
      ['saq', 0.5],
    ] as const) {
      const flags = ['--fde', 2560, '--document-scale', 'unit', '--fde-encoding', encoding];
      const built = await sagittaJson<Built>(
        'mv',
        'build',
        at('docs.mvecs'),
        '--out',
        at('sized.smv'),
        ...flags,
      );
      const { fdes, tokens, file, memory } = built.bytesPerDocument;
      const size = readFileSync(at('sized.smv')).length;
      expect([built.fileBytes, file * N]).toEqual([size, size]);
      // a code and its factors, nothing of the room that chunks keep for documents to come
      expect(fdes).toBeGreaterThanOrEqual(built.fdeLength * perNumber);
      expect(fdes).toBeLessThan(1.1 * built.fdeLength * perNumber);
      expect(tokens).toBe(5 * (D + 4));
      expect(size).toBeGreaterThan(N * (fdes + tokens));
      expect(memory).toBe(built.memoryBytes / N);
      expect(built.memoryBytes).toBeGreaterThan(N * (fdes + tokens));
    }
  });
});
