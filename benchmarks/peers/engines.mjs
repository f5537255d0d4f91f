// `npm run bench:engines`: multi-vector search through LanceDB and through pgvector (PGlite) beside a MultiVectorIndex, on the token
// vectors of Vaswani: the same FDEs, as many candidates, the same codes, MaxSim by the codec. Needs SAGITTA_DATA. `-- --n 2000` measures
// fewer documents and writes nothing. Writes benchmarks/results/engines.md.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCore } from '@sagitta/core-wasm';
import { buildMultiVectorIndex, MuveraFde, saveMultiVectorIndex } from '@sagitta/retrieval';
import {
  enginePreset,
  insertPgvector,
  lanceRows,
  MultiVectorCodec,
  pgvectorSchema,
  searchLance,
  searchPgvector,
} from '@sagitta/retrieval/engines';
import { muveraPreset } from '@sagitta/retrieval/muvera';
import { loadVaswani, rowsOf, slice } from '../src/mv/token-data.ts';
import { installPeers } from './install.mjs';

const K = 10;
const CANDIDATES = [50, 100, 200, 400];
const ROUNDS = 3;
const { values } = parseArgs({ options: { n: { type: 'string' } } });
const root = process.env.SAGITTA_DATA;
if (!root) throw new Error('bench:engines expected SAGITTA_DATA to name the folder of the token vectors');
await installPeers();
const { connect, Index, makeArrowTable, VectorColumnOptions } = await import('@lancedb/lancedb');
const { Float32 } = await import('apache-arrow');
const { PGlite } = await import('@electric-sql/pglite');
const { vector } = await import('@electric-sql/pglite-pgvector');

const data = await loadVaswani(root);
const n = Math.min(Number(values.n ?? data.documents.n), data.documents.n);
const folder = mkdtempSync(join(tmpdir(), 'sagitta-engines-'));
const core = createCore();
const encoder = new MuveraFde(muveraPreset(enginePreset('pgvector'), data.documents.d));
const codec = new MultiVectorCodec(core, { encoder });
const all = slice(data.documents, 0, n);
const chunks = Array.from({ length: Math.ceil(n / 500) }, (_, i) => {
  const [first, end] = [500 * i, Math.min(n, 500 * (i + 1))];
  return {
    ids: Array.from({ length: end - first }, (_, j) => String(first + j)),
    tokens: slice(data.documents, first, end),
  };
});
const seconds = async (body) => {
  const start = performance.now();
  const value = await body();
  return { value, s: (performance.now() - start) / 1000 };
};
const bytesOf = (path) => {
  const found = statSync(path);
  return found.isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0)
    : found.size;
};

const engines = [];
// rounds of turns: every engine answers all queries, then the next
const built = await seconds(() => buildMultiVectorIndex(core, { tokens: all }, { encoder }));
const index = built.value;
engines.push({
  name: 'MultiVectorIndex, int8 FDEs scanned',
  build: built.s,
  bytes: saveMultiVectorIndex(index).length,
  find: async (query, candidates) =>
    index.search(query, K, { candidates, rerank: candidates }).map(({ id }) => Number(id)),
});
await addLance('IVF_RQ', () => Index.ivfRq({ distanceType: 'dot', numPartitions: 64 }), {
  nprobes: 16,
  refineFactor: 2,
});
await addLance('HNSW_SQ', () => Index.hnswSq({ distanceType: 'dot', m: 16, efConstruction: 200 }), {
  refineFactor: 1,
});
await addPgvector();

