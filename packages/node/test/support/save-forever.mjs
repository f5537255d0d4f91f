// A process that saves index after index under one name until it is killed, and says the number of each once it is saved.
import { buildFlat, createCore, saveIndexFile } from '@sagitta/node';

const [path, first] = process.argv.slice(2);
const D = 256;
const core = createCore();
for (let version = Number(first); ; version++) {
  // the first component is the version: exact in float32
  const vectors = Float32Array.from({ length: 400 * D }, (_, i) => (i === 0 ? version : (i % 97) - 48));
  const index = buildFlat(core, vectors, D, { metric: 'l2', quantizer: 'float32', keepVectors: true });
  await saveIndexFile(path, index);
  index.dispose();
  process.stdout.write(`${version}\n`);
}
