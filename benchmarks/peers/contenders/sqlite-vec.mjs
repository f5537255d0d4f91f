// sqlite-vec in better-sqlite3, native: float32 vectors in a table, all of them scanned.
import { mkdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { load } from 'sqlite-vec';
import { rowsOf } from '../rows.mjs';

export const installs = ['sqlite-vec', 'better-sqlite3'];
export const variants = [{ name: 'scan', settings: [{ name: 'exact' }] }];

const bytesOf = (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

function openFile(folder) {
  const database = new Database(`${folder}/vectors.db`);
  load(database);
  return database;
}

export async function build({ d, rows, folder }) {
  mkdirSync(folder, { recursive: true });
  const database = openFile(folder);
  database.exec(
    `create virtual table vectors using vec0(id integer primary key, draw integer, vector float[${d}])`,
  );
  const insert = database.prepare('insert into vectors (id, draw, vector) values (?, ?, ?)');
  const insertPiece = database.transaction((piece) => {
    for (const [i, vector] of rowsOf(piece, d).entries()) {
      insert.run(BigInt(piece.first + i), BigInt(piece.draws[i]), bytesOf(vector));
    }
  });
  for await (const piece of rows) insertPiece(piece);
  return { save: () => database.close() };
}

export async function open({ folder }) {
  const database = openFile(folder);
  const nearest = 'select id from vectors where vector match ? and k = ?';
  const all = database.prepare(`${nearest} order by distance`).pluck();
  const some = database.prepare(`${nearest} and draw < ? order by distance`).pluck();
  return {
    form: bytesOf,
    search: (query, k, below) =>
      below === undefined ? all.all(query, BigInt(k)) : some.all(query, BigInt(k), BigInt(below)),
    close: () => database.close(),
  };
}
