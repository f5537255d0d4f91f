// The app of a server over an index in memory: what it answers to requests, in every runtime the same.
import { createApp, servedIndex } from '@sagitta/node/app';
import { createVectorIndex, loadVectorIndex, saveIndex } from '@sagitta/retrieval';
import { skewedRows } from './seeded.mjs';

const D = 24;
const N = 300;
const TOKEN = 'a token';

/** @returns {Promise<Record<string, string>>} status and body by request */
export async function servedAnswers(core) {
  const rows = skewedRows(N, D, 5);
  const made = createVectorIndex(core, { d: D, metric: 'cosine', indexed: ['folder'] });
  made.add({
    ids: Array.from({ length: N }, (_, i) => `note-${i}`),
    vectors: rows,
    metadata: Array.from({ length: N }, (_, i) => ({ folder: `f${i % 7}`, mtime: i })),
  });
  const index = loadVectorIndex(core, saveIndex(made));
  made.dispose();
  const app = createApp(servedIndex('notes', index), { token: TOKEN });
  const query = rows.slice(0, D);
  const headers = { authorization: `Bearer ${TOKEN}`, 'x-request-id': 'one' };
  const json = { ...headers, 'content-type': 'application/json' };
  const floats = { ...headers, 'content-type': 'application/octet-stream' };
  const post = (body, given) => ({ method: 'POST', body, headers: given });
  const search = { query: Array.from(query), k: 5 };
  const requests = {
    health: ['/health', { headers }],
    'search, JSON': ['/search', post(JSON.stringify(search), json)],
    'search, float32': ['/search?k=5', post(new Uint8Array(query.buffer), floats)],
    'search with a filter': [
      '/search',
      post(JSON.stringify({ ...search, filter: { folder: 'f3', mtime: { gte: 100 } } }), json),
    ],
    record: ['/records/note-3', { headers }],
    'a batch': ['/search/batch?k=2', post(new Uint8Array(rows.slice(0, 3 * D).buffer), floats)],
    'a write': ['/records/note-3', { method: 'DELETE', headers }],
    'no token': ['/health', {}],
    'another token': ['/search', post(JSON.stringify(search), { ...json, authorization: 'Bearer b' })],
    'a bad body': ['/search', post('{', json)],
    'another dimension': ['/search', post(JSON.stringify({ query: [1, 2] }), json)],
  };
  const answers = {};
  for (const [name, [path, init]] of Object.entries(requests)) {
    const response = await app.request(path, init);
    answers[`served: ${name}`] = `${response.status} ${await response.text()}`;
  }
  index.dispose();
  return answers;
}
