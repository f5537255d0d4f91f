// npm run test:runtimes, last part: the note search of examples/ in Node and as a page in Chromium and Firefox, with the same answers.
// Arguments name the browsers to run (default both).
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustExecute } from '../../tools/checks/process.mjs';
import { visit } from '../browsers.mjs';
import { bundle } from '../bundle.mjs';
import { installBrowsers, installFromNpm } from '../install.mjs';
import { OPENERS, STRICT_POLICY } from '../page.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const wanted = process.argv.slice(2);

await installFromNpm();
await installBrowsers([
  { program: 'chromium', package: 'chromium' },
  { program: 'firefox-esr', package: 'firefox-esr' },
]);
const expected = await answersOfNode();
const html = (await readFile(join(ROOT, 'examples/notes-browser/index.html'), 'utf8')).replace(
  './notes-page.mjs',
  './page.js',
);
const script = await bundle(fileURLToPath(new URL('page.mjs', import.meta.url)));
let failed = 0;
for (const [name, open] of Object.entries(OPENERS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { version, outcomes } = await visit(open, answer);
  const [outcome = { error: 'the page posted nothing in time' }] = outcomes;
  const isEqual = JSON.stringify(outcome.result) === JSON.stringify(expected);
  if (!isEqual) failed++;
  const detail = outcome.error ?? `${outcome.result.length} answers, ${isEqual ? '' : 'not '}those of Node`;
  console.log(`${isEqual ? 'ok  ' : 'FAIL'} note search, ${name} ${version}: ${detail}`);
}
process.exitCode = failed > 0 ? 1 : 0;

/** What the program prints, on the built packages. */
async function answersOfNode() {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-example-'));
  try {
    const program = join(ROOT, 'examples/notes-node.mjs');
    const printed = await mustExecute(process.execPath, [program, join(folder, 'notes.sagitta')]);
    return printed.trim().split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function answer(request, response) {
  const isScript = request.url === '/page.js';
  if (!isScript && request.url !== '/') {
    response.writeHead(404).end();
    return;
  }
  const type = isScript ? 'text/javascript' : 'text/html';
  response.writeHead(200, { 'content-type': type, 'content-security-policy': STRICT_POLICY });
  response.end(isScript ? script : html);
}
