// The same work in every runtime: Node 20, 22 and 24, Bun, Deno, workerd, Chromium, Firefox.
// Index files are built in this Node and searched in each of them, and each has to give the hashes that this Node gave.
// The bench page runs in both browsers, briefly. A runtime that cannot be installed or started fails.
// `node runtime-tests/run.mjs bun workerd` runs the named ones. SAGITTA_RUNTIME_REPORT=FILE keeps the counts.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { runBenchPage } from './bench-page.mjs';
import { FOLDER } from './install.mjs';
import { OPENERS } from './page.mjs';
import { installRuntimes, RUNTIMES } from './runtimes.mjs';
import { run as computeHashes } from './smoke/index.mjs';
import { buildFiles } from './smoke/indexes.mjs';
import { hash } from './smoke/seeded.mjs';

const wanted = process.argv.slice(2);
await installRuntimes();
const folder = await mkdtemp(join(tmpdir(), 'sagitta-runtimes-'));
const work = { module: join(FOLDER, 'smoke/index.mjs'), inputs: await writeInputs(folder) };

const expected = await computeHashes(async (name) => new Uint8Array(await readFile(work.inputs[name])));
console.log(
  `     ${Object.keys(expected).length} hashes, together ${await fingerprint()}, computed by Node ${process.version}`,
);

let passed = 0;
let failed = 0;
for (const { name, run } of [
  ...RUNTIMES.map((runtime) => ({ name: runtime.name, run: () => runSmoke(runtime) })),
  ...Object.entries(OPENERS).map(([browser, open]) => ({
    name: `bench page, ${browser}`,
    run: () => runBenchPage(open),
  })),
]) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const start = performance.now();
  let outcome = 'ok  ';
  let detail;
  try {
    detail = await run();
    passed++;
  } catch (error) {
    outcome = 'FAIL';
    detail = error instanceof Error ? error.message : String(error);
    failed++;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${outcome} ${name.padEnd(20)} ${seconds.padStart(5)} s  ${detail}`);
}
await rm(folder, { recursive: true });
console.log(`runtimes: ${passed} passed, ${failed} failed`);
const report = process.env.SAGITTA_RUNTIME_REPORT;
if (report) await writeFile(report, JSON.stringify({ passed, failed }));
process.exitCode = failed > 0 ? 1 : 0;

async function runSmoke(runtime) {
  const { version, result: hashes } = await runtime.run(work);
  compare(hashes);
  return `${version}, ${Object.keys(hashes).length} hashes equal`;
}

/** The index files of the smoke run, built here; their paths by name. */
async function writeInputs(folder) {
  const core = createCore();
  const inputs = {};
  for (const { name, bytes } of buildFiles(core)) {
    inputs[name] = join(folder, `${name}.sag`);
    await writeFile(inputs[name], bytes);
  }
  core.dispose();
  return inputs;
}

/** One hash of all names and hashes, to be compared by eye between machines. */
async function fingerprint() {
  return (await hash(new TextEncoder().encode(JSON.stringify(expected)))).slice(0, 16);
}

function compare(hashes) {
  const names = new Set([...Object.keys(expected), ...Object.keys(hashes)]);
  if (names.size === 0) throw new Error('nothing was computed');
  const different = [...names].filter((name) => hashes[name] !== expected[name]);
  if (different.length > 0) {
    throw new Error(
      different.map((name) => `${name}: ${hashes[name]}, expected ${expected[name]}`).join('\n'),
    );
  }
}
