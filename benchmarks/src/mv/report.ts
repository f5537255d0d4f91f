/** The page of multi-vector figures and its charts. */
import { lineChartSvg } from '@sagitta/node';
import { show } from '../figure.ts';
import type { Machine } from '../report.ts';
import type { ClusteredFigures } from './clustered.ts';
import type { Measured } from './measured.ts';
import type { RaceRow } from './race.ts';
import { PLACES, type VaswaniFigures } from './vaswani.ts';

const RECALL = 0.95;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function bytes(value: number): string {
  return Number.isFinite(value) ? show(Math.round(value)) : '–';
}

function raceTable(rows: readonly RaceRow[]): string {
  const exact = rows[0] as RaceRow;
  return table(
    ['method', 'setting', 'recall@10', 'ms a query', 'exact : this', 'bytes a document'],
    rows.map(({ name, setting, recall, ms, bytesPerDocument }) => [
      name,
      setting,
      recall.toFixed(4),
      ms.toFixed(2),
      `${(exact.ms / ms).toFixed(1)}×`,
      bytes(bytesPerDocument),
    ]),
  );
}

/** The fastest setting of each method that reaches the recall. */
export function fastestAt(rows: readonly RaceRow[], recall: number): Map<string, RaceRow> {
  const best = new Map<string, RaceRow>();
  for (const row of rows) {
    if (row.recall < recall) continue;
    const held = best.get(row.name);
    if (held === undefined || row.ms < held.ms) best.set(row.name, row);
  }
  return best;
}

function verdict(rows: readonly RaceRow[]): string {
  const best = fastestAt(rows, RECALL);
  const ours = [...best.values()]
    .filter(({ name }) => name.startsWith('MultiVectorIndex'))
    .sort((a, b) => a.ms - b.ms)[0];
  if (ours === undefined) return `No setting of a MultiVectorIndex reaches recall ${RECALL}.`;
  const against = ['exact MaxSim', 'PLAID-style', 'single-vector heuristic', 'mean pooling'].flatMap(
    (name) => {
      const rival = name === 'exact MaxSim' ? (rows[0] as RaceRow) : best.get(name);
      return rival
        ? [`${(rival.ms / ours.ms).toFixed(1)}× faster than ${rival.name} (${rival.setting})`]
        : [];
    },
  );
  return `Fastest at recall@10 ≥ ${RECALL}: ${ours.name}, ${ours.setting}, recall ${ours.recall.toFixed(4)}, ${ours.ms.toFixed(2)} ms; ${against.join(', ')}.`;
}

export function raceChart(rows: readonly RaceRow[], title: string): string {
  const names = [...new Set(rows.map(({ name }) => name))];
  return lineChartSvg({
    title,
    xLabel: 'recall@10 of exact MaxSim',
    yLabel: 'ms a query, one thread',
    yScale: 'log',
    height: 640,
    series: names.map((name) => ({
      name,
      points: rows
        .filter((row) => row.name === name)
        .sort((a, b) => a.recall - b.recall)
        .map(({ recall, ms }) => ({ x: recall, y: ms })),
    })),
  });
}

function vaswaniSection({ candidates, race, parts, quality, plaid }: VaswaniFigures): string {
  return `## mv-minicolbert-vaswani, 11,429 documents × 46 tokens × 128, 93 queries × 12 tokens

Recall is the share of the exact MaxSim top 10 (on the stored int8 tokens) that a method finds.

### Candidates: which share of the top 10 is among the first N

${table(
  ['ranking', 'bytes a document', ...PLACES.map((count) => `N = ${count}`), 'N for 90 %'],
  candidates.map(({ name, bytesPerDocument, shares, places90 }) => [
    name,
    bytes(bytesPerDocument),
    ...shares.map((share) => (Number.isFinite(share) ? share.toFixed(3) : '–')),
    bytes(places90),
  ]),
)}

### End to end

All settings take turns of 8 queries in one run; the time is the median of 5 rounds. Every method but the first scores its candidates from
the same int8 tokens. The PLAID-style baseline has ${show(plaid.centroids)} centroids (built in ${show(plaid.buildSeconds)} s) and ranks candidates by centroids in
plain typed-array loops; everything else runs in the core.

![Recall and time](multivector-vaswani.svg)

${raceTable(race)}

${verdict(race)}

### Bytes by part

${table(
  ['index', 'FDE', 'tokens', 'FDEs a second', 'training s'],
  parts.map(({ name, fdes, tokens, encodePerSecond, trainSeconds }) => [
    name,
    bytes(fdes),
    bytes(tokens),
    bytes(encodePerSecond),
    trainSeconds.toFixed(1),
  ]),
)}

### Against the judgements

nDCG@10 and recall@100 over the 93 queries of the collection.

${table(
  ['ranking', 'nDCG@10', 'recall@100'],
  quality.map(({ name, ndcg10, recall100 }) => [name, ndcg10.toFixed(4), recall100.toFixed(4)]),
)}
`;
}

function clusteredSection(figures: ClusteredFigures): string {
  const { documents, race, buildSeconds, encodePerSecond, heldBytes, peakBytes, parts } = figures;
  const mib = (value: number): string => show(Math.round(value / 2 ** 20));
  return `## Made collection, ${show(documents)} documents × 80 tokens × 128, queries of 32 tokens

A document is about one of 1,000 subjects: its unit tokens are drawn from the 72 vectors of 6 of the subject's 10 topics. A query is 32
tokens of one document with noise. The learned FDE has 32 cells, 63 directions and 256 pseudo-queries.

${raceTable(race)}

${verdict(race)}

Adding all documents took ${show(buildSeconds)} s, FDEs and codes together; FDEs alone are made at ${show(encodePerSecond)} documents a second. A document costs
${bytes(parts.fdes)} bytes of FDE and ${bytes(parts.tokens)} of tokens. The index holds ${mib(heldBytes)} MiB of the core's memory; the build held at most ${mib(peakBytes)} MiB, ${(peakBytes / heldBytes).toFixed(3)} times as
much.
`;
}

export function page(
  vaswani: Measured<VaswaniFigures> | undefined,
  clustered: Measured<ClusteredFigures> | undefined,
): string {
  const sections = [
    ...(vaswani ? [vaswaniSection(vaswani.figures), measuredOn(vaswani.machine)] : []),
    ...(clustered ? [clusteredSection(clustered.figures), measuredOn(clustered.machine)] : []),
  ];
  return `# Multi-vector search

Written by \`npm run bench:mv\` from [its figures](multivector.json). One thread, one query at a time, seed 1. Times are of a shared machine: read
the ratios.

${sections.join('\n')}`;
}

function measuredOn({ cpu, engine, date }: Machine): string {
  return `${cpu} · ${engine} · ${date}\n`;
}
