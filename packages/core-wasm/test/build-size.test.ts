import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeBinaryText } from '../src/binary-text.ts';
import { relaxedByteLength, relaxedText } from '../src/generated/relaxed-bytes.generated.ts';
import { simdByteLength, simdText } from '../src/generated/simd-bytes.generated.ts';
import { createCore, hasRelaxedSimd, UnsupportedError } from '../src/index.ts';
import { createCore as createCoreOfBoth } from '../src/relaxed/index.ts';
import { countSimd, summarizeWasm } from './wasm-opcodes.ts';

const GZIP_CEILING = 20_000;

function binary(build: 'debug' | 'simd' | 'relaxed'): Uint8Array {
  return readFileSync(new URL(`../build/${build}.wasm`, import.meta.url));
}

/** The order of exports may differ between builds, the names may not. */
function exportNames(build: 'debug' | 'simd' | 'relaxed'): string[] {
  return [...summarizeWasm(binary(build)).exports].sort();
}

describe.each(['simd', 'relaxed'] as const)('the %s binary', (build) => {
  const bytes = binary(build);
  const summary = summarizeWasm(bytes);

  it(`is under ${GZIP_CEILING} bytes gzipped`, () => {
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThan(GZIP_CEILING);
  });

  it('imports nothing, env.abort included', () => {
    expect(summary.imports).toEqual([]);
  });

  it('has SIMD in it', () => {
    expect(countSimd(summary).all).toBeGreaterThan(100);
  });

  it('exports kernels, memory and the heap base, and no runtime', () => {
    expect(summary.exports).toContain('memory');
    expect(summary.exports).toContain('__heap_base');
    const known = ['__heap_base'];
    expect(summary.exports.filter((name) => name.startsWith('__'))).toEqual(known);
  });

  it('is what the package inlines', () => {
    const inlined =
      build === 'simd'
        ? decodeBinaryText(simdText, simdByteLength)
        : decodeBinaryText(relaxedText, relaxedByteLength);
    expect(Buffer.from(inlined).equals(bytes)).toBe(true);
  });
});

describe('the builds', () => {
  it('differ in relaxed instructions: some in relaxed, none in simd', () => {
    expect(countSimd(summarizeWasm(binary('simd'))).relaxed).toBe(0);
    expect(countSimd(summarizeWasm(binary('relaxed'))).relaxed).toBeGreaterThan(0);
  });

  it('export the same names, debug included', () => {
    const names = exportNames('simd');
    expect(exportNames('relaxed')).toEqual(names);
    expect(exportNames('debug')).toEqual(names);
  });

  it('keep assertions in debug alone', () => {
    expect(summarizeWasm(binary('debug')).imports).toEqual(['env.abort']);
  });

  it('are read by the walker as the engine reads them', () => {
    const module = new WebAssembly.Module(new Uint8Array(binary('simd')));
    const names = WebAssembly.Module.exports(module).map(({ name }) => name);
    expect(summarizeWasm(binary('simd')).exports).toEqual(names);
  });

  it('are chosen by what the engine validates', () => {
    const isRelaxedValid = WebAssembly.validate(new Uint8Array(binary('relaxed')));
    expect(hasRelaxedSimd()).toBe(isRelaxedValid);
    using core = createCoreOfBoth({ build: 'auto' });
    expect(core.build).toBe(isRelaxedValid ? 'relaxed' : 'simd');
    using named = createCoreOfBoth({ build: 'simd' });
    expect(named.build).toBe('simd');
    if (isRelaxedValid) expect(createCoreOfBoth().build).toBe('relaxed');
    else expect(() => createCoreOfBoth()).toThrow(UnsupportedError);
  });

  it('are one in the default entry, which says so instead of taking another', () => {
    expect(createCore().build).toBe('simd');
    expect(() => createCore({ build: 'relaxed' })).toThrow(
      /import createCore from @sagitta\/core-wasm\/relaxed/,
    );
    const module = new WebAssembly.Module(new Uint8Array(binary('simd')));
    expect(createCore({ module, build: 'relaxed' }).build).toBe('relaxed');
  });
});
