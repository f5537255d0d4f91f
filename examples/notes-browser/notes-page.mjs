import { createVectorIndex, loadVectorIndexFrom, saveIndex, sourceChunks } from '@sagitta/retrieval';
import { createCore, openStorage } from '@sagitta/web';
import { d, embed, lineOf, notes, rowsOf } from '../notes.mjs';

const core = createCore();
const index = createVectorIndex(core, { d, metric: 'cosine', indexed: ['folder', 'mtime'] });
index.add(rowsOf(notes.slice(0, 2500)));

const show = (...words) => document.querySelector('#answers').append(words.join(' '), '\n');
const query = embed(['tuning the piano before the concert']);
show('all:', lineOf(index.search(query, 3)));
const filter = { folder: 'music', mtime: { gte: Date.UTC(2025, 6, 1) } };
show('filtered:', lineOf(index.search(query, 3, { filter })));

index.delete(index.search(query, 1)[0].id);
const edited = { ...notes[7], folder: 'music', text: 'piano tuning, concert' };
index.update('note-7', { vector: embed([edited.text]), metadata: edited });
index.add(rowsOf(notes.slice(2500)));

const storage = await openStorage();
await storage.write('notes', [saveIndex(index)]);
const again = await loadVectorIndexFrom(core, sourceChunks(await storage.open('notes')));
show(`${again.n} after saving:`, lineOf(again.search(query, 3, { filter: { folder: 'music' } })));
