import { readFile, writeFile } from 'node:fs/promises';
import hnswlib from 'hnswlib-node';
import { d, embed, notes } from '../../examples/notes.mjs';

const file = process.argv[2] ?? 'notes.hnsw';
const index = new hnswlib.HierarchicalNSW('cosine', d);
index.initIndex({ maxElements: 3000 });
const labels = new Map(); // id → label; hnswlib knows numbers only
const kept = []; // label → note
const add = (some) => {
  const vectors = embed(some.map(({ text }) => text));
  some.forEach((note, i) => {
    const label = kept.push(note) - 1;
    labels.set(note.id, label);
    index.addPoint([...vectors.subarray(i * d, (i + 1) * d)], label);
  });
};
add(notes.slice(0, 2500));

const query = [...embed(['tuning the piano before the concert'])];
const search = (from, rows, filter) => {
  const { neighbors, distances } = from.searchKnn(query, 3, (label) => filter(rows[label]));
  return neighbors.map((label, i) => `${rows[label].id} ${(1 - distances[i]).toFixed(3)}`).join(', ');
};
const isMusic = ({ folder }) => folder === 'music';
console.log(
  'all:',
  search(index, kept, () => true),
);
const since = Date.UTC(2025, 6, 1);
console.log(
  'filtered:',
  search(index, kept, (note) => isMusic(note) && note.mtime >= since),
);

index.markDelete(index.searchKnn(query, 1).neighbors[0]);
const edited = { ...notes[7], folder: 'music', text: 'piano tuning, concert' };
kept[labels.get('note-7')] = edited;
index.addPoint([...embed([edited.text])], labels.get('note-7'));
add(notes.slice(2500));

await index.writeIndex(file);
await writeFile(`${file}.json`, JSON.stringify(kept));
const again = new hnswlib.HierarchicalNSW('cosine', d);
await again.readIndex(file);
const rows = JSON.parse(await readFile(`${file}.json`, 'utf8'));
console.log(`${again.getCurrentCount()} after saving:`, search(again, rows, isMusic));
