/**
 * A compiled WebAssembly module from whatever a page has at hand: an address, a response, bytes.
 *
 * Streaming compilation overlaps download and compile, but the standard makes it reject a response whose MIME type is
 * not `application/wasm`, and many static servers send another one. Then the same body is compiled from bytes.
 * A page under a content security policy needs `script-src 'wasm-unsafe-eval'` for either way.
 */

/** Where the binary comes from. A string or URL is fetched; a Response is consumed. */
export type WasmSource = string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/**
 * Makes a module: compiles a binary without blocking the thread.
 *
 * @param source - address, response (or a promise of one), bytes, or an already compiled module, which is returned as is
 * @returns the module; it can be posted to workers, which then need no download and no compilation
 * @throws Error if the server answers with an error status
 * @throws WebAssembly.CompileError if the bytes are no module, or use instructions that the engine lacks
 */
export async function compileWasm(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response = await (typeof source === 'string' || source instanceof URL ? fetch(source) : source);
  if (!response.ok) {
    throw new Error(`"source" expected a binary at ${response.url}, got HTTP status ${response.status}.`);
  }
  return canStream(response)
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/** Decided before the body is touched: a failed compileStreaming leaves nothing to fall back on. */
function canStream(response: Response): boolean {
  return (
    typeof WebAssembly.compileStreaming === 'function' &&
    response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() === 'application/wasm'
  );
}
