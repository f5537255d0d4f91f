// A static server of built bundles under the strict policy. X.html is made for X.js where a bundler wrote no page.
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { STRICT_POLICY } from './page.mjs';

const TYPES = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** @param {string} folder */
export function serveFolder(folder) {
  return (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const file = join(folder, path);
    const headers = {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-security-policy': STRICT_POLICY,
    };
    const script = path.replace(/\.html$/, '.js');
    if (existsSync(file) && extname(path) !== '') {
      response.writeHead(200, headers).end(readFileSync(file));
    } else if (script !== path && existsSync(join(folder, script))) {
      response
        .writeHead(200, headers)
        .end(`<!doctype html><title>${path}</title><script type="module" src="${script}"></script>`);
    } else {
      response.writeHead(404).end();
    }
  };
}
