import { readFile, writeFile } from 'node:fs/promises';
import { count, create, insertMultiple, load, remove, save, searchVector, update } from '@orama/orama';
import { d, embed, notes } from '../../examples/notes.mjs';

const file = process.argv[2] ?? 'notes.json';
const schema = { folder: 'enum', tags: 'enum[]', mtime: 'number', vector: `vector[${d}]` };
const index = create({ schema });
const documents = (some) => {
  const vectors = embed(some.map(({ text }) => text));
  return some.map((note, i) => ({ ...note, vector: [...vectors.subarray(i * d, (i + 1) * d)] }));
};
await insertMultiple(index, documents(notes.slice(0, 2500)));

const value = [...embed(['tuning the piano before the concert'])];
const search = async (from, limit, where) =>
  (await searchVector(from, { vector: { value, property: 'vector' }, limit, where, similarity: 0 })).hits;
const lineOf = (hits) => hits.map(({ id, score }) => `${id} ${score.toFixed(3)}`).join(', ');
console.log('all:', lineOf(await search(index, 3)));
const filter = { folder: { eq: 'music' }, mtime: { gte: Date.UTC(2025, 6, 1) } };
console.log('filtered:', lineOf(await search(index, 3, filter)));

await remove(index, (await search(index, 1))[0].id);
await update(
  index,
  'note-7',
  documents([{ ...notes[7], folder: 'music', text: 'piano tuning, concert' }])[0],
);
await insertMultiple(index, documents(notes.slice(2500)));

await writeFile(file, JSON.stringify(save(index)));
const again = create({ schema });
load(again, JSON.parse(await readFile(file, 'utf8')));
const where = { folder: { eq: 'music' } };
console.log(`${count(again)} after saving:`, lineOf(await search(again, 3, where)));
