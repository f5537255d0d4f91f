/** Ctrl-C during a build: the process ends at once, and neither a half-written file nor a temporary one stays. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { writeNpy } from '../../src/index.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs the command and sends SIGINT as soon as stderr says `when`. */
function interrupted(argv: readonly string[], when: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@sagitta/source', MAIN, ...argv], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  let sent = false;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (sent || !stderr.includes(when)) return;
    sent = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}

it.each(['training on', 'writing'])('leaves nothing behind while it says "%s"', async (when) => {
  await writeNpy(join(folder.path, 'base.npy'), gaussianRows(6000, 256, 1), 256);
  const out = folder.write('index.sag', 'what was there');
  const before = readdirSync(folder.path);
  const { code, signal, stderr } = await interrupted(
    [
      'build',
      join(folder.path, 'base.npy'),
      '--out',
      out,
      '--nlist',
      '64',
      '--quantizer',
      'none',
      '--keep-vectors',
    ],
    when,
  );
  expect(stderr).toContain(when);
  // status 130, or the signal itself where no file was being written
  expect(code === 130 || signal === 'SIGINT', `code ${code}, signal ${signal}\n${stderr}`).toBe(true);
  expect(readdirSync(folder.path)).toEqual(before);
  expect(readFileSync(out, 'utf8')).toBe('what was there');
});