async function addLance(name, config, how) {
  const place = join(folder, name);
  const { value: table, s } = await seconds(async () => {
    const database = await connect(place);
    const options = { vectorColumns: { fde: new VectorColumnOptions(new Float32()) } };
    let made;
    for (const chunk of chunks) {
      const rows = lanceRows(codec, chunk);
      const arrow = makeArrowTable(rows, options);
      if (made) await made.add(arrow);
      else made = await database.createTable('documents', arrow);
    }
    await made.createIndex('fde', { config: config() });
    for (let i = 0; i < 2; i++) await made.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
    return made;
  });
  engines.push({
    name: `LanceDB, ${name}`,
    build: s,
    bytes: bytesOf(place),
    find: async (query, candidates) => {
      const ef = name.startsWith('HNSW') ? { ef: Math.max(candidates, 100) } : {};
      const hits = await searchLance(table, codec, query, K, { candidates, ...how, ...ef });
      return hits.map(({ id }) => Number(id));
    },
  });
}

async function addPgvector() {
  const place = join(folder, 'pg');
  const { value: database, s } = await seconds(async () => {
    const made = await PGlite.create({ dataDir: place, extensions: { vector } });
    await made.exec('create extension vector');
    const schema = pgvectorSchema(codec, 'documents');
    await made.exec(schema.table);
    for (const chunk of chunks) await insertPgvector(made, 'documents', codec, chunk);
    await made.exec(`set maintenance_work_mem = '1GB'; ${schema.index}; analyze "documents"`);
    return made;
  });
  engines.push({
    name: 'pgvector, HNSW over halfvec',
    build: s,
    bytes: bytesOf(place),
    find: async (query, candidates) =>
      (await searchPgvector(database, 'documents', codec, query, K, { candidates })).map(({ id }) =>
        Number(id),
      ),
  });
}

const queries = Array.from({ length: data.queries.n }, (_, q) => rowsOf(data.queries, q));
const truth = queries.map((query, q) =>
  n === data.documents.n
    ? [...data.truth.subarray(q * data.truthWidth, q * data.truthWidth + K)]
    : index.search(query, K, { exact: true }).map(({ id }) => Number(id)),
);
const figures = new Map(engines.map((engine) => [engine, CANDIDATES.map(() => ({ hits: 0, ms: [] }))]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const engine of engines) {
    for (const [c, candidates] of CANDIDATES.entries()) {
      const point = figures.get(engine)[c];
      for (const [q, query] of queries.entries()) {
        const start = performance.now();
        const found = await engine.find(query, candidates);
        if (round > 0) point.ms.push(performance.now() - start);
        else point.hits += found.filter((id) => truth[q].includes(id)).length;
      }
    }
  }
}
const lines = engines.map((engine) => {
  const cells = figures.get(engine).map(({ hits, ms }) => {
    const sorted = [...ms].sort((a, b) => a - b);
    return `${(hits / (queries.length * K)).toFixed(3)} · ${sorted[sorted.length >> 1].toFixed(1)} ms`;
  });
  return `| ${engine.name} | ${cells.join(' | ')} | ${Math.round(engine.bytes / n).toLocaleString('en')} | ${engine.build.toFixed(0)} s |`;
});
const page = `# Multi-vector search through engines of single vectors

\`npm run bench:engines\`: ${n.toLocaleString('en')} abstracts of Vaswani, ${(all.data.length / all.d).toLocaleString('en')} tokens of ${all.d} numbers, ${queries.length} queries; FDEs of ${codec.length} numbers,
tokens in ${codec.bytesPerToken} bytes each. Every engine is asked for the candidates with their codes, and the codec of \`@sagitta/retrieval/engines\` ranks them by MaxSim. Recall of the ten
best by exact MaxSim, and the median time of a query with everything, in turns, in one process. ${cpus()[0].model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.

| | ${CANDIDATES.map((count) => `${count} candidates`).join(' | ')} | bytes a document on disk | built in |
|---|${CANDIDATES.map(() => '---|').join('')}---|---|
${lines.join('\n')}

pgvector runs in PGlite here, PostgreSQL in WebAssembly; a server of its own is faster. Built in: coding the documents with it.
`;
console.log(page);
if (values.n === undefined)
  writeFileSync(fileURLToPath(new URL('../results/engines.md', import.meta.url)), page);
index.dispose();
codec.dispose();
core.dispose();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
