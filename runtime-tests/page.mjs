// Runs a work module as a page in a browser, under a content security policy that allows WebAssembly and nothing else.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { openChromium, openFirefox, visit } from './browsers.mjs';
import { bundle } from './bundle.mjs';
import { FOLDER } from './install.mjs';

/** No blob: workers, no eval, no inline script. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src data:";

export const OPENERS = { chromium: openChromium, firefox: openFirefox };

/**
 * @param {'chromium' | 'firefox'} browser
 * @param {import('./runtimes.mjs').Work} work
 * @returns {Promise<{ version: string, result: any }>}
 */
export async function runPage(browser, work) {
  const script = await bundle(join(FOLDER, 'entry-page.mjs'), { work: work.module });
  const inputs = work.inputs ?? {};
  const { version, outcomes } = await visit(OPENERS[browser], (request, response) => {
    const name = request.url.slice('/input/'.length);
    if (request.url === '/') {
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': STRICT_POLICY });
      response.end('<!doctype html><title>runtime</title><script type="module" src="/page.mjs"></script>');
    } else if (request.url === '/page.mjs') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    } else if (request.url === `/input/${name}` && name in inputs) {
      createReadStream(inputs[name]).pipe(response);
    } else {
      response.writeHead(404).end();
    }
  });
  if (outcomes.length === 0) throw new Error('the page posted nothing in time');
  if (outcomes[0].error) throw new Error(outcomes[0].error);
  return { version, result: outcomes[0].result };
}
