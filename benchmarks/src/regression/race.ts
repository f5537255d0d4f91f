/** End to end on mv-minicolbert-vaswani: recall, time and bytes of whole searches, contenders taking turns. */
import type { Core } from '@sagitta/core-wasm';
import { buildMultiVectorIndex, createTokenStore } from '@sagitta/retrieval';
import { type FdeEncoder, trainLearnedFde } from '@sagitta/retrieval/muvera';
import { largest } from '../mv/plaid.ts';
import { type Contender, race } from '../mv/race.ts';
import { loadVaswani, rowsOf, slice } from '../mv/token-data.ts';
import { regression } from './encoders.ts';
import type { Log } from './sets.ts';

const K = 10;
const ROUNDS = 7;

export async function vaswaniRace(core: Core, root: string, log: Log): Promise<string> {
  const collection = await loadVaswani(root);
  const { documents, queries } = collection;
  const { n, d } = documents;
  const ids = Array.from({ length: n }, (_, i) => i);
  const sample = slice(documents, 0, 2000);
  const entries: readonly (readonly [string, () => FdeEncoder, readonly number[]])[] = [
    [
      'votes 128 × 64',
      () => trainLearnedFde(core, sample, { numCells: 128, projectionDimension: 63 }),
      [20, 30, 50],
    ],
    [
      'votes 32 × 64',
      () => trainLearnedFde(core, sample, { numCells: 32, projectionDimension: 63 }),
      [50, 100],
    ],
    ['regression, 512 random', () => regression(512, false).make(core, documents), [30, 40, 50, 60, 100]],
    ['regression, 256 trained', () => regression(256, true).make(core, documents), [30, 40, 50, 60, 100]],
  ];
  const contenders: Contender[] = [];
  const exact = createTokenStore(core, { encoding: 'int8', d, metric: 'ip' });
  exact.append(documents);
  const all = Uint32Array.from(ids);
  contenders.push({
    name: 'exact MaxSim',
    setting: 'all documents',
    bytesPerDocument: exact.bytesUsed() / n,
    search: (q) => {
      const rows = rowsOf(queries, q);
      return largest(exact.scores({ data: rows, n: rows.length / d, d }, all), 0, n, K);
    },
  });
  for (const [name, make, reranks] of entries) {
    const encoder = make();
    const index = buildMultiVectorIndex(core, { ids, tokens: documents }, { encoder, metric: 'ip' });
    log(`${name}: built`);
    const bytes = index.bytes();
    for (const rerank of reranks) {
      const options = { candidates: rerank, rerank, shortQueries: 'same' } as const;
      contenders.push({
        name,
        setting: `rerank ${rerank}`,
        bytesPerDocument: (bytes.fdes + bytes.tokens) / n,
        search: (q) => index.searchIds(rowsOf(queries, q), K, options).ids.map(Number),
      });
    }
  }
  const rows = race(contenders, queries.n, collection, K, ROUNDS);
  return [
    '## End to end: int8 FDEs, int8 tokens, contenders in turns of 8 queries',
    '',
    `Medians of ${ROUNDS} rounds.`,
    '',
    '| index | setting | recall@10 | ms a query | bytes a document |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ name, setting, recall, ms, bytesPerDocument }) =>
        `| ${name} | ${setting} | ${recall.toFixed(3)} | ${ms.toFixed(2)} | ${Math.round(bytesPerDocument).toLocaleString('en-US')} |`,
    ),
  ].join('\n');
}
