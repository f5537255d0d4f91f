// The bench page as a user opens it, with short rounds: it has to end, and every answer has to be that of Node.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePage } from '../benchmarks/page/bundle.mjs';
import { visit } from './browsers.mjs';
import { installBrowsers } from './install.mjs';
import { serveFolder } from './serve-folder.mjs';

/**
 * @param {import('./browsers.mjs').Opener} open
 * @returns {Promise<string>} one line about what the page reported
 */
export async function runBenchPage(open) {
  await installBrowsers();
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-bench-page-'));
  try {
    await bundlePage(folder);
    const serve = serveFolder(folder);
    const { version, outcomes } = await visit(open, (request, response) => {
      if (request.url !== '/') return serve(request, response);
      response.writeHead(302, { location: '/index.html?run&roundMs=5&report=/result' }).end();
    });
    if (outcomes.length === 0) throw new Error('the page posted nothing in time');
    const [{ error, result }] = outcomes;
    if (error) throw new Error(error);
    const wrong = result.measured.filter(({ isRight }) => !isRight).map(({ name }) => name);
    if (wrong.length > 0) throw new Error(`answers that differ from Node's: ${wrong.join(', ')}`);
    return `${version}, ${result.measured.length} cases with the answers of Node`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
