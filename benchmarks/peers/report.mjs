// The results as Markdown and pictures: benchmarks/results/peers.md, peers-SET.svg.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineChartSvg } from '@sagitta/node';
import { show } from '../src/figure.ts';
import { qpsAt } from '../src/graph-contest.ts';
import { enoughRecall } from './measure.mjs';
import { DRAWS } from './rows.mjs';
import { SETS } from './sets.mjs';

const WANTED = [0.95, 0.98, 0.99];
const SHARES = [0.1, 0.01];
const CHART_FROM = 0.9;
const COLD = 'cold';
const DATABASES = 'clusters-1m-384';

const isOurs = ({ name }) => name.startsWith('sagitta');
const labelOf = ({ name, metric }) =>
  `${name.replace(/^sagitta(-collection)?/, (_, kind) => `Sagitta${kind ? ' collection,' : ''}`)}${metric === 'cosine' ? ' (by cosine)' : ''}`;
const nothing = '—';
/** Two digits below ten, whole numbers above. */
const count = (value) =>
  value === undefined ? nothing : show(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));
const recallText = (value) => value.toFixed(3).replace(/^0/, '');

export function writePage(all, folder) {
  const sets = Object.keys(SETS)
    .filter((name) => name !== COLD && name in all)
    .map((name) => [name, all[name]]);
  const text = `${head(all)}

${sets.map(([name, set]) => section(name, set)).join('\n\n')}

${all[COLD] ? coldSection(all[COLD]) : ''}
`;
  writeFileSync(join(folder, 'peers.md'), text);
  for (const [name, set] of sets) writeFileSync(join(folder, `peers-${name}.svg`), chart(set));
}

function head(all) {
  const { cpu, engine } = Object.values(all)[0];
  return `# Beside what else a Node user can take

${cpu} · ${engine}. Written by \`npm run bench:peers\`; every point is in [peers.json](peers.json).

Each contender is built in a process of its own, saved, and opened in another, which answers; one that cannot save outside of browsers answers in
the process that built it ("in memory"). Speed is one query at a time on one core, all contenders of a set taking turns in one run, the median of
turns; queries come in the form that a library wants. Recall is against exact search of ours over float32. *Batch* is what a library
offers for many queries at once, 100 of them, on all cores. A filter is \`draw < x\` on a number that is kept with each vector, asked like
batches at the first setting that finds enough, which is named where it is another. *Bytes* are everything in the folder, divided by the
vectors, PGlite's write-ahead log among it. *Memory* is what the answering process grew by, the library's code included. *Build* is seconds of computing of all threads, since the machine had other work (load is given), without reading the vectors.
Graphs have M 16 and efConstruction 200 (pgvector: 64, its default); Sagitta has its defaults. Each table shows the fastest setting that finds .95 or, where
none does, as much as the best one but for .005.`;
}

/** The fastest point that finds enough. */
export function shownPoint({ points }) {
  const wanted = enoughRecall(points);
  const enough = points.filter(({ recall }) => recall >= wanted);
  return enough.reduce((best, point) => (point.qps > best.qps ? point : best));
}

function section(name, set) {
  const answered = set.contenders.filter(({ points }) => points !== undefined);
  const load = set.load.map((one) => one.toFixed(1)).join(', ');
  const cores = answered.every(({ isPinned }) => isPinned)
    ? ''
    : ' There was no way to hold processes to one core.';
  return `## ${set.title}

${set.queries} queries, k = 10, ${set.date}, ${set.engine}; load before, after building, at the end: ${load}.${cores}

![Recall and speed](peers-${name}.svg)

${mainTable(answered)}

${name === DATABASES ? '' : `${ratioTable(answered)}\n\n`}${failures(set)}`.trim();
}

function mainTable(answered) {
  const lines = answered
    .sort((a, b) => shownPoint(b).qps - shownPoint(a).qps)
    .map((row) => {
      const point = shownPoint(row);
      const filters = SHARES.map((share) => filterText(row.filtered?.[share * DRAWS], point));
      return [
        labelOf(row),
        point.setting,
        recallText(point.recall),
        count(point.qps),
        row.batch ? count(row.batch.qps) + atSetting(row.batch, point) : nothing,
        ...filters,
        row.saves && !row.saveError ? count(row.bytesPerVector) : 'in memory',
        count(row.megabytes),
        count(row.cpuSeconds),
        row.openMs === undefined ? nothing : count(row.openMs),
      ];
    });
  return table(
    [
      '',
      'setting',
      'recall@10',
      'queries/s',
      'batch, queries/s',
      ...SHARES.map((share) => `filter ${recallText(share).replace(/0+$/, '')}: recall, queries/s`),
      'bytes a vector',
      'memory, MB',
      'build, s',
      'open, ms',
    ],
    lines,
  );
}

