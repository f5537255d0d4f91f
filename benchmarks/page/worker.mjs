// Builds the indexes, times the suite, and says where it is; what it answers is compared with what Node answered at build time.
import { createCore } from '@sagitta/core-wasm';
import { buildInputs, INPUT_NAMES } from '../runtimes/inputs.mjs';
import { isRight, run } from '../runtimes/suite.mjs';

/* global EXPECTED_ANSWERS -- put in by bundle.mjs */
const expected = EXPECTED_ANSWERS;

addEventListener('message', async ({ data: { roundMs } }) => {
  try {
    postMessage({ kind: 'done', ...(await measureAll(roundMs)) });
  } catch (error) {
    postMessage({ kind: 'failed', error: `${error}\n${error?.stack}` });
  }
});

async function measureAll(roundMs) {
  const start = performance.now();
  const core = createCore();
  const files = new Map();
  for (const { name, bytes } of buildInputs(core)) {
    files.set(name, bytes);
    postMessage({
      kind: 'progress',
      value: (0.3 * files.size) / INPUT_NAMES.length,
      text: `Built ${name}`,
    });
  }
  core.dispose();
  const buildSeconds = (performance.now() - start) / 1000;
  const onCase = (done, total, name) => {
    postMessage({ kind: 'progress', value: 0.3 + (0.7 * done) / total, text: name });
  };
  const { measured, memory } = await run(async (name) => files.get(name), { onCase, roundMs });
  return {
    buildSeconds,
    memory,
    measured: measured.map((one) => ({ ...one, isRight: isRight(one, expected) })),
  };
}
