// A server on 127.0.0.1 for pages of these tests: files from memory, byte ranges, a policy without eval, and under
// /isolated/ the headers that make a page cross-origin isolated.
import { createServer } from 'node:http';

const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' data:";
const TYPES = {
  js: 'text/javascript',
  html: 'text/html',
  wasm: 'application/wasm',
  css: 'text/css',
  svg: 'image/svg+xml',
};

/**
 * @param {Record<string, string | Uint8Array>} files - by path without the leading slash
 * @param {(body: string) => void} [onPost] - what pages post to /result
 */
export async function serve(files, onPost = () => {}) {
  const requests = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    requests.push({ path, range: request.headers.range });
    if (request.method === 'POST') {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        response.end();
        onPost(body);
      });
      return;
    }
    const isIsolated = path.startsWith('/isolated/');
    const name = path.slice(isIsolated ? '/isolated/'.length : 1) || 'index.html';
    if (name === 'stall.sag') {
      // begins, and never goes on
      response.writeHead(200).write('SAGT');
      return;
    }
    const file = files[name];
    if (file === undefined) {
      response.writeHead(name === 'favicon.ico' ? 204 : 404).end();
      return;
    }
    const bytes = Buffer.from(file);
    const headers = {
      'content-type': TYPES[name.split('.').pop()] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      ...(isIsolated && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }),
    };
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (!range || name.startsWith('whole')) {
      response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
      return;
    }
    const start = Number(range[1]);
    const end = Math.min(Number(range[2]), bytes.length - 1);
    response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` });
    response.end(bytes.subarray(start, end + 1));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
