// The same work in every runtime: this Node, Node 22 and 24, Bun, Deno, workerd, Chromium, Firefox.
// Every runtime has to print the hashes that the first one printed. A runtime that cannot be installed or started fails.
// `node runtime-tests/run.mjs bun workerd` runs the first and the named ones. SAGITTA_RUNTIME_REPORT=FILE keeps the counts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FOLDER } from './install.mjs';
import { installRuntimes, RUNTIMES } from './runtimes.mjs';

const wanted = process.argv.slice(2);
await installRuntimes();
const work = { module: join(FOLDER, 'smoke.mjs') };

let expected;
let passed = 0;
let failed = 0;
for (const [i, runtime] of RUNTIMES.entries()) {
  if (i > 0 && wanted.length > 0 && !wanted.includes(runtime.name)) continue;
  const start = performance.now();
  let outcome = 'ok  ';
  let detail;
  try {
    const { version, result: hashes } = await runtime.run(work);
    if (expected === undefined) printExpected(hashes);
    expected ??= hashes;
    compare(hashes);
    detail = `${version}, ${Object.keys(hashes).length} hashes equal`;
    passed++;
  } catch (error) {
    outcome = 'FAIL';
    detail = error instanceof Error ? error.message : String(error);
    failed++;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${outcome} ${runtime.name.padEnd(16)} ${seconds.padStart(5)} s  ${detail}`);
}
console.log(`runtimes: ${passed} passed, ${failed} failed`);
const report = process.env.SAGITTA_RUNTIME_REPORT;
if (report) await writeFile(report, JSON.stringify({ passed, failed }));
process.exitCode = failed > 0 ? 1 : 0;

function printExpected(hashes) {
  for (const [name, value] of Object.entries(hashes))
    console.log(`     ${name.padEnd(24)} ${value.slice(0, 16)}`);
}

function compare(hashes) {
  const names = new Set([...Object.keys(expected), ...Object.keys(hashes)]);
  if (names.size === 0) throw new Error('nothing was computed');
  const different = [...names].filter((name) => hashes[name] !== expected[name]);
  if (different.length > 0) {
    throw new Error(
      different.map((name) => `${name}: ${hashes[name]}, expected ${expected[name]}`).join('\n'),
    );
  }
}
