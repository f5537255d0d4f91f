// The tarballs as a stranger gets them: installed in an empty folder, imported by name, used for a search.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PUBLIC_PACKAGES, packAll, readManifest } from './packages.mjs';
import { mustExecute } from './process.mjs';

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
      if (typeof target !== 'string') specifiers.push(manifest.name + entry.slice(1));
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
  const core = createCore();
  const d = 100;
  const n = 7;
  const query = core.allocate(4 * d);
  const rows = core.allocate(4 * n * d);
  const out = core.allocate(4 * n);
  query.f32().fill(2);
  rows.f32().forEach((_, i, all) => {
    all[i] = Math.floor(i / d);
  });
  core.kernels.dotF32Rows(query.at(), rows.at(), n, d, out.at());
  const sums = Array.from(out.f32(0, n));
  core.dispose();
  if (sums.join() !== '0,200,400,600,800,1000,1200') throw new Error(`dot products are ${sums}`);
  return 'kernels ran';
}
