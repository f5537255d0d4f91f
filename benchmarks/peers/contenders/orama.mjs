// Orama: JavaScript, all vectors scanned, by cosine alone. Saved as JSON.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { create, insertMultiple, load, save, searchVector } from '@orama/orama';
import { rowsOf } from '../rows.mjs';

export const installs = ['@orama/orama'];
export const variants = [{ name: 'scan', settings: [{ name: 'exact' }] }];
/** The truth that its answers are compared with. */
export const metric = 'cosine';

const fileIn = (folder) => `${folder}/index.json`;
const make = (d) => create({ schema: { draw: 'number', vector: `vector[${d}]` } });

export async function build({ d, rows, folder }) {
  const index = make(d);
  for await (const piece of rows) {
    const documents = rowsOf(piece, d).map((vector, i) => ({
      id: String(piece.first + i),
      draw: piece.draws[i],
      vector: Array.from(vector),
    }));
    await insertMultiple(index, documents);
  }
  return {
    ...answering(index),
    save() {
      mkdirSync(folder, { recursive: true });
      writeFileSync(fileIn(folder), JSON.stringify(save(index)));
    },
  };
}

export async function open({ d, folder }) {
  const index = make(d);
  load(index, JSON.parse(readFileSync(fileIn(folder), 'utf8')));
  return answering(index);
}

function answering(index) {
  return {
    form: (query) => Array.from(query),
    async search(value, limit, below) {
      const where = below === undefined ? {} : { where: { draw: { lt: below } } };
      const options = { vector: { value, property: 'vector' }, limit, similarity: -1, includeVectors: true };
      const { hits } = await searchVector(index, { ...options, ...where });
      return hits.map(({ id }) => id);
    },
  };
}
