// `npm run bench:peers`: Sagitta beside what else a Node user could take, each in a process of its own, in turns, in one run for each
// set. `-- --sets fashion-mnist --contenders sagitta,usearch --n 10000` measures a part; `--sets smoke` takes seconds. Needs
// SAGITTA_DATA for sets that are read. `--limit S` stops a build after S seconds of computing, `--folder PATH` keeps what was built and takes it
// again; `--build` does that alone. Writes benchmarks/results/peers.json, .md and the pictures, of runs that no `--contenders` or `--n`
// cut down.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coldStarts } from './cold-start.mjs';
import { Contender, StoppedError } from './contender.mjs';
import { installPeers } from './install.mjs';
import { installSize } from './install-size.mjs';
import { buildContender, FILTERS, openContender, takeBatches, takeTurns, usualSetting } from './measure.mjs';
import { writePage } from './report.mjs';
import { prepareSet, SETS } from './sets.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const MODULES = readdirSync(here('contenders')).map((file) => file.replace('.mjs', ''));
/** Where not all are wanted: of cold starts one variant each, of the million × 384 our files beside two databases that keep them on the disk. */
const SOME = {
  cold: [
    'edgevec',
    'hnswlib-node',
    'hnswlib-wasm',
    'lancedb IVF_PQ',
    'mememo',
    'orama',
    'pglite',
    'rabitq-wasm rerank 20',
    'sagitta flat, 4 bits',
    'sagitta graph, 4 bits',
    'sagitta-collection',
    'sqlite-vec',
    'usearch',
    'voy-search',
    'zvec HNSW',
  ],
  'clusters-1m': [
    'edgevec',
    'hnswlib-node',
    'hnswlib-wasm',
    'lancedb IVF_PQ',
    'mememo',
    'orama',
    'pglite',
    'rabitq-wasm rerank 80',
    'sagitta lists, 4 bits',
    'sagitta lists, 8 bits',
    'sagitta graph, 8 bits',
    'sqlite-vec',
    'usearch',
    'voy-search',
    'zvec HNSW',
  ],
  'clusters-1m-384': ['sagitta lists, 4 bits', 'sagitta-collection', 'sqlite-vec', 'lancedb IVF_PQ'],
};

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: 'cold,fashion-mnist,cifar10-mobilenetv2,clusters-1m,clusters-1m-384' },
    contenders: { type: 'string' },
    n: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    limit: { type: 'string', default: '600' },
    folder: { type: 'string' },
    build: { type: 'boolean', default: false },
  },
});
const names = values.sets.split(',');
for (const name of names)
  if (!(name in SETS)) throw new Error(`"--sets" expected ${Object.keys(SETS)}, got ${name}`);
