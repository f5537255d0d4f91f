/** The common suite over real stores. */
import { KINDS, trainKind } from './index-kinds.ts';
import { CASE_D, multiVectorCase } from './multi-vector-index.case.ts';
import { tokenDocuments } from './token-documents.ts';

/** Enough to train 256 centroids on. */
const SAMPLE = tokenDocuments(300, CASE_D, { seed: 4, stream: 'sample' });

/** By the finest tokens: how far a similarity may be off, and how many of 100 neighbours are found at least. */
const EXACT = { tolerance: 1e-5, leastHits: 100 };
const EXPECTED: Readonly<Record<string, typeof EXACT>> = {
  'float32 FDEs, float32 tokens, ip': EXACT,
  // two roundings to 127 steps of a unit vector's greatest component
  'int8 FDEs, int8 tokens, cosine': { tolerance: 0.02, leastHits: 95 },
  // half precision: 2^-11 of each of 16 products
  'bit1 and int8 FDEs, bit1 and float16 tokens, ip': { tolerance: 2e-3, leastHits: 98 },
  'saq FDEs in lists, saq tokens, cosine': { tolerance: 0.02, leastHits: 95 },
  'pq256x8 FDEs and float32 ones, rabitq tokens, ip': { tolerance: 0.04, leastHits: 92 },
  'saq FDEs in a graph and int8 ones, float16 tokens, ip': { tolerance: 2e-3, leastHits: 98 },
};

for (const [name, options] of Object.entries(KINDS)) {
  const expected = EXPECTED[name];
  if (expected === undefined) throw new Error(`nothing is expected of ${name}`);
  multiVectorCase({
    name,
    metric: options.metric ?? 'cosine',
    ...expected,
    make: (core) => trainKind(core, SAMPLE, name),
  });
}
