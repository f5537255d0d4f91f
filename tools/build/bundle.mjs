// Run in a package folder after tsc has written declarations: dist/ in as few files as its entries need.
// A module costs Node about half a millisecond to find, read and compile, and an index over three packages was 75 of them.
//
// Entries are those of package.json: a target dist/X.js is made of src/X.ts. Entries that agree on every name they share
// become one file and one line each that names their part of it; the others share chunks. Other packages and .wasm files
// stay imports.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, posix, relative } from 'node:path';
import { build } from 'esbuild';

const ALL = 'all.js';

const { exports, dependencies = {} } = JSON.parse(await readFile('package.json', 'utf8'));
const targets = Object.values(exports)
  .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
  .filter((file) => file.startsWith('./dist/') && file.endsWith('.js'));
const entryPoints = [...new Set(targets)].map((file) =>
  file.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
);
const options = {
  outdir: 'dist',
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: [...Object.keys(dependencies), '*.wasm', '*.wasm?module'],
};

const hasVariants = targets.some((file) => /\.(workerd|edge)\.js$/.test(file));
if (hasVariants) await bundleInChunks();
else await bundleInOne();

/** Entries with variants give other things the same name (createCore), so each keeps its file. */
async function bundleInChunks() {
  const result = await build({
    ...options,
    entryPoints,
    outbase: 'src',
    splitting: true,
    chunkNames: 'chunk-[hash]',
  });
  for (const { path, text } of check(result).outputFiles) {
    // An entry also names chunks that it takes nothing from. No module here has side effects, and bundlers warn about such imports.
    await write(path, text.replace(/^import "\.\.?\/[^"]*chunk-\w+\.js";\n/gm, ''));
  }
}

async function bundleInOne() {
  const separate = check(await build({ ...options, entryPoints, outbase: 'src' }));
  const entries = Object.entries(separate.metafile.outputs).map(([file, output]) => ({
    file,
    names: [...output.exports].sort(),
  }));
  // A name that two entries give to different things would be left out by the language, and is then missing here.
  const contents = entryPoints.map((file) => `export * from './${file}';`).join('\n');
  const one = check(
    await build({ ...options, stdin: { contents, resolveDir: process.cwd(), sourcefile: 'all.ts' } }),
  );
  const [{ text }] = one.outputFiles;
  const [{ exports: known }] = Object.values(one.metafile.outputs);
  await write(`dist/${ALL}`, text);
  for (const { file, names } of entries) {
    const missing = names.filter((name) => !known.includes(name));
    if (missing.length > 0) throw new Error(`${file}: ${missing} is not the same in every entry`);
    const all = posix.join(relative(dirname(file), 'dist') || '.', ALL);
    await write(file, `export { ${names.join(', ')} } from '${all.startsWith('.') ? all : `./${all}`}';\n`);
  }
}

function check(result) {
  if (result.warnings.length > 0) throw new Error(`${result.warnings.length} warnings`);
  return result;
}

async function write(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
