import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Core, compileWasm, createCore, createCoreFrom } from '../src/index.ts';

const BINARY = fileURLToPath(new URL('../../core-wasm/build/simd.wasm', import.meta.url));

let bytes: Uint8Array<ArrayBuffer>;
let server: Server;
let origin: string;

beforeAll(async () => {
  bytes = new Uint8Array(await readFile(BINARY));
  server = createServer((request, response) => {
    if (request.url === '/simd.wasm')
      response.writeHead(200, { 'content-type': 'application/wasm' }).end(bytes);
    else if (request.url === '/untyped') response.writeHead(200, { 'content-type': 'text/plain' }).end(bytes);
    else response.writeHead(404).end('not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** <(1, 2, …, d), (2, 2, …, 2)> = d(d + 1) */
function sumByKernel(core: Core, d: number): number {
  return core.scope((scope) => {
    const a = scope.reserve(4 * d);
    const b = scope.reserve(4 * d);
    a.f32().set(Float32Array.from({ length: d }, (_, i) => i + 1));
    b.f32().fill(2);
    return core.kernels.dotF32(a.at(), b.at(), d);
  });
}

describe('createCoreFrom', () => {
  it.each([
    ['an address', () => `${origin}/simd.wasm`],
    ['a URL', () => new URL('/simd.wasm', origin)],
    ['a response', async () => fetch(`${origin}/simd.wasm`)],
    ['a promise of a response', () => fetch(`${origin}/simd.wasm`)],
    ['a response of another MIME type', () => `${origin}/untyped`],
    ['bytes', () => bytes],
    ['an array buffer', () => bytes.buffer],
    ['a compiled module', async () => WebAssembly.compile(bytes)],
  ])('takes %s', async (_, source) => {
    const core = await createCoreFrom(await source());
    expect(sumByKernel(core, 33)).toBe(33 * 34);
    expect(core.bytesUsed()).toBe(0);
    core.dispose();
  });

  it('computes what createCore computes', async () => {
    const inlined = createCore();
    const fetched = await createCoreFrom(`${origin}/simd.wasm`);
    expect(sumByKernel(fetched, 100)).toBe(sumByKernel(inlined, 100));
    inlined.dispose();
    fetched.dispose();
  });

  it('names the address and the status of a missing file', async () => {
    await expect(createCoreFrom(`${origin}/gone.wasm`)).rejects.toThrow(/gone\.wasm, got HTTP status 404/);
  });

  it('rejects bytes that are no module', async () => {
    await expect(createCoreFrom(new Uint8Array([1, 2, 3]))).rejects.toThrow(WebAssembly.CompileError);
  });
});

describe('compileWasm', () => {
  it('compiles once for many cores', async () => {
    const module = await compileWasm(`${origin}/simd.wasm`);
    expect(await compileWasm(module)).toBe(module);
    const cores = await Promise.all([createCoreFrom(module), createCoreFrom(module)]);
    cores[0].allocate(64);
    expect(cores.map((core) => core.bytesUsed())).toEqual([64, 0]);
    for (const core of cores) core.dispose();
  });
});
