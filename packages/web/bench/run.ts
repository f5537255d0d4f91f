// What start-up costs a page: compile and instantiate, from the inlined binary and from a compiled module.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Bench } from 'tinybench';
import { compileWasm, createCore, createCoreFrom } from '../src/index.ts';

const binary = new URL('../../core-wasm/build/simd.wasm', import.meta.url);
const bytes = await readFile(fileURLToPath(binary));
const module = await compileWasm(bytes);

const bench = new Bench({ name: 'start-up of a core', time: 300 });
bench
  .add('createCore, inlined binary', () => createCore().dispose())
  .add('createCoreFrom, bytes', async () => (await createCoreFrom(bytes)).dispose())
  .add('createCoreFrom, compiled module', async () => (await createCoreFrom(module)).dispose());
await bench.run();
console.log(bench.name);
console.table(bench.table());
