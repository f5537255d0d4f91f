// npm run bench:edge: the example Worker in workerd over large generated indexes: memory and cold start.
// Memory is that of the process, less that of the same worker before it loads its index: what workerd itself takes is the
// host's. The isolate's own heap comes from the inspector. Writes benchmarks/results/edge.md.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { mustExecute } from '../../tools/checks/process.mjs';
import { findInPackages, installFromNpm } from '../install.mjs';
import { makeIndex, makeRows } from './make-index.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const D = 768;
const LIMIT = 128 * 2 ** 20;
const CASES = [
  { name: '800,000 × 768 at 1 bit', n: 800_000, d: D, bits: 1, nlist: 256 },
  { name: '220,000 × 768 at 4 bits', n: 220_000, d: D, bits: 4, nlist: 256 },
];
const SMALL = { name: '10,000 × 384 at 4 bits', n: 10_000, d: 384, bits: 4, nlist: 64 };
const COLD_STARTS = 7;

await installFromNpm();
const program = findInPackages(
  ['@cloudflare/workerd-linux-64', '@cloudflare/workerd-linux-arm64'],
  'bin/workerd',
);
const version = (await mustExecute(program, ['--version'])).trim();
const folder = await mkdtemp(join(tmpdir(), 'sagitta-edge-'));
try {
  await bundle(folder);
  const rows = [];
  for (const one of process.argv.includes('--small') ? [SMALL] : CASES) rows.push(await measureCase(one));
  const cold = await measureColdStart();
  const text = report(rows, cold);
  console.log(text);
  if (!process.argv.includes('--small')) await writeFile(join(ROOT, 'benchmarks/results/edge.md'), text);
  if (rows.some(({ total }) => total > LIMIT)) throw new Error('above 128 MiB');
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** The example and its binary, as wrangler bundles it. */
async function bundle(target) {
  const binaries = new Set();
  await build({
    entryPoints: [join(ROOT, 'packages/web/examples/edge-worker/worker.mjs')],
    outfile: join(target, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [
      {
        name: 'keep-binaries',
        setup(bundler) {
          bundler.onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
            binaries.add(join(resolveDir, path));
            return { path: `./${basename(path)}`, external: true };
          });
        },
      },
    ],
    logLevel: 'error',
  });
  for (const file of binaries) await copyFile(file, join(target, basename(file)));
  await mkdir(join(target, 'assets'), { recursive: true });
  const modules = [...binaries].map(
    (file) => `(name = "${basename(file)}", wasm = embed "${basename(file)}"),`,
  );
  await writeFile(
    join(target, 'workerd.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .search), (name = "assets", disk = (path = "assets", writable = false))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const search :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs"), ${modules.join(' ')}],
  bindings = [(name = "INDEX", service = "assets")],
  compatibilityDate = "2025-01-01",
);
`,
  );
}

async function start() {
  const [port, inspector] = [await freePort(), await freePort()];
  const began = performance.now();
  const child = spawn(
    program,
    [
      'serve',
      'workerd.capnp',
      `--socket-addr=http=127.0.0.1:${port}`,
      `--inspector-addr=127.0.0.1:${inspector}`,
    ],
    { cwd: folder, stdio: 'inherit' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const origin = `http://127.0.0.1:${port}`;
  for (;;) {
    try {
      await (await fetch(origin)).text();
      break;
    } catch {
      if (child.exitCode !== null) throw new Error('workerd ended');
      await sleep(2);
    }
  }
  const startMs = performance.now() - began;
  return {
    origin,
    inspector,
    startMs,
    memory: () => memoryOf(child.pid),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function measureCase(one) {
  const made = await prepare(one);
  console.error(`  ${made.bytes} bytes, ${made.seconds.toFixed(0)} s`);
  const worker = await start();
  try {
    const idle = await worker.memory();
    const stop = watch(worker.memory);
    const info = await (await fetch(`${worker.origin}/info`)).json();
    const times = [];
    const next = makeRows(one.d, 5);
    for (let i = 0; i < 60; i++) times.push(await search(worker.origin, next(1)));
    const after = await worker.memory();
    const peak = await stop();
    const heap = await isolateHeap(worker.inspector);
    return {
      ...one,
      ...made,
      info,
      heap,
      after: { all: after.all - idle.all, own: after.own - idle.own },
      peak: { all: peak.all - idle.all, own: peak.own - idle.own },
      total: Math.max(peak.own - idle.own, info.memoryBytes + (heap?.total ?? 0)),
      ms: times.sort((a, b) => a - b)[times.length >> 1],
    };
  } finally {
    await worker.stop();
  }
}

/** Makes the index, or takes it from the folder SAGITTA_EDGE_INDEXES where an earlier run left it. */
async function prepare(one) {
  const path = join(folder, 'assets/index.sag');
  const kept =
    process.env.SAGITTA_EDGE_INDEXES && join(process.env.SAGITTA_EDGE_INDEXES, `${one.n}-${one.bits}`);
  if (kept && existsSync(`${kept}.json`)) {
    await copyFile(`${kept}.sag`, path);
    return JSON.parse(await readFile(`${kept}.json`, 'utf8'));
  }
  console.error(`making ${one.name} …`);
  const made = await makeIndex(path, one);
  if (kept) {
    await mkdir(process.env.SAGITTA_EDGE_INDEXES, { recursive: true });
    await copyFile(path, `${kept}.sag`);
    await writeFile(`${kept}.json`, JSON.stringify(made));
  }
  return made;
}

async function search(origin, vector) {
  const began = performance.now();
  const response = await fetch(`${origin}/search`, {
    method: 'POST',
    body: JSON.stringify({ vector: [...vector], k: 10, nprobe: 16 }),
  });
  const { ids } = await response.json();
  if (response.status !== 200 || ids.length !== 10) throw new Error(`search answered ${response.status}`);
  return performance.now() - began;
}

/** From the first request of a worker that runs, which makes core and index, to its answer. */
async function measureColdStart() {
  await makeIndex(join(folder, 'assets/index.sag'), SMALL);
  const all = [];
  const next = makeRows(SMALL.d, 5);
  for (let i = 0; i < COLD_STARTS; i++) {
    const worker = await start();
    try {
      all.push({
        process: worker.startMs,
        first: await search(worker.origin, next(1)),
        second: await search(worker.origin, next(1)),
      });
    } finally {
      await worker.stop();
    }
  }
  const median = (key) => all.map((one) => one[key]).sort((a, b) => a - b)[COLD_STARTS >> 1];
  return { process: median('process'), first: median('first'), second: median('second') };
}

/** Bytes resident: all, and what is the process's own rather than pages of its program. */
async function memoryOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { all: field('VmRSS'), own: field('RssAnon') };
}

/** The most memory of the process until the function that comes back is called. */
function watch(memory) {
  const peak = { all: 0, own: 0 };
  let isWatching = true;
  const loop = (async () => {
    while (isWatching) {
      const { all, own } = await memory();
      peak.all = Math.max(peak.all, all);
      peak.own = Math.max(peak.own, own);
      await sleep(5);
    }
  })();
  return async () => {
    isWatching = false;
    await loop;
    return peak;
  };
}

/** What V8 says of the isolate; undefined where this Node has no WebSocket. */
async function isolateHeap(port) {
  if (typeof WebSocket === 'undefined') return undefined;
  const [target] = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('no inspector'));
  });
  const ask = (id, method) =>
    new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.id === id) resolve(message.result);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  const usage = await ask(1, 'Runtime.getHeapUsage');
  socket.close();
  return { used: usage?.usedSize ?? 0, total: usage?.totalSize ?? 0 };
}

