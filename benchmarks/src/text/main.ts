/**
 * Ways to search texts without a model of others, against judgements: `SAGITTA_DATA=… npm run bench:text` writes
 * benchmarks/results/text.md. Defaults were chosen by every second question; the others are reported beside them.
 */
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { evaluateRankings, type Qrels } from '@sagitta/retrieval/evaluation';
import { LexicalIndex, saveLexicalIndex } from '@sagitta/retrieval/text';
import type { TextCollection } from '../quality/text-collection.ts';
import { thisMachine } from '../report.ts';
import { loadAll } from './collections.ts';
import { FUSION_DEPTH, rankAll } from './rankers.ts';

const MEASURES = ['ndcg@10', 'recall@100'] as const;

const root = process.env['SAGITTA_DATA'];
if (root === undefined)
  throw new RangeError('SAGITTA_DATA expected the folder of the collections, got nothing');
const started = performance.now();
using core = createCore();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

/** Judgements of every second question. */
function half({ queryIds, qrels }: TextCollection, remainder: number): Qrels {
  const own = new Set(queryIds.filter((_, q) => q % 2 === remainder));
  return new Map([...qrels].filter(([id]) => own.has(id)));
}

/** What an index by words takes. */
function cost({ name, documentIds, texts, questions }: TextCollection): string {
  const index = new LexicalIndex();
  const start = performance.now();
  index.add({ ids: documentIds, texts });
  const built = performance.now();
  for (const question of questions) index.search(question, 10);
  const asked = performance.now();
  const bytes = saveLexicalIndex(index).length;
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const cells = [
    texts.length.toLocaleString('en-US'),
    `${((1000 * texts.length) / (built - start)).toFixed(0)}`,
    `${((asked - built) / questions.length).toFixed(2)} ms`,
    `${(bytes / 1000).toFixed(0)} kB`,
    `${((100 * bytes) / characters).toFixed(0)} %`,
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

const rows = new Map<string, string[]>();
const collections = await loadAll(root);
for (const collection of collections) {
  const halves = [half(collection, 0), half(collection, 1)];
  for (const { method, rankings } of rankAll(core, collection, log)) {
    const cells = halves.map((qrels) => {
      const { means } = evaluateRankings(rankings, qrels, MEASURES);
      return MEASURES.map((measure) => (means[measure] as number).toFixed(3)).join(' / ');
    });
    rows.set(method, [...(rows.get(method) ?? []), ...cells]);
  }
}
const { cpu, engine, date } = thisMachine();
const names = collections.flatMap(({ name }) => [`${name}, chosen by`, `${name}, held out`]);
const text = `# Search of texts without a model of others

${cpu} · ${engine} · ${date}. Written by \`npm run bench:text\`.

nDCG@10 / recall@100. Of every collection the even questions chose defaults, the odd ones are held out. Models are trained on the texts of the
collection: static tokens of 128 dimensions with a context of 1, LSA of 256. Fusion is by ranks of the first ${FUSION_DEPTH}, offset 60. \`ir-vaswani\`: 11,429 abstracts, 93
questions. \`ir-cranfield\`: 1,400 abstracts, 225 questions. \`pages\`: sections of this repository's docs, asked for by their headings, which are taken off. \`topics\`: made
texts whose concepts have three words each, asked for by words of the question's own choice.

| ranking | ${names.join(' | ')} |
|---|${names.map(() => '---|').join('')}
${[...rows].map(([method, cells]) => `| ${method} | ${cells.join(' | ')} |`).join('\n')}

An index by words (\`LexicalIndex\`):

| collection | texts | texts/s to add | a question | file | of the texts' characters |
|---|---|---|---|---|---|
${collections.map(cost).join('\n')}
`;
const path = new URL('../../results/text.md', import.meta.url).pathname;
await writeFileAtomic(path, [new TextEncoder().encode(text)]);
process.stdout.write(text);
