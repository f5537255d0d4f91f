// Writes to a collection on a small disk until it is full, then on one that is read only, and says what happened.
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { openFolder } from '../../src/collection/open-collection.ts';

const [disk, entries, search] = process.argv.slice(2);
const path = `${disk}/c`;
const D = 64;
const threads = { entries: pathToFileURL(entries), search: pathToFileURL(search) };
const open = (options = {}) => openFolder(path, options, threads);
const told = ({ name, code, message }) => ({ name, code, message });
const rows = (first) => ({
  ids: Array.from({ length: 100 }, (_, i) => first + i),
  vectors: Float32Array.from({ length: 100 * D }, (_, i) => (first + i) % 1000),
});
const out = {};
process.on('unhandledRejection', (error) => {
  out.unhandled = told(error);
});

let c = await open({ d: D, metric: 'l2', foldAt: 500, quantizer: 'float32' });
let n = 0;
try {
  for (; n < 100_000; n += 100) await c.add(rows(n));
} catch (error) {
  out.full = told(error);
}
out.n = n;
out.answers = c.n === n && (await c.search(rows(0).vectors.subarray(0, D), 1))[0].id;
await c.settled();
out.foldError = (await c.report()).foldError && told((await c.report()).foldError);
await c.compact().catch((error) => {
  out.compact = told(error);
});
await c.close();

c = await open();
out.reopened = c.n;
out.isWhole = (await c.verify()).isWhole;
await c.close();

// with room again it goes on
execFileSync('mount', ['-o', 'remount,size=64m', disk]);
c = await open();
await c.add(rows(n));
await c.compact();
out.afterwards = c.n;
await c.close();

execFileSync('mount', ['-o', 'remount,ro', disk]);
await open().catch((error) => {
  out.readOnly = told(error);
});
c = await open({ readOnly: true });
out.read = c.n;
out.found = (await c.search(rows(n).vectors.subarray(0, D), 1))[0].id >= 0;
await c.close();
process.stdout.write(JSON.stringify(out));
