// Runs the worker in workerd: bundled under the conditions that wrangler sets, its binaries imported as modules.
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { mustExecute } from '../tools/checks/process.mjs';
import { FOLDER } from './install.mjs';

const TIME_LIMIT_MS = 300_000;

/**
 * @param {string} program
 * @param {import('./runtimes.mjs').Work} work
 * @returns {Promise<import('./runtimes.mjs').Outcome>}
 */
export async function runWorkerd(program, work) {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-workerd-'));
  try {
    const binaries = await bundleWorker(folder, work.module);
    const inputs = Object.entries(work.inputs ?? {});
    for (const [name, file] of inputs) await copyFile(file, join(folder, name));
    await writeFile(join(folder, 'workerd.capnp'), configuration(binaries, Object.keys(work.inputs ?? {})));
    const version = (await mustExecute(program, ['--version'])).trim().replace('workerd ', '');
    return { version, ...(await serve(program, folder)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Writes worker.mjs and the binaries it imports; they stay imports, which is what workerd wants.
 * @returns {Promise<string[]>} names of the binaries
 */
async function bundleWorker(folder, module) {
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
    alias: { work: module },
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
  return [...binaries].map((file) => basename(file));
}

function configuration(binaries, inputs) {
  const modules = [
    '(name = "worker.mjs", esModule = embed "worker.mjs")',
    ...binaries.map((name) => `(name = "${name}", wasm = embed "${name}")`),
    ...inputs.map((name) => `(name = "${name}", data = embed "${name}")`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .work)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const work :Workerd.Worker = (modules = [${modules.join(', ')}], compatibilityDate = "2025-01-01");
`;
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
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return { result: outcome.result, peakBytes: 1024 * Number(/VmHWM:\s*(\d+)/.exec(status)[1]) };
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