function report(rows, cold) {
  const mb = (bytes) => (bytes === undefined ? '–' : (bytes / 2 ** 20).toFixed(1));
  const lines = rows.map(
    ({ name, bytes, bytesPerVector, info, heap, after, peak, ms, seconds }) =>
      `| ${name} | ${bytesPerVector} | ${mb(bytes)} | ${mb(info.bytesUsed)} / ${mb(info.memoryBytes)} | ${mb(heap?.used)} / ${mb(heap?.total)} | ${mb(after.own)} | ${mb(peak.own)} | ${mb(peak.all)} | ${info.milliseconds} | ${ms.toFixed(1)} | ${seconds.toFixed(0)} |`,
  );
  return `# A Worker with an index, in workerd

\`npm run bench:edge\`, ${version}, ${cpus()[0].model}, ${new Date().toISOString().slice(0, 10)}. The worker is
\`packages/web/examples/edge-worker/worker.mjs\`; the index is SAQ in 256 lists over generated clusters, cosine, fetched from a
disk service and streamed into the WebAssembly memory. MiB throughout; the limit of a Worker is 128.

The process's own memory is RssAnon of /proc, read every 5 ms, less that of the same worker after a request that needs no
index: all that the worker allocates, in V8 or beside it. RSS counts pages of workerd's program too, as they come to be used.
The isolate's heap is V8's own figure by the inspector.

| index | bytes a vector | file | core: used / memory | V8 heap: used / total | own, after 60 searches | own, peak | RSS, peak | load ms | search ms (HTTP, median, nprobe 16) | built in s |
|---|---|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}

Cold start over ${SMALL.name}, median of ${COLD_STARTS} processes: the process answers a plain request after
${cold.process.toFixed(0)} ms; the first search, which makes the core, loads the index and answers, takes
${cold.first.toFixed(1)} ms; the second ${cold.second.toFixed(1)} ms. Times are those of a machine that did other work too.
`;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
