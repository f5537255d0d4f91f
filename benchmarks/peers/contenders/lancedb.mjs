// LanceDB, native, on the disk: inverted lists of product codes, or graphs over bytes, each refined by float32 vectors of the table.
import { connect, Index, makeArrowTable, VectorColumnOptions } from '@lancedb/lancedb';
import { Float32 } from 'apache-arrow';
import { GRAPH } from '../graph-settings.mjs';
import { rowsOf } from '../rows.mjs';

export const installs = ['@lancedb/lancedb', 'apache-arrow'];
export const variants = [
  {
    name: 'IVF_PQ',
    index: () => Index.ivfPq({ distanceType: 'l2' }),
    settings: [
      [10, 1],
      [20, 2],
      [20, 5],
      [20, 20],
      [50, 20],
      [100, 50],
    ].map(([nprobes, refine]) => ({ name: `nprobes ${nprobes}, refine ${refine}`, nprobes, refine })),
  },
  {
    name: 'HNSW_SQ',
    index: () => Index.hnswSq({ distanceType: 'l2', m: GRAPH.m, efConstruction: GRAPH.efConstruction }),
    settings: [
      [16, 1],
      [32, 1],
      [64, 2],
      [128, 2],
      [256, 5],
    ].map(([ef, refine]) => ({ name: `ef ${ef}, refine ${refine}`, ef, refine })),
  },
];

const TABLE = 'vectors';
/** Each adding is a version and a fragment: few of them. */
const ROWS_OF_ADDING = 50_000;

export async function build({ n, d, rows, folder }, { index }) {
  const database = await connect(folder);
  const schemaOptions = { vectorColumns: { vector: new VectorColumnOptions(new Float32()) } };
  let table;
  let waiting = [];
  for await (const piece of rows) {
    for (const [i, vector] of rowsOf(piece, d).entries()) {
      waiting.push({ id: piece.first + i, draw: piece.draws[i], vector: Array.from(vector) });
    }
    if (waiting.length < ROWS_OF_ADDING && piece.first + piece.count < n) continue;
    const arrow = makeArrowTable(waiting, schemaOptions);
    if (table === undefined) table = await database.createTable(TABLE, arrow);
    else await table.add(arrow);
    waiting = [];
  }
  await table.createIndex('vector', { config: index() });
  await table.createIndex('draw', { config: Index.btree() });
  // once puts the fragments together, once more takes those away that were there before
  for (let i = 0; i < 2; i++) await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  return {};
}

export async function open({ d, folder }) {
  const table = await (await connect(folder)).openTable(TABLE);
  let setting;
  const ask = (query, k, below) => {
    let asked = table.query().nearestTo(query).distanceType('l2').refineFactor(setting.refine);
    if (setting.nprobes !== undefined) asked = asked.nprobes(setting.nprobes);
    if (setting.ef !== undefined) asked = asked.ef(setting.ef);
    if (below !== undefined) asked = asked.where(`draw < ${below}`);
    return asked.select(['id', '_distance']).limit(k);
  };
  return {
    use(wanted) {
      setting = wanted;
    },
    search: async (query, k, below) => (await ask(query, k, below).toArray()).map(({ id }) => id),
    /** One query of many vectors; each row says which it answers. */
    async batch(queries, k) {
      const rows = rowsOf({ vectors: queries, count: queries.length / d }, d);
      let asked = ask(rows[0], k);
      for (const row of rows.slice(1)) asked = asked.addQueryVector(row);
      const found = rows.map(() => []);
      for (const { id, query_index } of await asked.toArray()) found[query_index].push(id);
      return found;
    },
    close: () => table.close(),
  };
}
