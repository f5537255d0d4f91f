/**
 * Quality of rankings against judgements: `SAGITTA_DATA=… npm run bench:mv-quality` writes
 * benchmarks/results/multivector-quality.md. `-- vaswani-tokens vaswani cranfield` measures some of the collections and only prints.
 */
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { evaluateRankings, fuseRankings, type Rankings } from '@sagitta/retrieval/evaluation';
import { trainStaticTokens } from '@sagitta/retrieval/text';
import { loadVaswani, rowsOf } from '../mv/token-data.ts';
import { thisMachine } from '../report.ts';
import { rankByBm25, TERM_KINDS } from './bm25.ts';
import { loadTexts, type TextCollection } from './text-collection.ts';
import { type NamedRankings, rankTokens } from './token-rankings.ts';

const PARTS = ['vaswani-tokens', 'vaswani', 'cranfield'] as const;
type Part = (typeof PARTS)[number];

const TITLES: Readonly<Record<Part, string>> = {
  'vaswani-tokens': 'Vaswani, tokens of a small late-interaction model (stored as int8)',
  vaswani: 'Vaswani, static tokens trained on its 11,429 abstracts',
  cranfield: 'Cranfield, static tokens trained on its 1,400 abstracts',
};
const MEASURES = ['ndcg@10', 'recall@100', 'map@200'] as const;
/** Ranks of each list that the fusion takes. */
const FUSION_DEPTH = 100;

const root = process.env['SAGITTA_DATA'];
if (root === undefined)
  throw new RangeError('SAGITTA_DATA expected the folder of the collections, got nothing');
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !PARTS.some((part) => part === name));
if (unknown !== undefined) throw new RangeError(`expected some of ${PARTS.join(', ')}, got ${unknown}`);
const parts = PARTS.filter((part) => asked.length === 0 || asked.includes(part));
const started = performance.now();
using core = createCore();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

async function tokenRankings(part: Part, texts: TextCollection): Promise<NamedRankings[]> {
  if (part === 'vaswani-tokens') {
    const { documents, queries, documentIds, queryIds } = await loadVaswani(root as string);
    const own = { ids: queryIds, queries: queryIds.map((_, q) => ({ tokens: rowsOf(queries, q) })) };
    return rankTokens(core, documentIds, documents, own, log);
  }
  const encoder = trainStaticTokens(texts.texts);
  log(`trained ${encoder.model.terms.length} terms × ${encoder.d}`);
  const tokens = encoder.encodeDocuments(texts.texts);
  const queries = texts.questions.map((question) => {
    const { data, weights } = encoder.encodeQuery(question);
    return { tokens: data, weights };
  });
  return rankTokens(core, texts.documentIds, tokens, { ids: texts.queryIds, queries }, log);
}

async function table(part: Part): Promise<string> {
  const texts = await loadTexts(root as string, part === 'cranfield' ? 'ir-cranfield' : 'ir-vaswani');
  const lexical = TERM_KINDS.map(
    (kind): NamedRankings => ({
      method: `BM25, ${kind === 'sagitta' ? 'terms of the library' : kind === 'words' ? 'plain words' : 'Porter stems'}`,
      rankings: rankByBm25(texts, kind),
    }),
  );
  log(`${part}: BM25 done`);
  const late = await tokenRankings(part, texts);
  const exact = late[0] as NamedRankings;
  const fused = lexical.slice(1).map(({ method, rankings }) => ({
    method: `${method} and exact MaxSim, fused`,
    rankings: fuse(rankings, exact.rankings),
  }));
  const rows = [...lexical, ...late, ...fused].map(({ method, rankings }) => {
    const { means } = evaluateRankings(rankings, texts.qrels, MEASURES);
    const cells = MEASURES.map((measure) => (means[measure] as number).toFixed(3));
    log(`${method}: ${cells.join(' ')}`);
    return `| ${method} | ${cells.join(' | ')} |`;
  });
  return [
    `## ${TITLES[part]}`,
    '',
    '| ranking | nDCG@10 | recall@100 | MAP |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function fuse(a: Rankings, b: Rankings): Rankings {
  return new Map(
    [...a].map(([query, ranking]) => {
      const fused = fuseRankings([ranking, b.get(query) ?? []], { depth: FUSION_DEPTH });
      return [query, fused.map(({ id }) => id)];
    }),
  );
}

const tables: string[] = [];
for (const part of parts) tables.push(await table(part));
const { cpu, engine, date } = thisMachine();
const text = `# Quality of multi-vector rankings

${cpu} · ${engine} · ${date}. Written by \`npm run bench:mv-quality\`.

Means over all queries with a relevant document (93 of Vaswani, 225 of Cranfield), nDCG with linear gain. BM25 is that of minisearch with
k = 1.2 and b = 0.75, over three kinds of terms; fusion is reciprocal rank fusion of the first ${FUSION_DEPTH} with offset 60. FDEs have 2,560 numbers
(learned: cells × directions) in float32. Static tokens are 128 dimensions with a context of 1, query tokens weighted by IDF (docs/text-tokens.md).

${tables.join('\n\n')}
`;
if (asked.length === 0) {
  const path = new URL('../../results/multivector-quality.md', import.meta.url).pathname;
  await writeFileAtomic(path, [new TextEncoder().encode(text)]);
}
process.stdout.write(text);
