/**
 * kill -9 in the middle of saves: whatever the moment, the file is the last save that was acknowledged or a later one,
 * whole, and the next save removes what the killed process left behind.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { buildFlat, createCore, loadIndexFile, saveIndexFile } from '../src/index.ts';
import { bundle } from './support/bundle.ts';
import { temporaryFolder } from './support/temporary.ts';

const ROUNDS = 1000;
const D = 256;
const [SAVER] = bundle(temporaryFolder().path, ['test/support/save-forever.mjs']);
const folder = temporaryFolder();
const path = join(folder.path, 'index.sag');

/** Which save the file is from. @throws FormatError if it is torn */
async function savedVersion(): Promise<number> {
  using core = createCore();
  using index = await loadIndexFile(core, path);
  expect(index.n).toBe(400);
  return index.keptVectors[0]?.[0] as number;
}

/** Kills a saver after `delay` ms. @returns the last version that it acknowledged, or `before` */
async function killedAfter(delay: number, before: number): Promise<number> {
  const child = spawn(process.execPath, [SAVER, path, String(before + 1)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let output = '';
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      resolve();
    });
  });
  await Promise.race([begun, ended]);
  await sleep(delay);
  child.kill('SIGKILL');
  await ended;
  return Number(output.trimEnd().split('\n').at(-1) || before);
}

it(`${ROUNDS} kills: 0 torn, 0 lost, 0 leftovers after the next save`, async () => {
  const random = new RandomStream(1, 'kill');
  let version = 0;
  let left = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await killedAfter(random.nextBelow(40), version);
    const saved = await savedVersion();
    // one save may be in place that nobody was told of yet
    expect(saved, `round ${round}`).toBeGreaterThanOrEqual(acknowledged);
    expect(saved, `round ${round}`).toBeLessThanOrEqual(acknowledged + 1);
    expect(saved).toBeGreaterThan(version);
    version = saved;
    left += readdirSync(folder.path).length - 1;
  }
  // the kills did hit saves
  expect(left).toBeGreaterThan(ROUNDS / 100);
  using core = createCore();
  using index = buildFlat(core, new Float32Array(D).fill(1), D, { metric: 'l2', quantizer: 'float32' });
  await saveIndexFile(path, index);
  expect(readdirSync(folder.path)).toEqual(['index.sag']);
});
