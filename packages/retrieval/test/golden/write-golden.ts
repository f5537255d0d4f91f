/** Run once a format version: `node --import tsx --conditions=@sagitta/source packages/retrieval/test/golden/write-golden.ts`. */
import { writeFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { writeBridge } from '../../src/bridge/index.ts';
import { writeClasses } from '../../src/classes/index.ts';
import { saveIndex, saveMultiVectorIndex } from '../../src/index.ts';
import { GOLDEN_BRIDGE, makeGoldenBridge } from './make-bridge.ts';
import { GOLDEN_CLASSES, makeGoldenClasses } from './make-classes.ts';
import { GOLDEN_GRAPH, makeGoldenGraph } from './make-graph.ts';
import { GOLDEN_FILE, makeGoldenIndex } from './make-index.ts';
import {
  GOLDEN_MULTI_VECTOR,
  GOLDEN_REGRESSION,
  makeGoldenMultiVector,
  makeGoldenRegression,
} from './make-multi-vector.ts';
import { answersOf, GOLDEN_ANSWERS, GOLDEN_REFLECTED, makeGoldenReflected } from './make-reflected.ts';
import { GOLDEN_VECTOR_INDEX, makeGoldenVectorIndex } from './make-vector-index.ts';

writeFileSync(GOLDEN_FILE, saveIndex(makeGoldenIndex(createCore())));
writeFileSync(GOLDEN_GRAPH, saveIndex(makeGoldenGraph(createCore())));
writeFileSync(GOLDEN_MULTI_VECTOR, saveMultiVectorIndex(makeGoldenMultiVector(createCore())));
writeFileSync(GOLDEN_REGRESSION, saveMultiVectorIndex(makeGoldenRegression(createCore())));
writeFileSync(GOLDEN_VECTOR_INDEX, saveIndex(makeGoldenVectorIndex(createCore())));
const reflected = makeGoldenReflected(createCore());
writeFileSync(GOLDEN_REFLECTED, saveIndex(reflected));
writeFileSync(GOLDEN_ANSWERS, `${JSON.stringify(answersOf(reflected), null, 2)}\n`);
writeFileSync(GOLDEN_BRIDGE, writeBridge(makeGoldenBridge(createCore())));
writeFileSync(GOLDEN_CLASSES, writeClasses(makeGoldenClasses(createCore())));
