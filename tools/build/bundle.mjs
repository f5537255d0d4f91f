// Run in a package folder after tsc has written declarations: dist/ in as few files as its entries need.
// A module costs Node about half a millisecond to find, read and compile, and an index over three packages was 75 of them.
//
// Entries are those of package.json: a target dist/X.js is made of src/X.ts. Entries that agree on every name they share
// become one file and one line each that names their part of it; the others share chunks. Other packages and .wasm files
// stay imports.
//
// `bundle.mjs ./X ./Y`: what entries X and Y need is a file of its own, which the one of everything imports: compiling modules is
// most of a cold start (25 ms a megabyte), and who opens these reads no more than they need.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, posix, relative } from 'node:path';
import { build } from 'esbuild';

const ALL = 'all.js';
const APART = 'apart.js';

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
  const apart = new Set(process.argv.slice(2).map((name) => exports[name].default.replace('./', '')));
  const sourceOf = (file) => file.replace('dist/', 'src/').replace(/\.js$/, '.ts');
  // A name that two entries give to different things would be left out by the language, and is then missing here.
  const contents = (files) => files.map((file) => `export * from './${sourceOf(file)}';`).join('\n');
  const files = entries.map(({ file }) => file);
  const parts = { [ALL]: contents(files), ...(apart.size > 0 && { [APART]: contents([...apart]) }) };
  const result = check(
    await build({ ...options, splitting: true, chunkNames: 'chunk-[hash]', ...virtualEntries(parts) }),
  );
  for (const { path, text } of result.outputFiles) await write(path, text);
  for (const { file, names } of entries) {
    const part = apart.has(file) ? APART : ALL;
    const known = result.metafile.outputs[`dist/${part}`].exports;
    const missing = names.filter((name) => !known.includes(name));
    if (missing.length > 0) throw new Error(`${file}: ${missing} is not the same in every entry`);
    const from = posix.join(relative(dirname(file), 'dist') || '.', part);
    await write(
      file,
      `export { ${names.join(', ')} } from '${from.startsWith('.') ? from : `./${from}`}';\n`,
    );
  }
}

/** Entry points that are in no file. */
function virtualEntries(parts) {
  const setup = ({ onResolve, onLoad }) => {
    onResolve({ filter: /^part:/ }, ({ path }) => ({ path: path.slice(5), namespace: 'part' }));
    onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
      contents: parts[path],
      resolveDir: process.cwd(),
    }));
  };
  return {
    entryPoints: Object.keys(parts).map((out) => ({ in: `part:${out}`, out: out.replace(/\.js$/, '') })),
    plugins: [{ name: 'parts', setup }],
  };
}

function check(result) {
  if (result.warnings.length > 0) throw new Error(`${result.warnings.length} warnings`);
  return result;
}

async function write(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
