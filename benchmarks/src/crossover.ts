/**
 * Where flat, lists and graph cross, in vectors, dimensions, filters, changes and bytes: the figures behind chooseIndex.
 * Usage: bench:crossover DATA-FOLDER [SET…]; without sets it writes results/crossover.md and .svg.
 */
import { createCore, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { lineChartSvg, writeFileAtomic } from '@sagitta/node';
import { sampleRows } from '@sagitta/quantizers';
import {
  BITS,
  CHANGED,
  type Collection,
  type Cost,
  K,
  type Kind,
  type KindRow,
  LOSS,
  measureKinds,
  ROUNDS,
  SHARES,
} from './crossover-measure.ts';
import { loadDataSet } from './data-set.ts';
import { show } from './figure.ts';
import { thisMachine } from './report.ts';

const SIZES = [1000, 2000, 5000, 10_000, 20_000, 60_000, 200_000];
const QUERIES = 200;
const GENERATED_DIMS = 64;
const GENERATED = 60_000;
const FOLDER = new URL('../results/', import.meta.url).pathname;

const SETS: Record<string, (root: string) => Promise<Collection>> = {
  'fashion-mnist': async (root) => ({
    ...(await loadDataSet(root, 'fashion-mnist', { queryLimit: QUERIES })),
    metric: 'l2',
  }),
  'cifar10-mobilenetv2': async (root) => ({
    ...(await loadDataSet(root, 'cifar10-mobilenetv2', { queryLimit: QUERIES })),
    metric: 'cosine',
  }),
  'sift-photos-200k': async (root) => ({
    ...(await loadDataSet(root, 'sift-photos-200k', { queryLimit: QUERIES })),
    metric: 'l2',
  }),
  generated: async () => ({
    base: normalRows(GENERATED, GENERATED_DIMS, 'base'),
    queries: normalRows(QUERIES, GENERATED_DIMS, 'queries'),
    metric: 'l2',
  }),
};

interface Point {
  readonly set: string;
  readonly n: number;
  readonly d: number;
  readonly rows: Readonly<Record<Kind, KindRow>>;
}

/** Rows without clusters: every number a sum of six, about normal. */
function normalRows(n: number, d: number, stream: string): VectorSet {
  const random = new RandomStream(1, `bench/crossover/${stream}`);
  const data = new Float32Array(n * d);
  for (let i = 0; i < data.length; i++) {
    let sum = -3;
    for (let j = 0; j < 6; j++) sum += random.nextUnit();
    data[i] = sum;
  }
  return { data, n, d };
}

function measureSet(
  name: string,
  { base, queries, metric }: Collection,
  log: (line: string) => void,
): Point[] {
  const sizes = SIZES.filter((n) => n <= base.n);
  return sizes.map((n) => {
    // a core each: memory of the larger ones is not in the way
    using core = createCore();
    const some = sampleRows(base, n, new RandomStream(1, 'bench/crossover/rows'));
    const rows = measureKinds(core, { base: some, queries, metric });
    const point: Point = {
      set: name,
      n,
      d: base.d,
      rows: Object.fromEntries(rows.map((row) => [row.kind, row])) as Point['rows'],
    };
    log(`${name} ${n}: ${rows.map(lineOf).join('; ')}`);
    return point;
  });
}

function lineOf({
  kind,
  width,
  isWide,
  narrow,
  costs,
  bytesPerVector,
  buildMs,
  addMs,
  compactMs,
}: KindRow): string {
  const all = costs.map(({ recall, microseconds }) => `${recall.toFixed(4)}/${microseconds.toFixed(0)}`);
  return `${kind} ${width}${isWide ? '' : '!'} (${narrow.toFixed(4)}) ${all.join(' ')} ${bytesPerVector} B ${buildMs.toFixed(3)} ms, +${addMs.map((ms) => ms.toFixed(1)).join('/')} -${compactMs.toFixed(1)}`;
}

/** First of the costs: without a filter. */
function plain({ costs }: KindRow): Cost {
  return costs[0] as Cost;
}

function searchTable(points: readonly Point[]): string {
  const cell = (row: KindRow): string => {
    const { recall, microseconds } = plain(row);
    const width = row.kind === 'flat' ? '' : `, ${row.width}${row.isWide ? '' : ' (too few)'}`;
    return `${recall.toFixed(3)}, ${show(Math.round(microseconds))}${width}`;
  };
  return table(
    [
      'collection',
      'n',
      'd',
      'flat',
      'lists, nprobe',
      'graph, ef',
      'flat : lists',
      'flat : graph',
      'lists : graph',
    ],
    points.map(({ set, n, d, rows: { flat, ivf, graph } }) => [
      set,
      show(n),
      show(d),
      ...[flat, ivf, graph].map(cell),
      ...[
        [flat, ivf],
        [flat, graph],
        [ivf, graph],
      ].map(([a, b]) => (plain(a as KindRow).microseconds / plain(b as KindRow).microseconds).toFixed(2)),
    ]),
  );
}

function filterTable(points: readonly Point[]): string {
  const others = SHARES.slice(1);
  return table(
    ['collection', 'n', ...others.map((share) => `${share}: flat / lists / graph`)],
    points.map(({ set, n, rows: { flat, ivf, graph } }) => [
      set,
      show(n),
      ...others.map((_, i) =>
        [flat, ivf, graph]
          .map(({ costs }) => costs[i + 1] as Cost)
          .map(({ recall, microseconds }) => `${show(Math.round(microseconds))} (${recall.toFixed(2)})`)
          .join(' / '),
      ),
    ]),
  );
}

/** Vectors that come a search at which what a graph saves of a search is what it costs more to take them in; 0: it saves none. */
function changesToBreakEven(other: KindRow, graph: KindRow): number {
  const saved = plain(other).microseconds - plain(graph).microseconds;
  return Math.max(0, (saved * CHANGED) / (1000 * (graph.addMs[1] - other.addMs[1])));
}

/** Searches a vector after which a graph has saved what its building took more; Infinity: it saves none. */
function searchesToBreakEven(other: KindRow, graph: KindRow): number {
  const saved = plain(other).microseconds - plain(graph).microseconds;
  return saved <= 0 ? Infinity : Math.max(0, (1000 * (graph.buildMs - other.buildMs)) / saved);
}

function changeTable(points: readonly Point[]): string {
  return table(
    [
      'collection',
      'n',
      'bytes a vector, flat / lists / graph',
      'build, ms a vector',
      `add ${CHANGED}, ms`,
      `first after a load`,
      `take ${CHANGED} out and compact, ms`,
      'even at changes a search: lists, flat',
      'even at searches a vector: lists, flat',
    ],
    points.map(({ set, n, rows: { flat, ivf, graph } }) => {
      const all = [flat, ivf, graph];
      const join = (value: (row: KindRow) => string): string => all.map(value).join(' / ');
      return [
        set,
        show(n),
        join(({ bytesPerVector }) => show(bytesPerVector)),
        join(({ buildMs }) => buildMs.toFixed(3)),
        join(({ addMs }) => addMs[1].toFixed(1)),
        join(({ addMs }) => addMs[0].toFixed(1)),
        join(({ compactMs }) => compactMs.toFixed(1)),
        [ivf, flat].map((row) => numberOf(changesToBreakEven(row, graph))).join(', '),
        [ivf, flat].map((row) => numberOf(searchesToBreakEven(row, graph))).join(', '),
      ];
    }),
  );
}

function numberOf(value: number): string {
  return value === 0 || value === Infinity ? '—' : value.toFixed(2);
}

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function chart(points: readonly Point[]): string {
  const names = [...new Set(points.map(({ set }) => set))];
  return lineChartSvg({
    title: 'How many times faster than a scan, at its recall - .005',
    xLabel: 'vectors',
    yLabel: 'time of flat : time',
    xScale: 'log',
    yScale: 'log',
    series: names.flatMap((name) =>
      (['ivf', 'graph'] as const).map((kind) => ({
        name: `${name}, ${kind === 'ivf' ? 'lists' : 'graph'}`,
        points: points
          .filter(({ set }) => set === name)
          .map(({ n, rows }) => ({
            x: n,
            y: plain(rows.flat).microseconds / plain(rows[kind]).microseconds,
          })),
      })),
    ),
  });
}

const [root, ...names] = process.argv.slice(2);
if (root === undefined) throw new Error('usage: bench:crossover DATA-FOLDER [SET…]');
const log = (line: string): void => console.error(line);
const points: Point[] = [];
for (const [name, load] of Object.entries(SETS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  points.push(...measureSet(name, await load(root), log));
}
const { cpu, engine, date } = thisMachine();
const page = `# Flat, lists, graph: where they cross

${cpu} · ${engine} · ${date}. Written by \`npm run bench:crossover -- DATA-FOLDER\`; what follows from it: [choosing](../../docs/choosing.md).

SAQ of ${BITS} bits; lists: √n of them; graph: 32 edges chosen from 100. k = ${K}, ${QUERIES} queries, one at a time, recall@${K} and microseconds a query, the median of ${ROUNDS}
rounds in which all settings of a collection take turns. Lists visited: 4·√nlist, at least 16, and by half more until recall is that of
flat, or of all lists, but for ${LOSS}; ef: the first of 40, 64, 96, 128, 192 with the recall of flat but for ${LOSS}. Collections are random parts of the real ones
(cifar10-mobilenetv2 by cosine, the others by squared distance); "generated" are numbers about normal, without clusters. Other work shares
the machine: ratios count.

![Times of flat over times of lists and graph](crossover.svg)

${searchTable(points)}

## Filters

Microseconds (recall) at the widths above, where a filter allows so much of the collection, at random.

${filterTable(points)}

## Building and changing

The last columns say where a graph costs as much as lists, and as flat: at so many vectors that come a search, by what adding ${CHANGED} takes
more and a search less; and after so many searches for each vector of the collection, by what building takes more. — is never.

${changeTable(points)}
`;
process.stdout.write(page);
if (names.length === 0) {
  for (const [file, text] of [
    ['crossover.md', page],
    ['crossover.svg', chart(points)],
  ] as const) {
    await writeFileAtomic(`${FOLDER}${file}`, [new TextEncoder().encode(text)]);
  }
}