const results = here('../results/peers.json');
const isPart = values.contenders !== undefined || values.n !== undefined || values.build;
const root = values.folder ?? mkdtempSync(join(tmpdir(), 'sagitta-peers-'));
const started = performance.now();
const log = (line) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}`);

await installPeers();
const modules = await describeModules();
try {
  for (const name of names) {
    const measured = await measureSet(name);
    if (measured === undefined) continue;
    if (isPart || name === 'smoke') console.log(JSON.stringify(measured, null, 1));
    else keep(name, measured);
  }
  if (!isPart && !names.includes('smoke'))
    writePage(JSON.parse(readFileSync(results, 'utf8')), here('../results'));
} finally {
  if (values.folder === undefined) rmSync(root, { recursive: true, force: true });
}

/** Modules, each asked in a process of its own; one that cannot be loaded here is told of and has no variants. */
async function describeModules() {
  const described = [];
  for (const name of MODULES) {
    if (values.contenders !== undefined && !wantedNames().some((wanted) => wanted.split(' ')[0] === name))
      continue;
    const contender = new Contender(name, '');
    try {
      described.push(await contender.ask('describe'));
    } catch (error) {
      log(`${name}: ${error.message}`);
      described.push({ name, variants: [], failure: firstLine(error) });
    }
    contender.kill();
  }
  return described;
}

function wantedNames(setName) {
  return values.contenders?.split(/,(?! )/) ?? SOME[setName];
}

function entriesOf(setName) {
  const wanted = wantedNames(setName);
  const isWanted = (module, variant) =>
    wanted === undefined || wanted.includes(module) || wanted.includes(`${module} ${variant}`);
  return modules.flatMap((module) =>
    module.variants
      .filter(({ name }) => isWanted(module.name, name))
      .map((variant) => ({ module, variant, name: `${module.name} ${variant.name}`, row: {} })),
  );
}

async function measureSet(setName) {
  const entries = entriesOf(setName);
  const folder = join(root, setName);
  const { set, truth } = await prepareSet(setName, {
    root: process.env.SAGITTA_DATA,
    folder,
    ...(values.n && { limit: Number(values.n) }),
  });
  log(`${setName}: ${set.n} × ${set.d}, ${set.nq} queries`);
  const load = [loadavg()[0]];
  const onFailure = (entry, error) => {
    log(`${entry.name}: ${error.message}`);
    entry.row.failure = error instanceof StoppedError ? error.message : firstLine(error);
    entry.contender?.kill();
  };
  for (const entry of entries) {
    if (values.build && !entry.module.saves) continue;
    try {
      entry.built = await buildContender(entry, set, { folder, limit: Number(values.limit) });
      Object.assign(entry.row, entry.built.figures);
      log(`${entry.name}: built in ${entry.row.seconds.toFixed(1)} s`);
    } catch (error) {
      onFailure(entry, error);
    }
  }
  load.push(loadavg()[0]);
  const built = entries.filter((entry) => entry.built !== undefined);
  if (values.build) return;
  if (setName === 'cold') {
    for (const entry of built) entry.built.contender?.kill();
    const times = await coldStarts(built, set, truth, onFailure);
    for (const [entry, ms] of times) entry.row.coldMs = ms;
    for (const entry of entries) entry.row.install = installSize(entry.module.installs);
  } else await measureAnswers(built, set, truth, onFailure);
  load.push(loadavg()[0]);
  return {
    title: SETS[setName].title,
    n: set.n,
    d: set.d,
    queries: set.nq,
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
    engine: `Node ${process.version}`,
    load,
    limit: Number(values.limit),
    unloadable: modules.filter(({ failure }) => failure).map(({ name, failure }) => ({ name, failure })),
    contenders: entries.map(({ name, module, row }) => ({
      name,
      metric: module.metric,
      saves: module.saves,
      ...row,
    })),
  };
}

async function measureAnswers(built, set, truth, onFailure) {
  const rounds = Number(values.rounds);
  for (const entry of built) {
    try {
      const { contender, figures } = await openContender(entry, set);
      entry.contender = contender;
      Object.assign(entry.row, figures);
      log(`${entry.name}: opened, ${figures.megabytes.toFixed(0)} MB`);
    } catch (error) {
      onFailure(entry, error);
    }
  }
  const live = () =>
    built.filter(({ contender, row }) => contender !== undefined && row.failure === undefined);
  const everySetting = ({ variant }) => variant.settings.map((_, i) => i);
  const points = await takeTurns(live(), set, truth, { rounds, settingsOf: everySetting, onFailure });
  for (const [entry, own] of points) {
    entry.row.points = own;
    entry.usual = usualSetting(own);
    log(
      `${entry.name}: ${own.map(({ recall, qps }) => `${recall.toFixed(3)} ${qps.toFixed(0)}/s`).join(', ')}`,
    );
  }
  for (const below of FILTERS) {
    const able = live().filter(({ module }) => !module.cannotFilter);
    const filtered = await takeTurns(able, set, truth, {
      rounds,
      below,
      settingsOf: (entry) => [entry.usual],
      onFailure,
    });
    for (const [entry, [point]] of filtered) {
      entry.row.filtered = { ...entry.row.filtered, [below]: point };
      log(`${entry.name}, draw < ${below}: ${point.recall.toFixed(3)} ${point.qps.toFixed(0)}/s`);
    }
  }
  const batching = live().filter(({ row }) => row.canBatch);
  const batches = await takeBatches(batching, set, truth, {
    rounds,
    settingOf: (entry) => entry.usual,
    onFailure,
  });
  for (const [entry, qps] of batches)
    entry.row.batch = { setting: entry.variant.settings[entry.usual].name, qps };
  for (const entry of live()) {
    await entry.contender.ask('close').catch(() => {});
    entry.contender.kill();
  }
}

function firstLine(error) {
  return error.message.split('\n')[0];
}

function keep(name, measured) {
  let all = {};
  try {
    all = JSON.parse(readFileSync(results, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  writeFileSync(results, `${JSON.stringify({ ...all, [name]: measured }, null, 1)}\n`);
}
