// What a consumer would download: publint (strict) and "are the types wrong" on each tarball, and the files it holds.
import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packAll, publishedManifest } from './pack.mjs';
import { PUBLIC_PACKAGES, ROOT, readManifest, SOURCE_CONDITION } from './packages.mjs';
import { mustExecute } from './process.mjs';

const ALWAYS_PACKED = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];
const NEVER_PACKED = /(^|\/)(test|bench|node_modules|\.turbo)\/|\.tsbuildinfo$/;
/** What must be rebuilt from the tarball of a package alone: the kernels and the flags they are compiled with. */
const SOURCES_PACKED = {
  'core-wasm': ['assembly/index.ts', 'asconfig.json', 'dist/simd.wasm', 'dist/relaxed.wasm'],
};
/** Conditions in the order in which the first match is right: bundlers for Workers set workerd, worker and browser together. */
const CONDITIONS = ['types', 'workerd', 'edge-light', 'node', 'browser', 'default'];

export async function packedPackages() {
  const tarballs = await packAll();
  const problems = [];
  for (const name of PUBLIC_PACKAGES) {
    const { tarball, files } = tarballs.get(name);
    problems.push(
      ...checkFiles(name, files),
      ...(await checkExports(name, files)),
      ...(await checkManifest(name)),
      ...(await lintPackage(name, tarball)),
    );
    await checkTypes(name, tarball).catch((error) => problems.push(`${name}: ${error.message}`));
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return `publint and attw on ${PUBLIC_PACKAGES.length} tarballs`;
}

function checkFiles(name, files) {
  const wanted = [...ALWAYS_PACKED, ...(SOURCES_PACKED[name] ?? [])];
  const missing = wanted
    .filter((file) => !files.includes(file))
    .map((file) => `${name}: ${file} is not packed`);
  const extra = files
    .filter((file) => NEVER_PACKED.test(file))
    .map((file) => `${name}: ${file} must not be packed`);
  return [...missing, ...extra];
}

/** Every target is packed, the conditions are known and in order, and each entry ends in one that runs anywhere. */
async function checkExports(name, files) {
  const manifest = publishedManifest(await readManifest(name));
  const problems = [];
  for (const [entry, target] of Object.entries(manifest.exports)) {
    const conditions = typeof target === 'string' ? { default: target } : target;
    for (const [condition, file] of Object.entries(conditions)) {
      if (!files.includes(file.slice(2)))
        problems.push(`${name}: ${entry} "${condition}" is not packed: ${file}`);
    }
    const found = Object.keys(conditions);
    const ordered = CONDITIONS.filter((condition) => found.includes(condition));
    const isComplete = typeof target === 'string' || (found.includes('types') && found.includes('default'));
    if (!isComplete || found.join() !== ordered.join()) {
      problems.push(
        `${name}: ${entry} has the conditions ${found}, expected types, ${CONDITIONS.slice(1, -1)}?, default`,
      );
    }
  }
  if (JSON.stringify(manifest).includes(SOURCE_CONDITION))
    problems.push(`${name}: ${SOURCE_CONDITION} is packed`);
  return problems;
}

/** No install scripts: what runs on a consumer's machine is what the consumer calls. */
async function checkManifest(name) {
  const { scripts = {} } = await readManifest(name);
  return ['preinstall', 'install', 'postinstall']
    .filter((script) => script in scripts)
    .map((script) => `${name}: has a ${script} script`);
}

async function lintPackage(name, tarball) {
  const bytes = await readFile(tarball);
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  });
  return messages.map(
    (message) => `${name}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/** Binaries are declared as files, without types: they are left out by name, everything else has to resolve. */
async function checkTypes(name, tarball) {
  const { exports } = await readManifest(name);
  const binaries = Object.keys(exports).filter((entry) => entry.endsWith('.wasm'));
  const args = [
    '--no-install',
    'attw',
    tarball,
    '--profile',
    'esm-only',
    '--format',
    'ascii',
    '--no-color',
    '--no-emoji',
  ];
  if (binaries.length > 0) args.push('--exclude-entrypoints', ...binaries.map((entry) => entry.slice(2)));
  await mustExecute('npx', args, { cwd: ROOT });
}
