// docs/binaries.md says what the binaries are: it has to be what the build makes. `node tools/checks/binaries.mjs` writes it.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packageFolder, ROOT, readManifest } from './packages.mjs';

const FILE = 'docs/binaries.md';
const BUILDS = ['simd', 'relaxed'];

export async function binaries() {
  const expected = await describeBinaries();
  if ((await readFile(join(ROOT, FILE), 'utf8')) !== expected) {
    throw new Error(`${FILE} is not what the build makes: run "node tools/checks/binaries.mjs"`);
  }
  return `${FILE} has the hashes of ${BUILDS.length} binaries`;
}

async function describeBinaries() {
  const { version } = await readManifest('core-wasm');
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const rows = [];
  for (const build of BUILDS) {
    const bytes = await readFile(join(packageFolder('core-wasm'), 'dist', `${build}.wasm`));
    const sha256 = createHash('sha256').update(bytes).digest();
    const gzip = gzipSync(bytes, { level: 9 }).length;
    rows.push(
      `| \`@sagitta/core-wasm/${build}.wasm\` | ${bytes.length} | ${gzip} | \`${sha256.toString('hex')}\` | \`sha256-${sha256.toString('base64')}\` |`,
    );
  }
  return `---
title: Binaries
---

# Binaries

What \`@sagitta/core-wasm\` ${version} ships. The same sources and AssemblyScript ${devDependencies.assemblyscript} give the same bytes on every machine; a test
builds them twice, and \`npm run check\` compares this page with the build.

| file | bytes | gzipped | SHA-256 | for \`integrity\` |
|---|---|---|---|---|
${rows.join('\n')}

The default entry inlines \`simd.wasm\` as text, \`@sagitta/core-wasm/relaxed\` both; a test compares what is inlined with the files.

To build them from the tarball alone, which has \`assembly/\` and the flags in \`asconfig.json\`:

\`\`\`sh
npm pack @sagitta/core-wasm@${version} && tar xzf sagitta-core-wasm-${version}.tgz && cd package
npm install --no-save assemblyscript@${devDependencies.assemblyscript}
mkdir -p build && npx asc --config asconfig.json --target simd && sha256sum build/simd.wasm dist/simd.wasm
\`\`\`

Neither binary imports anything, and \`simd.wasm\` has no relaxed instruction; tests count both.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(join(ROOT, FILE), await describeBinaries());
