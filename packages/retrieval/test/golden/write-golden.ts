/** Run once a format version: `node --import tsx --conditions=@sagitta/source packages/retrieval/test/golden/write-golden.ts`. */
import { writeFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { saveIndex } from '../../src/index.ts';
import { GOLDEN_FILE, makeGoldenIndex } from './make-index.ts';

writeFileSync(GOLDEN_FILE, saveIndex(makeGoldenIndex(createCore())));
