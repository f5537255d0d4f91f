// `npm run bench:runtimes`: the suite in Node 20, 22, 24, Bun, Deno, workerd, Chromium and Firefox, in turns; best of all turns.
// Writes benchmarks/results/runtimes.md and runtimes.svg. `-- --rounds 1 bun workerd` measures once, in the named ones and Node 20.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCore } from '@sagitta/core-wasm';
import { installRuntimes, RUNTIMES } from '../../runtime-tests/runtimes.mjs';
import { bundleSizes } from './bundle-sizes.mjs';
import { buildInputs } from './inputs.mjs';
import { runtimesChart, runtimesReport } from './report.mjs';
import { answers, isRight } from './suite.mjs';

const BASELINE = 'node 20';
const COLD_STARTS = 5;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, out: { type: 'string', default: here('../results') } },
  allowPositionals: true,
});
const runtimes = RUNTIMES.filter(
  ({ name }) => positionals.length === 0 || name === BASELINE || positionals.includes(name),
);
await installRuntimes();
const folder = await mkdtemp(join(tmpdir(), 'sagitta-bench-'));
const inputs = {};
const core = createCore();
for (const { name, bytes } of buildInputs(core)) {
  inputs[name] = join(folder, `${name}.sag`);
  await writeFile(inputs[name], bytes);
}

const expected = await answers(async (name) => new Uint8Array(await readFile(inputs[name])));

/** @type {Map<string, import('./report.mjs').RuntimeResult>} */
const results = new Map();
let differences = 0;
for (let round = 0; round < Number(values.rounds); round++) {
  for (const runtime of runtimes) {
    const suite = await runtime.run({ module: here('suite.mjs'), inputs });
    const starts = [];
    for (let i = 0; i < COLD_STARTS; i++) {
      starts.push((await runtime.run({ module: here('cold-start.mjs'), inputs })).result);
    }
    merge(runtime, suite, starts);
    console.log(`round ${round + 1}: ${runtime.name} ${suite.version}`);
  }
  await writeReport();
}
await rm(folder, { recursive: true });
for (const { name, measured } of results.values()) differences += countDifferences(name, measured);

console.log(`${results.size} runtimes, ${differences} answers differ from those of this Node`);
process.exitCode = differences > 0 ? 1 : 0;

/** After each round, so that a run that is stopped leaves what it has. */
async function writeReport() {
  const all = [...results.values()];
  await writeFile(join(values.out, 'runtimes.md'), runtimesReport(all, await bundleSizes(), BASELINE));
  await writeFile(join(values.out, 'runtimes.svg'), runtimesChart(all, BASELINE));
}

/** Keeps the best time of each case and the fastest cold start. */
function merge({ name, engine }, { version, result, peakBytes }, starts) {
  const before = results.get(name);
  const measured = result.measured.map((one, i) => {
    const earlier = before?.measured[i];
    return earlier === undefined ? one : { ...one, best: Math.min(one.best, earlier.best) };
  });
  const coldStart = [...starts, ...(before ? [before.coldStart] : [])].reduce((a, b) =>
    sum(a) <= sum(b) ? a : b,
  );
  results.set(name, { name, engine, version, measured, memory: result.memory, peakBytes, coldStart });
}

function sum(phases) {
  return Object.values(phases).reduce((total, ms) => total + ms, 0);
}

function countDifferences(name, measured) {
  const wrong = measured.filter((one) => !isRight(one, expected));
  for (const one of wrong) console.error(`${name}: ${one.group}: ${one.name} gives another answer`);
  return wrong.length;
}
