// A Cloudflare Worker that holds an index and answers POST /search with JSON { vector, k, nprobe }.
//
// The index is fetched once, when the first request of an isolate comes, and goes from the response's body into the
// WebAssembly memory without a second copy. INDEX is a binding with a fetch method that serves index.sag: a static asset
// binding as it is; for R2, loadIndexFrom(core, object.body, { size: object.size }) of bucket.get('index.sag'), or, if the
// index is larger than memory, openIndex(core, await objectSource(bucket, 'index.sag')).
import { answerSearch, createCore, loadIndexFrom } from '@sagitta/web/edge';

/** One for each isolate. A failure is forgotten, so that the next request tries again. */
let loading;

async function load(env) {
  const start = Date.now();
  const response = await env.INDEX.fetch('http://assets/index.sag');
  if (!response.ok) throw new Error(`index.sag: status ${response.status}`);
  const length = response.headers.get('content-length');
  const core = createCore({ maximumBytes: 112 * 1024 * 1024 });
  const index = await loadIndexFrom(core, response.body, length === null ? {} : { size: Number(length) });
  return { core, index, milliseconds: Date.now() - start };
}

function ready(env) {
  loading ??= load(env).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/') return new Response('POST /search { vector, k, nprobe }');
    if (pathname !== '/search' && pathname !== '/info') return new Response('not found', { status: 404 });
    const { core, index, milliseconds } = await ready(env);
    if (pathname === '/search') return answerSearch(request, index);
    const { n, d, quantizer, bits, metric } = index;
    const memory = { bytesUsed: core.bytesUsed(), memoryBytes: core.memoryBytes() };
    return Response.json({ n, d, quantizer, bits, metric, milliseconds, ...memory });
  },
};
