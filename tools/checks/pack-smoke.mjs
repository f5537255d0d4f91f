// The tarballs as a stranger gets them: installed in an empty folder, imported by name, used for a search.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll } from './pack.mjs';
import { PUBLIC_PACKAGES, readManifest } from './packages.mjs';
import { mustExecute } from './process.mjs';

/** They run where they are imported: in workers only. */
const WORKER_ENTRIES = ['@sagitta/web/search-worker', '@sagitta/node/search-worker'];

export async function packSmoke() {
  const tarballs = await packAll();
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-smoke-'));
  try {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    const files = PUBLIC_PACKAGES.map((name) => tarballs.get(name).tarball);
    await mustExecute('npm', ['install', '--no-audit', '--no-fund', ...files], { cwd: folder });
    await writeFile(join(folder, 'smoke.mjs'), await consumerScript());
    const printed = await mustExecute(process.execPath, ['smoke.mjs'], { cwd: folder });
    const version = await mustExecute('npx', ['--no-install', 'sagitta', '--version'], { cwd: folder });
    return `${printed.trim()}; sagitta ${version.trim()}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Imports every declared entry, then runs `useThePackages` as source text: nothing of the repository is in reach. */
async function consumerScript() {
  const specifiers = [];
  for (const name of PUBLIC_PACKAGES) {
    const manifest = await readManifest(name);
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target !== 'string' && !WORKER_ENTRIES.includes(manifest.name + entry.slice(1)))
        specifiers.push(manifest.name + entry.slice(1));
    }
  }
  return `
const entries = ${JSON.stringify(specifiers)};
const modules = {};
for (const entry of entries) {
  modules[entry] = await import(entry);
  if (Object.keys(modules[entry]).length === 0) throw new Error(entry + ' exports nothing');
}
${useThePackages}
console.log(entries.length + ' entries imported, ' + (await useThePackages(modules)));
`;
}

// ---------------------------------------------------------------------------------------------------------------------
// What the consumer does. It runs in the empty folder, so it may use its argument and globals only.
// ---------------------------------------------------------------------------------------------------------------------

/** @param modules - namespace object by specifier; returns one line for the report, throws when an answer is wrong. */
async function useThePackages(modules) {
  const { createCore } = modules['@sagitta/core-wasm'];
  const { buildIvf, loadIndex, saveIndex } = modules['@sagitta/retrieval'];
  const core = createCore();
  const d = 48;
  const n = 600;
  let state = 1;
  const vectors = Float32Array.from({ length: n * d }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
  const index = buildIvf(core, vectors, d, { metric: 'l2', nlist: 8, bits: 4, seed: 1 });
  const bytes = saveIndex(index);
  index.dispose();
  const loaded = loadIndex(core, bytes);
  let hits = 0;
  for (let i = 0; i < n; i++) {
    const { ids } = loaded.search(vectors.subarray(i * d, (i + 1) * d), 1, { nprobe: 2 });
    if (ids[0] === i) hits++;
  }
  loaded.dispose();
  if (core.bytesUsed() !== 0) throw new Error(`${core.bytesUsed()} bytes are still allocated`);
  core.dispose();
  if (hits !== n) throw new Error(`${hits} of ${n} vectors find themselves`);
  return `${n} vectors in ${bytes.length} bytes find themselves`;
}
