// Runs the worker in workerd: bundled under the conditions that wrangler sets, its binaries imported as modules.
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { mustExecute } from '../tools/checks/process.mjs';
import { FOLDER } from './install.mjs';

const TIME_LIMIT_MS = 30_000;

/** @returns {Promise<{ version: string, hashes: Record<string, string> }>} */
export async function runWorkerd(program) {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-workerd-'));
  try {
    await bundleWorker(folder);
    await copyFile(join(FOLDER, 'workerd.capnp'), join(folder, 'workerd.capnp'));
    const version = (await mustExecute(program, ['--version'])).trim().replace('workerd ', '');
    return { version, hashes: await serve(program, folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes worker.mjs and the binaries it imports; they stay imports, which is what workerd wants. */
async function bundleWorker(folder) {
  const binaries = new Set();
  const keepBinaries = {
    name: 'keep-binaries',
    setup(bundler) {
      bundler.onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
        binaries.add(join(resolveDir, path));
        return { path: `./${basename(path)}`, external: true };
      });
    },
  };
  const { outputFiles } = await build({
    entryPoints: [join(FOLDER, 'entry-worker.mjs')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [keepBinaries],
    logLevel: 'silent',
  });
  if (binaries.size === 0) throw new Error('the workerd condition was not taken: no binary is imported');
  await writeFile(join(folder, 'worker.mjs'), outputFiles[0].contents);
  for (const file of binaries) await copyFile(file, join(folder, basename(file)));
}

async function serve(program, folder) {
  const port = await freePort();
  const child = spawn(program, ['serve', 'workerd.capnp', `--socket-addr=http=127.0.0.1:${port}`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const outcome = await ask(`http://127.0.0.1:${port}/`, child);
    if (outcome.error) throw new Error(outcome.error);
    return outcome.hashes;
  } catch (error) {
    throw new Error(`${error.message}\n${log}`);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Asks until the socket is open. */
async function ask(address, child) {
  const end = Date.now() + TIME_LIMIT_MS;
  while (Date.now() < end && child.exitCode === null) {
    try {
      return await (await fetch(address, { signal: AbortSignal.timeout(TIME_LIMIT_MS) })).json();
    } catch (error) {
      if (error.name === 'SyntaxError' || error.name === 'TimeoutError') throw error;
      await sleep(100);
    }
  }
  throw new Error('workerd did not answer');
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
