/**
 * Search under filters: recall and queries a second by the share that a filter allows, inside the scan and by filtering
 * afterwards. Usage: bench:filtered DATA-FOLDER; writes results/filtered.md and .svg.
 *
 * Random shares come from seeded numbers in the metadata; classes are ten clusters of the collection (its files have no
 * labels), asked for as the class of the query, another one, and all others. "Afterwards" searches for as many as are
 * expected to leave k, at the same lists, and drops what the filter does not allow.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createCore, RandomStream } from '@sagitta/core-wasm';
import { lineChartSvg } from '@sagitta/node';
import { assignToNearest, trainKmeans } from '@sagitta/quantizers';
import { buildVectorIndex, type RecordFilter, type VectorIndex } from '@sagitta/retrieval';
import { type DataSet, loadDataSet } from './data-set.ts';

const K = 10;
const QUERIES = 500;
const ROUNDS = 5;
const SHARES = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const FOLDER = new URL('../results/', import.meta.url);

type Note = { readonly draw: number; readonly class: number };

interface Case {
  readonly name: string;
  readonly share: number;
  readonly filterOf: (q: number) => RecordFilter<Note>;
  readonly allows: (note: Note, q: number) => boolean;
}

interface Row {
  readonly name: string;
  readonly share: number;
  readonly inside: { readonly recall: number; readonly qps: number };
  readonly after: { readonly recall: number; readonly qps: number };
}

function exactNeighbors({ base, queries }: DataSet, notes: readonly Note[], one: Case): Uint32Array[] {
  const { data, d, n } = base;
  return Array.from({ length: Math.min(QUERIES, queries.n) }, (_, q) => {
    const query = queries.data.subarray(q * d, (q + 1) * d);
    const scored: { row: number; distance: number }[] = [];
    for (let row = 0; row < n; row++) {
      if (!one.allows(notes[row] as Note, q)) continue;
      let distance = 0;
      for (let j = 0; j < d; j++) distance += ((data[row * d + j] as number) - (query[j] as number)) ** 2;
      scored.push({ row, distance });
    }
    scored.sort((a, b) => a.distance - b.distance || a.row - b.row);
    return Uint32Array.from(scored.slice(0, K), ({ row }) => row);
  });
}

function recallOf(found: readonly (readonly unknown[])[], truth: readonly Uint32Array[]): number {
  let hits = 0;
  let all = 0;
  for (const [q, rows] of truth.entries()) {
    const ids = new Set(found[q]);
    for (const row of rows) if (ids.has(row)) hits++;
    all += rows.length;
  }
  return all === 0 ? 1 : hits / all;
}

function measure(index: VectorIndex<Note>, set: DataSet, notes: readonly Note[], one: Case): Row {
  const { d } = set.base;
  const truth = exactNeighbors(set, notes, one);
  const queryOf = (q: number): Float32Array => set.queries.data.subarray(q * d, (q + 1) * d);
  const fetch = Math.min(index.n, Math.ceil((1.2 * K) / one.share));
  const inside = (q: number): readonly unknown[] =>
    index.searchIds(queryOf(q), K, one.share === 1 ? {} : { filter: one.filterOf(q) }).ids;
  const after = (q: number): readonly unknown[] =>
    index
      .searchIds(queryOf(q), fetch)
      .ids.filter((id) => one.allows(notes[Number(id)] as Note, q))
      .slice(0, K);
  const best = [0, 0];
  let found: (readonly unknown[])[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    found = [inside, after].map((search, way) => {
      const started = performance.now();
      const ids = truth.map((_, q) => search(q));
      best[way] = Math.max(best[way] as number, truth.length / ((performance.now() - started) / 1000));
      return ids;
    });
  }
  const [a, b] = found.map((ids) => recallOf(ids, truth));
  return {
    name: one.name,
    share: one.share,
    inside: { recall: a as number, qps: best[0] as number },
    after: { recall: b as number, qps: best[1] as number },
  };
}

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error('usage: bench:filtered DATA-FOLDER');
const set = await loadDataSet(root, 'fashion-mnist', { queryLimit: QUERIES });
const core = createCore();
const { base, queries } = set;
const { centroids } = trainKmeans(core, base, { nlist: 10, seed: 1 });
const classOf = assignToNearest(core, base, centroids).ids;
const asked = assignToNearest(core, queries, centroids).ids;
const random = new RandomStream(1, 'bench/filtered');
const notes: Note[] = Array.from(classOf, (one) => ({ draw: random.nextUnit(), class: one }));
const index = buildVectorIndex<Note>(
  core,
  { vectors: base.data, metadata: notes },
  { d: base.d, metric: 'l2', bits: 4, indexed: ['draw', 'class'] },
);
const cases: Case[] = [
  ...SHARES.map((share) => ({
    name: `random, ${share}`,
    share,
    filterOf: () => ({ draw: { lt: share } }),
    allows: ({ draw }: Note) => draw < share,
  })),
  {
    name: 'the class of the query',
    share: 0.1,
    filterOf: (q) => ({ class: asked[q] as number }),
    allows: (note, q) => note.class === asked[q],
  },
  {
    name: 'the class after it',
    share: 0.1,
    filterOf: (q) => ({ class: ((asked[q] as number) + 1) % 10 }),
    allows: (note, q) => note.class === ((asked[q] as number) + 1) % 10,
  },
  {
    name: 'all other classes',
    share: 0.9,
    filterOf: (q) => ({ class: { ne: asked[q] as number } }),
    allows: (note, q) => note.class !== asked[q],
  },
];
const rows = cases.map((one) => {
  const row = measure(index, set, notes, one);
  console.log(
    `${row.name}: inside ${row.inside.recall.toFixed(4)} ${row.inside.qps.toFixed(0)}/s, afterwards ${row.after.recall.toFixed(4)} ${row.after.qps.toFixed(0)}/s`,
  );
  return row;
});
const shares = rows.slice(0, SHARES.length);
mkdirSync(FOLDER, { recursive: true });
writeFileSync(
  new URL('filtered.svg', FOLDER),
  lineChartSvg({
    title: 'Fashion-MNIST under random filters: recall@10',
    xLabel: 'share of the records that the filter allows',
    yLabel: 'recall@10',
    xScale: 'log',
    series: [
      {
        name: 'filter inside the scan',
        points: shares.map(({ share, inside }) => ({
          x: share,
          y: inside.recall,
          label: `${inside.qps.toFixed(0)}/s`,
        })),
      },
      {
        name: 'filtered afterwards',
        points: shares.map(({ share, after }) => ({
          x: share,
          y: after.recall,
          label: `${after.qps.toFixed(0)}/s`,
        })),
      },
    ],
  }),
);
const cell = (value: number): string => value.toFixed(4);
writeFileSync(
  new URL('filtered.md', FOLDER),
  `# Search under filters

Fashion-MNIST, ${base.n} vectors of ${base.d} dimensions, SAQ of 4 bits in ${index.nlist} lists, ${Math.min(QUERIES, queries.n)} queries, k = ${K}, best of ${ROUNDS} rounds in
turn, one thread, Node ${process.version}. \`npm run bench:filtered -- DATA-FOLDER\` makes this page and its picture.

Inside: \`search(query, 10, { filter })\` with an expression over indexed metadata, evaluated anew for every query. Afterwards: as many
results as are expected to leave ten (1.2·k/share), at the same lists, then the filter. Classes are ten clusters of the collection.

![Recall under random filters](filtered.svg)

| filter | share | recall inside | queries/s inside | recall afterwards | queries/s afterwards |
|---|---|---|---|---|---|
${rows
  .map(
    ({ name, share, inside, after }) =>
      `| ${name} | ${share} | ${cell(inside.recall)} | ${inside.qps.toFixed(0)} | ${cell(after.recall)} | ${after.qps.toFixed(0)} |`,
  )
  .join('\n')}
`,
);
