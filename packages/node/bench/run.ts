/**
 * Reading vector files, exact neighbours, saving and loading indexes: `npm run bench -w @sagitta/node`.
 *
 * Files lie in a temporary folder and are in the system's cache, so that this measures decoding and not the disk. The
 * baseline of the readers is reading the same bytes with fs.readFile.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { buildIvf } from '@sagitta/retrieval';
import { skewedRows } from '@sagitta/testing';
import { Bench } from 'tinybench';
import {
  exactNeighbors,
  loadIndexFile,
  openVectors,
  readAll,
  saveIndexFile,
  writeNpy,
} from '../src/index.ts';

const N = 20_000;
const D = 128;

function xvecs(rows: Float32Array): Uint8Array {
  const words = new Float32Array(N * (D + 1));
  const integers = new Int32Array(words.buffer);
  for (let i = 0; i < N; i++) {
    integers[i * (D + 1)] = D;
    words.set(rows.subarray(i * D, (i + 1) * D), i * (D + 1) + 1);
  }
  return new Uint8Array(words.buffer);
}

function jsonl(rows: Float32Array): string {
  return Array.from(
    { length: N },
    (_, i) => `{"vector":${JSON.stringify([...rows.subarray(i * D, (i + 1) * D)])}}\n`,
  ).join('');
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-bench-'));
  const core = createCore();
  try {
    console.log(
      `${cpus()[0]?.model}, Node ${process.version}, ${core.build} build, ${new Date().toISOString().slice(0, 10)}`,
    );
    console.log(`${N} × ${D}\n`);
    const rows = skewedRows(N, D, { seed: 1 });
    const paths = {
      fvecs: join(folder, 'a.fvecs'),
      npy: join(folder, 'a.npy'),
      jsonl: join(folder, 'a.jsonl'),
    };
    await writeFile(paths.fvecs, xvecs(rows));
    await writeNpy(paths.npy, rows, D);
    await writeFile(paths.jsonl, jsonl(rows));
    const index = buildIvf(core, rows, D, { metric: 'l2', bits: 4, nlist: 64 });
    const indexPath = join(folder, 'a.sag');
    await saveIndexFile(indexPath, index);
    const queries = { data: rows.subarray(0, 100 * D), n: 100, d: D };

    const read = async (path: string): Promise<void> => {
      const source = await openVectors(path, path.endsWith('.jsonl') ? { column: 'vector' } : {});
      await readAll(source);
      await source.close();
    };
    const tasks: { name: string; megabytes: number; run: () => Promise<void> }[] = [];
    for (const [format, path] of Object.entries(paths)) {
      const megabytes = (await stat(path)).size / 1e6;
      tasks.push({ name: `readFile, ${format}`, megabytes, run: async () => void (await readFile(path)) });
      tasks.push({ name: `read ${format}`, megabytes, run: () => read(path) });
    }
    const indexBytes = (await stat(indexPath)).size / 1e6;
    tasks.push({
      name: 'save index',
      megabytes: indexBytes,
      run: async () => void (await saveIndexFile(indexPath, index)),
    });
    tasks.push({
      name: 'load index',
      megabytes: indexBytes,
      run: async () => (await loadIndexFile(core, indexPath)).dispose(),
    });
    tasks.push({
      name: '100 exact queries, npy',
      megabytes: (await stat(paths.npy)).size / 1e6,
      run: async () => {
        const source = await openVectors(paths.npy);
        await exactNeighbors(core, source, queries, { k: 10, metric: 'l2' });
        await source.close();
      },
    });

    const bench = new Bench({ time: 300, iterations: 4, warmupTime: 50, warmupIterations: 1 });
    for (const { name, run } of tasks) bench.add(name, run);
    await bench.run();
    console.log('task                       best ms  median ms      MB   MB/s');
    for (const [i, { name, megabytes }] of tasks.entries()) {
      const result = bench.tasks[i]?.result;
      if (result === undefined || !('latency' in result)) throw new Error(`${name} did not complete`);
      const { min, p50 } = result.latency;
      console.log(
        name.padEnd(24),
        min.toFixed(2).padStart(9),
        p50.toFixed(2).padStart(10),
        megabytes.toFixed(1).padStart(7),
        ((1000 * megabytes) / p50).toFixed(0).padStart(6),
      );
    }
    index.dispose();
  } finally {
    core.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
