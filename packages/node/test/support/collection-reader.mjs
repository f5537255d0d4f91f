// A process that reads a collection: answers what it is asked over IPC.
import { openFolder } from '../../src/collection/open-collection.ts';

const [path] = process.argv.slice(2);
const c = await openFolder(path, { readOnly: true });
process.on('message', async ({ id, method, args }) => {
  try {
    process.send({ id, value: await c[method](...args) });
  } catch ({ name, code, message }) {
    process.send({ id, error: { name, code, message } });
  }
});
process.send({ id: 0, value: c.n });
