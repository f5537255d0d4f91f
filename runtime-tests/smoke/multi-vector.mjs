// Multi-vector indexes over the paper's, a learned and a fitted encoding: files, query encodings and answers.
import { tokenSet } from '@sagitta/core-wasm';
import {
  fdeIndexes,
  loadMultiVectorIndex,
  MuveraFde,
  saveMultiVectorIndex,
  trainLearnedFde,
  trainMultiVectorIndex,
  trainRegressionFde,
} from '@sagitta/retrieval';
import { hash, skewedRows } from './seeded.mjs';

const D = 24;
const DOCUMENTS = 300;
const TOKENS = 5;

const CASES = [
  { name: 'muvera', options: { fdeEncoding: 'float32', tokenEncoding: 'float32' } },
  { name: 'learned', options: { fdeEncoding: 'int8', tokenEncoding: 'int8' } },
  {
    name: 'muvera-coded',
    options: {
      fdeEncoding: 'bit1',
      finerFdeEncoding: 'saq',
      tokenEncoding: 'bit1',
      finerTokenEncoding: 'saq',
    },
  },
  { name: 'learned-lists', options: { tokenEncoding: 'rabitq', nlist: 6 } },
  {
    name: 'muvera-graph',
    options: { fdeIndex: 'graph', degree: 8, fdeBits: 3, finerFdeEncoding: 'pq256x8' },
  },
  { name: 'regression', options: { fdeEncoding: 'int8', tokenEncoding: 'int8' } },
  { name: 'regression-trained', options: { fdeEncoding: 'saq', tokenEncoding: 'int8' } },
];

/** What each case encodes with, by the start of its name. */
function encoderOf(core, name, tokens) {
  if (name.startsWith('learned')) {
    return trainLearnedFde(core, tokens, { numCells: 8, projectionDimension: 15, numVoters: 128 });
  }
  if (name.startsWith('regression')) {
    const trained = name.endsWith('trained');
    return trainRegressionFde(core, tokens, {
      features: 48,
      numAnchors: 300,
      trained,
      hidden: 40,
      epochs: 2,
    });
  }
  return new MuveraFde({ d: D, numSimhashProjections: 3, numRepetitions: 4, projectionDimension: 8 });
}

/** @returns {Promise<Record<string, string>>} hashes of what is built and answered here */
export async function multiVectorHashes(core) {
  const offsets = Uint32Array.from({ length: DOCUMENTS + 1 }, (_, i) => i * TOKENS);
  const tokens = tokenSet(skewedRows(DOCUMENTS * TOKENS, D, 11), offsets, D);
  const ids = Array.from({ length: DOCUMENTS }, (_, i) => i);
  const query = tokens.data.slice(0, TOKENS * D);
  const hashes = {};
  for (const { name, options } of CASES) {
    const encoder = encoderOf(core, name, tokens);
    const index = trainMultiVectorIndex(core, tokens, { encoder, indexes: fdeIndexes, ...options });
    index.add({ ids, tokens });
    const file = saveMultiVectorIndex(index);
    index.dispose();
    const loaded = loadMultiVectorIndex(core, file, { indexes: fdeIndexes });
    const found = loaded.searchIds(query, 10, { candidates: 250, fdeRescore: 250, rerank: 250 });
    // were it lost, equal hashes everywhere would still be wrong
    if (!found.ids.includes(0)) throw new Error(`${name}: document 0 is lost`);
    const { fde } = loaded.encodeQuery(query);
    loaded.dispose();
    hashes[`multi-vector ${name} file`] = await hash(file);
    hashes[`multi-vector ${name} query`] = await hash(fde);
    hashes[`multi-vector ${name} ids`] = await hash(Uint32Array.from(found.ids));
    hashes[`multi-vector ${name} scores`] = await hash(found.scores);
  }
  return hashes;
}