function filterText(found, shown) {
  if (found === undefined) return 'cannot';
  return `${recallText(found.recall)}, ${count(found.qps)}${atSetting(found, shown)}`;
}

/** Filters and batches are asked at the first setting that finds enough, which need not be the fastest. */
function atSetting({ setting }, shown) {
  return setting === shown.setting ? '' : ` (${setting})`;
}

/** Queries a second at three recalls, between two points of one contender linearly, and how many times the best peer ours are. */
function ratioTable(answered) {
  const best = (rows, recall) =>
    rows
      .map((row) => ({ row, qps: qpsAt(row.points, recall) }))
      .filter(({ qps }) => qps !== undefined)
      .sort((a, b) => b.qps - a.qps)[0];
  const lines = WANTED.map((recall) => {
    const ours = best(answered.filter(isOurs), recall);
    const peer = best(
      answered.filter((row) => !isOurs(row)),
      recall,
    );
    const facts = (found) =>
      found === undefined
        ? [nothing, nothing, nothing, nothing]
        : [
            labelOf(found.row),
            count(found.qps),
            count(found.row.bytesPerVector),
            count(found.row.cpuSeconds),
          ];
    const ratio = ours && peer ? `${(ours.qps / peer.qps).toFixed(2)}×` : nothing;
    return [recallText(recall).replace(/0+$/, ''), ...facts(ours), ...facts(peer), ratio];
  });
  return `The fastest of ours and of the others at three recalls, between two settings linearly:

${table(['recall@10', 'ours', 'queries/s', 'bytes', 'build, s', 'the best other', 'queries/s', 'bytes', 'build, s', 'ours : other'], lines)}`;
}

function failures({ contenders, unloadable }) {
  const lines = [
    ...unloadable.map(({ name, failure }) => `- ${name}: cannot be loaded, ${failure}`),
    ...contenders.filter(({ failure }) => failure).map((row) => `- ${labelOf(row)}: ${row.failure}`),
    ...contenders
      .filter(({ saveError }) => saveError)
      .map((row) => `- ${labelOf(row)}: cannot save it, ${row.saveError}`),
  ];
  return lines.length === 0 ? '' : `Not measured, or in part:\n\n${lines.join('\n')}`;
}

function coldSection(set) {
  const lines = set.contenders
    .filter(({ install }) => install !== undefined)
    .sort((a, b) => (a.coldMs ?? Infinity) - (b.coldMs ?? Infinity))
    .map((row) => [
      labelOf(row),
      row.coldMs === undefined
        ? (row.failure ?? nothing)
        : `${count(row.coldMs)}${row.saves ? '' : ', builds'}`,
      (row.install.bytes / 1e6).toFixed(1),
      row.install.packages,
      row.install.runsScripts ? 'yes' : 'no',
    ]);
  return `## Cold start and install

From import to the first answer over 10,000 × 384 that was saved before, in a fresh process, median of five in turns, ${set.date}, load ${set.load.at(-1).toFixed(1)}; those that cannot save
build it. Install: the packages of one contender and all they need, as they lie on the disk (of our own what npm would pack); a script at
install may compile, download, or only look for a binary.

${table(['', 'cold start, ms', 'install, MB', 'packages', 'script at install'], lines)}`;
}

/** Each contender is a line; variants of one library with a single setting are one together. Points that find less are in the JSON. */
function chart(set) {
  const answered = set.contenders.filter(({ points }) => points !== undefined);
  const lines = new Map();
  for (const row of answered) {
    const isOneOfMany = row.points.length === 1 && !isOurs(row);
    const name = isOneOfMany ? row.name.split(' ')[0] : labelOf(row);
    const shown = row.points.filter(({ recall }) => recall >= CHART_FROM);
    lines.set(name, [...(lines.get(name) ?? []), ...shown]);
  }
  return lineChartSvg({
    title: `${set.title}: recall from ${recallText(CHART_FROM).replace(/0+$/, '')} on and speed, one core`,
    xLabel: 'recall@10',
    yLabel: 'queries/s',
    yScale: 'log',
    width: 900,
    height: 640,
    series: [...lines]
      .filter(([, points]) => points.length > 0)
      .map(([name, points]) => ({
        name,
        points: points.sort((a, b) => a.recall - b.recall).map(({ recall, qps }) => ({ x: recall, y: qps })),
      })),
  });
}

function table(heads, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [row(heads), `|${'---|'.repeat(heads.length)}`, ...lines.map(row)].join('\n');
}
