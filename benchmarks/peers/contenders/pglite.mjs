// PGlite, Postgres in WebAssembly, with pgvector: a graph over float32 in a table.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { EFS, GRAPH } from '../graph-settings.mjs';
import { rowsOf } from '../rows.mjs';

export const installs = ['@electric-sql/pglite', '@electric-sql/pglite-pgvector'];
/** pgvector's own default of what edges are chosen from. */
export const variants = [{ name: 'pgvector HNSW', efConstruction: 64, settings: EFS }];

const textOf = (vector) => `[${vector.join(',')}]`;

export async function build({ d, rows, folder }, { efConstruction }) {
  mkdirSync(dirname(folder), { recursive: true });
  const database = await PGlite.create({ dataDir: folder, extensions: { vector } });
  await database.exec(`create extension vector; create table vectors (id int, draw int, v vector(${d}))`);
  for await (const piece of rows) {
    const lines = rowsOf(piece, d).map(
      (vector, i) => `${piece.first + i}\t${piece.draws[i]}\t${textOf(vector)}`,
    );
    await database.query(`copy vectors from '/dev/blob'`, [], { blob: new Blob([`${lines.join('\n')}\n`]) });
  }
  await database.exec(`
    set maintenance_work_mem = '1GB';
    create index on vectors using hnsw (v vector_l2_ops) with (m = ${GRAPH.m}, ef_construction = ${efConstruction});
    create index on vectors (draw);
    analyze vectors;`);
  return { save: () => database.close() };
}

export async function open({ folder }) {
  const database = await PGlite.create({ dataDir: folder, extensions: { vector } });
  await database.exec('set hnsw.iterative_scan = strict_order');
  const nearest = 'order by v <-> $1 limit $2';
  return {
    use: ({ ef }) => database.exec(`set hnsw.ef_search = ${ef}`),
    form: textOf,
    async search(query, k, below) {
      const { rows } =
        below === undefined
          ? await database.query(`select id from vectors ${nearest}`, [query, k])
          : await database.query(`select id from vectors where draw < $3 ${nearest}`, [query, k, below]);
      return rows.map(({ id }) => id);
    },
    close: () => database.close(),
  };
}
