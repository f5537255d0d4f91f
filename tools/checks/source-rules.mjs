// House rules that no linter has: file length, open notes, one owner of memory.buffer, docs entries equal to exports.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PUBLIC_PACKAGES, packageFolder, ROOT, readManifest, SOURCE_CONDITION } from './packages.mjs';

const LINE_CEILING = 500;
/** What a run leaves in the tree is large; the largest fixture and picture are not. */
const KEPT_FILE_CEILING = 256 * 1024;

/** Each rule: which files, what must not be in them, and why. */
const BANNED = [
  { files: /./, pattern: /\b(TODO|FIXME|XXX)\b/, why: 'an open note belongs in an issue' },
  {
    files: /^packages\/core-wasm\/src\/(?!memory\.ts)/,
    pattern: /\bmemory\.buffer\b/,
    why: 'memory growth detaches views silently, so one file, memory.ts, touches memory.buffer',
  },
  {
    // Results of these differ in the last bit between engines; bytes that are stored must not.
    files: /^packages\/(core-wasm|quantizers)\/src\//,
    pattern: /\bMath\.(random|sin|cos|tan|pow|exp|hypot)\(/,
    why: 'stored bytes must be the same on every engine: + - * / sqrt and integers only',
  },
  {
    files: /^packages\/[^/]+\/src\//,
    pattern: /\bas unknown as\b|:\s*any\b|<any>/,
    why: 'types are not forced',
  },
  { files: /^packages\/[^/]+\/src\//, pattern: /^export default\b/, why: 'named exports only' },
  {
    files: /^packages\/[^/]+\/src\//,
    pattern: /^export \* from (?!'\.\/exports\.ts')/,
    why: 'exports are listed one by one',
  },
];

export async function sourceRules() {
  const problems = [];
  let count = 0;
  for (const folder of ['packages', 'tools', 'benchmarks', 'runtime-tests']) {
    for (const file of await sourceFiles(join(ROOT, folder))) {
      count++;
      checkFile(relative(ROOT, file), await readFile(file, 'utf8'), problems);
    }
  }
  checkKeptFiles(problems);
  for (const name of PUBLIC_PACKAGES) await checkDocsEntries(name, problems);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return `${count} files`;
}

/** Files in the repository: nobody commits the output of a run by mistake. */
function checkKeptFiles(problems) {
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    const { size } = statSync(join(ROOT, file));
    if (size > KEPT_FILE_CEILING) {
      problems.push(`${file}: expected at most ${KEPT_FILE_CEILING} bytes in the repository, got ${size}`);
    }
  }
}

async function sourceFiles(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter(
      (entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name) && !entry.name.includes('.generated.'),
    )
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(
      (file) =>
        !/\/(node_modules|dist|build|fixtures|\.turbo)\//.test(file) && !file.endsWith('source-rules.mjs'),
    );
}

function checkFile(file, text, problems) {
  const lines = text.split('\n');
  if (lines.length > LINE_CEILING + 1)
    problems.push(`${file}: ${lines.length - 1} lines, the ceiling is ${LINE_CEILING}`);
  for (const { files, pattern, why } of BANNED) {
    if (!files.test(file)) continue;
    lines.forEach((line, i) => {
      const code = pattern.source.includes('TODO') ? line : line.replace(/^\s*(\/\/|\*|\/\*).*$/, '');
      if (pattern.test(code)) problems.push(`${file}:${i + 1}: ${line.trim()} — ${why}`);
    });
  }
}

/** API docs are made of exactly the entry points that package.json declares. */
async function checkDocsEntries(name, problems) {
  const manifest = await readManifest(name);
  const declared = Object.values(manifest.exports)
    .map((target) => target[SOURCE_CONDITION])
    .filter((source) => source !== undefined)
    .map((source) => source.replace('./', ''))
    .sort();
  const documented = JSON.parse(
    await readFile(join(packageFolder(name), 'typedoc.json'), 'utf8'),
  ).entryPoints;
  if (declared.join() !== [...documented].sort().join()) {
    problems.push(`packages/${name}/typedoc.json documents ${documented}, package.json exports ${declared}`);
  }
}
