/** Share of the exact top 10 by bytes, on token sets and generated clouds. */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import { bestOfRows, exactMaxSim } from '@sagitta/retrieval/internal';
import { cpuSeconds } from '../cpu-seconds.ts';
import { measureCodes } from '../fde-measure.ts';
import { loadVaswani, loadWiki, makeCloud } from '../fde-sets.ts';
import { show } from '../figure.ts';
import { ALL, type Candidate, SMALL } from './encoders.ts';

export type Log = (line: string) => void;

interface MeasuredSet {
  readonly documents: TokenSet;
  readonly queries: TokenSet;
  readonly truth: Uint32Array;
}

const NS = [10, 20, 50, 100];

function tableOf(core: Core, set: MeasuredSet, candidates: readonly Candidate[], log: Log): string {
  const lines: { readonly bytes: number; readonly text: string }[] = [];
  for (const { label, codes, make } of candidates) {
    const start = cpuSeconds();
    const encoder = make(core, set.documents);
    const trained = cpuSeconds();
    const measured = measureCodes(core, encoder, label, set, codes, NS);
    const encoded = cpuSeconds();
    for (const { bytes, code, found, needed90 } of measured) {
      const cells = [label, code, bytes, ...found.map((share) => share.toFixed(3)), needed90];
      const seconds = [trained - start, encoded - trained].map((value) => value.toFixed(1));
      lines.push({ bytes, text: `| ${[...cells, ...seconds].join(' | ')} |` });
      log(lines.at(-1)?.text as string);
    }
  }
  return [
    `| encoding | code | bytes | ${NS.map((n) => `in ${n}`).join(' | ')} | needed for 90 % | training s | encoding and search s |`,
    `|---|---|---|${NS.map(() => '---|').join('')}---|---|---|`,
    ...lines.sort((a, b) => a.bytes - b.bytes).map(({ text }) => text),
  ].join('\n');
}

export async function vaswaniTable(core: Core, root: string, log: Log): Promise<string> {
  const set = await loadVaswani(root);
  return `## ${set.name}: ${show(set.documents.n)} documents, ${set.queries.n} queries\n\n${tableOf(core, set, ALL, log)}`;
}

export async function wikiTable(core: Core, root: string, log: Log): Promise<string> {
  const set = await loadWiki(root);
  return `## ${set.name}: ${show(set.documents.n)} documents, ${set.queries.n} windows of their tokens\n\nThe sample is the collection itself.\n\n${tableOf(core, set, SMALL, log)}`;
}

const CLOUDS = [
  { title: 'tokens that fill the space', common: 0, nuisances: 0, strength: 0 },
  { title: 'one direction that all share', common: 3.4, nuisances: 0, strength: 0 },
  { title: 'one direction, and four strong ones that say nothing', common: 3, nuisances: 4, strength: 0.75 },
];

export function cloudTables(core: Core, log: Log): string {
  const tables = CLOUDS.map(({ title, ...cloud }) => {
    log(title);
    const { documents, queries } = makeCloud({
      ...cloud,
      documents: 1000,
      queries: 60,
      queryTokens: 12,
      seed: 1,
    });
    const truth = bestOfRows(exactMaxSim(core, queries, documents), documents.n, 10);
    return `### ${title}\n\n${tableOf(core, { documents, queries, truth }, SMALL, log)}`;
  });
  return `## Generated clouds: 1,000 documents of 15 to 150 tokens, 60 queries of 12\n\n${tables.join('\n\n')}`;
}
