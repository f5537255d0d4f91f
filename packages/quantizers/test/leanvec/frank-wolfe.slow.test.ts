/** The order of specification 3.2 at every number of dims: PCA, Frank and Wolfe, sphering. */
import { createCore } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { frankWolfeProjection } from '../../src/leanvec/frank-wolfe.ts';
import { identityProjection, spheringProjection } from '../../src/leanvec/projection.ts';
import { D, foreignQueries, lossOf, ownRows } from './foreign-queries.ts';

const core = createCore();
const N = 5000;
const x = { data: ownRows(N, 3), n: N, d: D };
const training = { data: foreignQueries(2000, 10), n: 2000, d: D };
const tests = foreignQueries(300, 20);

// .0323 → .0205 → .0184 at 32, .0168 → .0089 → .0076 at 64, .0070 → .0027 → .0023 at 128
it.each([32, 64, 128])(
  'at %i of 256 dims',
  (dims) => {
    const pca = lossOf(identityProjection(core, x, dims), tests, x.data);
    const sphering = lossOf(spheringProjection(core, x, training, dims), tests, x.data);
    const { frame } = frankWolfeProjection(core, x, training, dims);
    const found = lossOf(frame, tests, x.data);
    expect(sphering.energy).toBeLessThan(found.energy);
    expect(found.energy).toBeLessThan(0.75 * pca.energy);
    // nearer to the closed form than to PCA
    expect(found.energy / sphering.energy).toBeLessThan(Math.sqrt(pca.energy / sphering.energy));
    expect(found.missed).toBeLessThan(pca.missed);
  },
  600_000,
);
