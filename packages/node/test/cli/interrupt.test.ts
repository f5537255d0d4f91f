/** Ctrl-C during a build: the process ends at once, and neither a half-written file nor a temporary one stays. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gaussianRows } from '@sagitta/testing';
import { beforeAll, expect, it } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { bundle } from '../support/bundle.ts';
import { temporaryFolder } from '../support/temporary.ts';

const N = 4000;
const D = 128;
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const [MAIN, HOLD_SYNC] = bundle(temporaryFolder().path, ['src/cli/main.ts', 'test/support/hold-sync.ts']);
// a build that does not fit into the sample of training: it is encoded too
const BUILD = ['--nlist', '16', '--quantizer', 'float32', '--keep-vectors', '--train-size', '1000'];

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** Bytes of the temporary files that were there when the signal was sent. */
  readonly unfinished: readonly number[];
}

/** Runs the command and sends the signal as soon as stderr says `when`. */
function interrupted(argv: readonly string[], when: string, name: NodeJS.Signals): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', HOLD_SYNC, MAIN, ...argv], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  let unfinished: readonly number[] | undefined;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (unfinished !== undefined || !stderr.includes(when)) return;
    unfinished = readdirSync(folder.path)
      .filter((file) => file.endsWith('.tmp'))
      .map((file) => statSync(at(file)).size);
    child.kill(name);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr, unfinished: unfinished ?? [] }));
  });
}

beforeAll(() => writeNpy(at('base.npy'), gaussianRows(N, D, 1), D));

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s while the index is being written ends with status %i', async (name, status) => {
  const out = folder.write('index.sag', 'what was there');
  const before = readdirSync(folder.path);
  const argv = ['build', at('base.npy'), '--out', out, ...BUILD];
  const { code, stderr, unfinished } = await interrupted(argv, 'synchronising', name);
  expect(unfinished.length, stderr).toBe(1);
  // the index was there in full, vectors twice: encoded and kept
  expect(unfinished[0]).toBeGreaterThan(2 * N * D * 4);
  expect(code, stderr).toBe(status);
  expect(readdirSync(folder.path)).toEqual(before);
  expect(readFileSync(out, 'utf8')).toBe('what was there');
});

it('leaves no file of a build that was still training or encoding', async () => {
  const before = readdirSync(folder.path);
  const argv = ['build', at('base.npy'), '--out', at('new.sag'), ...BUILD];
  const { code, signal, stderr } = await interrupted(argv, 'training on', 'SIGINT');
  // where no file is being written nothing stands between the signal and the process
  expect(code === 130 || signal === 'SIGINT', `code ${code}, signal ${signal}\n${stderr}`).toBe(true);
  expect(readdirSync(folder.path)).toEqual(before);
});
