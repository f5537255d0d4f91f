// Token sets: Fixed Dimensional Encodings of documents, and MaxSim of a query with documents that are codes. A case is one entry.
import { tokenSet } from '@sagitta/core-wasm';
import { createTokenStore, queryTokens } from '@sagitta/retrieval/maxsim';
import { MuveraFde } from '@sagitta/retrieval/muvera';
import { skewedRows } from '../../runtime-tests/smoke/seeded.mjs';

const D = 128;
const DOCUMENTS = 200;
const TOKENS = 32;

const ENCODINGS = ['float32', 'int8', 'bit1'];

/** @returns {import('./kernel-cases.mjs').Case[]} */
export function multiVectorCases(core) {
  const offsets = Uint32Array.from({ length: DOCUMENTS + 1 }, (_, i) => i * TOKENS);
  const documents = tokenSet(skewedRows(DOCUMENTS * TOKENS, D, 21), offsets, D);
  const query = queryTokens(documents.data.slice(0, TOKENS * D), D);
  return [
    fdeCase(core, documents),
    ...ENCODINGS.map((encoding) => maxsimCase(core, documents, query, encoding)),
  ];
}

function fdeCase(core, documents) {
  const encoder = new MuveraFde({
    d: D,
    numSimhashProjections: 4,
    numRepetitions: 20,
    projectionDimension: 8,
  });
  const session = encoder.createSession(core);
  const out = new Float32Array(DOCUMENTS * encoder.length);
  return {
    name: `FDE of ${encoder.length} dimensions`,
    group: 'multi-vector: documents of 32 tokens, 128-d',
    unit: 'document',
    units: DOCUMENTS,
    call: () => session.encodeDocuments(documents, out),
    answer: () => new Uint8Array(out.buffer).slice(),
    dispose: () => session.dispose(),
  };
}

function maxsimCase(core, documents, query, encoding) {
  const store = createTokenStore(core, { d: D, encoding, metric: 'ip' });
  store.append(documents);
  const slots = Uint32Array.from({ length: DOCUMENTS }, (_, i) => i);
  let scores = new Float32Array(0);
  return {
    name: `MaxSim with 32 query tokens, ${encoding}`,
    group: 'multi-vector: documents of 32 tokens, 128-d',
    unit: 'document',
    units: DOCUMENTS,
    call: () => {
      scores = store.scores(query, slots);
    },
    answer: () => new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength).slice(),
    dispose: () => store.dispose(),
  };
}
