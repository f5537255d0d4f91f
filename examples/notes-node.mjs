import { createCore, createVectorIndex, loadVectorIndexFile, saveIndexFile } from '@sagitta/node';
import { d, embed, lineOf, notes, rowsOf } from './notes.mjs';

const core = createCore();
const index = createVectorIndex(core, { d, metric: 'cosine', indexed: ['folder', 'mtime'] });
index.add(rowsOf(notes.slice(0, 2500)));

const query = embed(['tuning the piano before the concert']);
console.log('all:', lineOf(index.search(query, 3)));
const filter = { folder: 'music', mtime: { gte: Date.UTC(2025, 6, 1) } };
console.log('filtered:', lineOf(index.search(query, 3, { filter })));

index.delete(index.search(query, 1)[0].id);
const edited = { ...notes[7], folder: 'music', text: 'piano tuning, concert' };
index.update('note-7', { vector: embed([edited.text]), metadata: edited });
index.add(rowsOf(notes.slice(2500)));

const file = process.argv[2] ?? 'notes.sagitta';
await saveIndexFile(file, index);
const again = await loadVectorIndexFile(core, file);
console.log(`${again.n} after saving:`, lineOf(again.search(query, 3, { filter: { folder: 'music' } })));
