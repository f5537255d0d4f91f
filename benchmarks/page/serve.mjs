// `npm run bench:page`: builds the bench page into benchmarks/page/build and serves it; `-- --port 8080` names the port.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serveFolder } from '../../runtime-tests/serve-folder.mjs';
import { bundlePage } from './bundle.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '4174' } } });
const folder = fileURLToPath(new URL('./build/', import.meta.url));
await bundlePage(folder);
const serve = serveFolder(folder);
const server = createServer((request, response) => {
  if (request.url === '/') request.url = '/index.html';
  serve(request, response);
});
server.listen(Number(values.port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
