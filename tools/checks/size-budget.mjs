// Download size: each declared entry bundled and gzipped against its ceiling, and each release binary under 20 kB.
// A ceiling is raised only in the change that needs it, with the reason beside it in size-budgets.json.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { PUBLIC_PACKAGES, packageFolder, ROOT, readManifest } from './packages.mjs';

const WASM_CEILING = 20_000;

export async function sizeBudget() {
  const budgets = JSON.parse(await readFile(new URL('./size-budgets.json', import.meta.url), 'utf8'));
  const problems = [];
  const rows = [];
  for (const name of PUBLIC_PACKAGES) {
    const manifest = await readManifest(name);
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string' || entry === './reference') continue;
      const specifier = manifest.name + entry.slice(1);
      const bytes = await bundledSize(specifier, name === 'node' ? 'node' : 'neutral').catch((error) => {
        problems.push(`${specifier} cannot be bundled: ${error.message}`);
        return 0;
      });
      const ceiling = budgets[specifier]?.gzipBytes;
      rows.push(`${specifier} ${kB(bytes)}${ceiling === undefined ? '' : `/${kB(ceiling)}`}`);
      if (ceiling === undefined)
        problems.push(`${specifier} has no ceiling in tools/checks/size-budgets.json`);
      else if (bytes > ceiling)
        problems.push(`${specifier}: ${bytes} B gzipped, the ceiling is ${ceiling} B`);
    }
  }
  for (const [file, bytes] of await binarySizes()) {
    rows.push(`${file} ${kB(bytes)}/${kB(WASM_CEILING)}`);
    if (bytes > WASM_CEILING) problems.push(`${file}: ${bytes} B gzipped, the ceiling is ${WASM_CEILING} B`);
  }
  const table = rows.map((row) => `\n       ${row}`).join('');
  if (problems.length > 0) throw new Error(`${problems.join('\n')}${table}`);
  return `gzipped${table}`;
}

/** Gzipped bytes of everything that importing all of `specifier` brings along. */
async function bundledSize(specifier, platform) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${specifier}';`, resolveDir: ROOT },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform,
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
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
