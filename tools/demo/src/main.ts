/**
 * npm run demo [-- [folder] [question]]
 *
 * Real text, compressed and searched: the Markdown documentation in node_modules (or a folder of yours) is cut into
 * passages, embedded by latent semantic analysis trained on the spot, indexed as float32 and as SAQ codes of 1, 2, 4 and
 * 8 bits, scored against the exact answer, and asked a few questions. Nothing is downloaded.
 */
import { fileURLToPath } from 'node:url';
import { createCore, RandomStream } from '@sagitta/core-wasm';
import {
  type LsaModel,
  projectRows,
  type TfIdfModel,
  trainLsa,
  trainTfIdf,
  weighTexts,
} from '@sagitta/retrieval/text';
import { parseArguments } from './arguments.ts';
import { findMarkdownFiles } from './markdown-files.ts';
import { collectPassages, type Passage } from './passages.ts';
import { type Answer, formatAnswers, formatNumber, formatTable, step, type TableRow } from './report.ts';
import { buildSearchTable, measure, type SearchTable, searchAll } from './search-table.ts';

const DIMENSION = 256;
const MAXIMUM_PASSAGES = 20_000;
/** Fewer passages than this are no test of a search. */
const MINIMUM_PASSAGES = 20;
const BITS = [1, 2, 4, 8];
const K = 10;
const ANSWERS = 3;
/** Questions are answered from the codes of this many bits. */
const ANSWER_BITS = 4;
const QUERY_COUNT = 500;
const QUERY_WORDS = 12;
const SEED = 1;

/** Asked of the documentation in node_modules. */
const SAMPLE_QUESTIONS = [
  'how do I show a progress bar in the terminal?',
  'how can I check that a version satisfies a semver range?',
  'how do I read rows from a parquet file?',
];

interface Embedder {
  readonly d: number;
  /** Texts → n × d, unit length. */
  embed(texts: readonly string[]): Float32Array;
}

async function main(): Promise<void> {
  const started = performance.now();
  const { folder, question } = parseArguments(
    process.argv.slice(2),
    process.env['INIT_CWD'] ?? process.cwd(),
  );
  const root = folder ?? fileURLToPath(new URL('../../../node_modules', import.meta.url));

  const files = await step(
    'finding Markdown',
    () => findMarkdownFiles(root),
    (found) => `${formatNumber(found.length, 0)} files in ${folder ?? 'node_modules'}`,
  );
  const passages = await step(
    'cutting it into passages',
    () => collectPassages(files, MAXIMUM_PASSAGES),
    (cut) => `${formatNumber(cut.length, 0)} passages`,
  );
  if (passages.length < MINIMUM_PASSAGES) {
    throw new RangeError(
      `"folder" expected Markdown of at least ${MINIMUM_PASSAGES} passages, got ${passages.length} in ${root}`,
    );
  }
  const texts = passages.map((passage) => `${passage.heading}\n${passage.text}`);
  const embedder = await trainEmbedder(texts);
  const vectors = await step(
    'embedding the passages',
    () => embedder.embed(texts),
    () => `${formatNumber(passages.length, 0)} × ${embedder.d} float32`,
  );

  using core = createCore();
  const tables = await step(
    'building the indexes',
    () => (['float32', ...BITS] as const).map((bits) => buildSearchTable(core, vectors, embedder.d, bits)),
    (built) => built.map((table) => table.name).join(', '),
  );
  const queries = sampleQueries(passages, embedder);
  const rows = await step(
    'searching',
    () => compare(tables, queries, embedder.d),
    () => `${formatNumber(queries.length / embedder.d, 0)} queries, exact answers from float32`,
  );
  console.log(`\n${formatTable(rows, K)}\n`);
  console.log(
    `  ${core.build} build of the core, one thread, one query at a time; bytes include a 4-byte id.`,
  );
  console.log(`  A query is the first ${QUERY_WORDS} words of a passage.\n`);

  const table = tables[1 + BITS.indexOf(ANSWER_BITS)] as SearchTable;
  const questions = folder === undefined ? SAMPLE_QUESTIONS : questionsFromHeadings(passages);
  console.log(`Answers from the ${table.name} codes:\n`);
  for (const asked of [...questions, ...(question === undefined ? [] : [question])]) {
    console.log(`${formatAnswers(asked, answer(asked, table, passages, embedder))}\n`);
  }
  for (const built of tables) built[Symbol.dispose]();
  if (question === undefined)
    console.log('Ask your own: npm run demo -- "how do I write a property based test"');
  console.log(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

async function trainEmbedder(texts: readonly string[]): Promise<Embedder> {
  const weights = await step(
    'counting words (TF-IDF)',
    () => {
      const model: TfIdfModel = trainTfIdf(texts);
      return { model, rows: weighTexts(model, texts) };
    },
    ({ rows }) => `${formatNumber(rows.d, 0)} terms, ${formatNumber(rows.values.length, 0)} weights`,
  );
  const lsa: LsaModel = await step(
    'latent semantic analysis (SVD)',
    () => trainLsa(weights.rows, { dimension: DIMENSION, seed: SEED }),
    (model) => `${model.d} dimensions`,
  );
  return { d: lsa.d, embed: (wanted) => projectRows(lsa, weighTexts(weights.model, wanted)) };
}

/** Embedded beginnings of passages drawn at random, without those that have no known word. */
function sampleQueries(passages: readonly Passage[], embedder: Embedder): Float32Array {
  const order = Uint32Array.from(passages, (_, i) => i);
  new RandomStream(SEED, 'demo/queries').shuffle(order);
  const texts = [...order.subarray(0, QUERY_COUNT)].map((i) =>
    (passages[i] as Passage).text.split(' ').slice(0, QUERY_WORDS).join(' '),
  );
  const embedded = embedder.embed(texts);
  const kept = texts.map((_, q) => embedded.subarray(q * embedder.d, (q + 1) * embedder.d)).filter(isKnown);
  const queries = new Float32Array(kept.length * embedder.d);
  kept.forEach((query, q) => {
    queries.set(query, q * embedder.d);
  });
  return queries;
}

/** The first table is the exact one. */
function compare(tables: readonly SearchTable[], queries: Float32Array, d: number): TableRow[] {
  const truth = searchAll(tables[0] as SearchTable, queries, d, K);
  return tables.map((table) => ({
    name: table.name,
    bytesPerVector: table.bytesPerVector,
    ...measure(table, queries, d, K, truth),
  }));
}

/** Empty if none of the question's words is known. */
function answer(
  question: string,
  table: SearchTable,
  passages: readonly Passage[],
  embedder: Embedder,
): Answer[] {
  const query = embedder.embed([question]);
  if (!isKnown(query)) return [];
  const { ids, scores } = table.search(query, ANSWERS);
  return [...ids].map((id, i) => ({ passage: passages[id] as Passage, score: scores[i] as number }));
}

function isKnown(vector: Float32Array): boolean {
  return vector.some((value) => value !== 0);
}

/** Three headings of several words, from the beginning, the middle and the end: what a folder of one's own is about. */
function questionsFromHeadings(passages: readonly Passage[]): string[] {
  const headings = passages.map((passage) => passage.heading.split(' › ').at(-1) as string);
  const long = [...new Set(headings.filter((heading) => heading.split(' ').length >= 3))];
  const usable = long.length >= 3 ? long : [...new Set(headings.filter((heading) => heading !== ''))];
  const picked = [0.2, 0.5, 0.8].map((share) => usable[Math.floor(share * usable.length)]);
  return [...new Set(picked.filter((heading) => heading !== undefined))];
}

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
