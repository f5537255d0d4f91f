// Download size: each declared entry and each app of size-budgets.json bundled and gzipped against its ceiling, and each release binary under
// 20 kB. What is not for Node must hold none of the strings of must-not-appear.mjs.
// A ceiling is raised only in the change that needs it, with the reason beside it in size-budgets.json.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { findForbidden } from './must-not-appear.mjs';
import { PUBLIC_PACKAGES, packageFolder, ROOT, readManifest } from './packages.mjs';

const WASM_CEILING = 20_000;

export async function sizeBudget() {
  const budgets = JSON.parse(await readFile(new URL('./size-budgets.json', import.meta.url), 'utf8'));
  const problems = [];
  const rows = [];

  /** One row of the table, and a problem where it is too large, has no ceiling, or holds what it must not. */
  async function measure(name, source, platform, budget, external = []) {
    const code = await bundle(source, platform, external).catch((error) => {
      problems.push(`${name} cannot be bundled: ${error.message}`);
      return new Uint8Array(0);
    });
    const bytes = gzipSync(code, { level: 9 }).length;
    const ceiling = budget?.gzipBytes;
    rows.push(`${name} ${kB(bytes)}${ceiling === undefined ? '' : `/${kB(ceiling)}`}`);
    if (ceiling === undefined) problems.push(`${name} has no ceiling in tools/checks/size-budgets.json`);
    else if (bytes > ceiling) problems.push(`${name}: ${bytes} B gzipped, the ceiling is ${ceiling} B`);
    if (platform === 'node') return;
    const found = findForbidden(new TextDecoder().decode(code));
    if (found.length > 0) problems.push(`${name} must not hold ${found.join(', ')}`);
  }

  for (const name of PUBLIC_PACKAGES) {
    const manifest = await readManifest(name);
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string' || entry === './reference') continue;
      const specifier = manifest.name + entry.slice(1);
      const source = `export * from '${specifier}';`;
      // what an app installs by itself is none of it
      const peers = Object.keys(manifest.peerDependencies ?? {});
      await measure(specifier, source, name === 'node' ? 'node' : 'neutral', budgets[specifier], peers);
    }
  }
  for (const [name, app] of Object.entries(budgets)) {
    if (app.source !== undefined) await measure(name, app.source, 'neutral', app);
  }
  for (const [file, bytes] of await binarySizes()) {
    rows.push(`${file} ${kB(bytes)}/${kB(WASM_CEILING)}`);
    if (bytes > WASM_CEILING) problems.push(`${file}: ${bytes} B gzipped, the ceiling is ${WASM_CEILING} B`);
  }
  const table = rows.map((row) => `\n       ${row}`).join('');
  if (problems.length > 0) throw new Error(`${problems.join('\n')}${table}`);
  return `gzipped${table}`;
}

/** Everything that `source` brings along but `external`, minified. */
async function bundle(source, platform, external) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform,
    external,
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}

async function binarySizes() {
  const folder = join(packageFolder('core-wasm'), 'dist');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  for (const wanted of ['simd.wasm', 'relaxed.wasm']) {
    if (!names.includes(wanted)) throw new Error(`packages/core-wasm/dist/${wanted} is missing`);
  }
  return Promise.all(
    names.map(async (name) => [name, gzipSync(await readFile(join(folder, name)), { level: 9 }).length]),
  );
}

function kB(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
