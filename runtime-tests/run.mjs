// The same work in every runtime: this Node, Node 22 and 24, Bun, Deno, workerd, Chromium, Firefox.
// Every runtime has to print the hashes that the first one printed. A runtime that cannot be installed or started fails.
// `node runtime-tests/run.mjs bun workerd` runs the first and the named ones. SAGITTA_RUNTIME_REPORT=FILE keeps the counts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { mustExecute } from '../tools/checks/process.mjs';
import { FOLDER, findInPackages, installBrowsers, installFromNpm } from './install.mjs';

const COMMAND_LINE_ENTRY = join(FOLDER, 'entry-command-line.mjs');
const TIME_LIMIT_MS = 120_000;

/** `run` resolves to the version of the runtime and the hashes it computed. */
const RUNTIMES = [
  { name: 'node (this one)', run: () => runCommandLine(process.execPath, []) },
  { name: 'node 22', run: () => runCommandLine(nodeProgram(22), []) },
  { name: 'node 24', run: () => runCommandLine(nodeProgram(24), []) },
  { name: 'bun', run: () => runCommandLine(bunProgram(), []) },
  {
    name: 'deno',
    run: () =>
      runCommandLine(denoProgram(), ['run', '--allow-read', '--node-modules-dir=manual', '--no-lock']),
  },
  { name: 'workerd', run: async () => (await import('./workerd.mjs')).runWorkerd(workerdProgram()) },
  { name: 'chromium', run: async () => (await browsers()).runChromium(await bundlePage()) },
  { name: 'firefox', run: async () => (await browsers()).runFirefox(await bundlePage()) },
];

const wanted = process.argv.slice(2);
await installFromNpm();

let expected;
let passed = 0;
let failed = 0;
for (const [i, runtime] of RUNTIMES.entries()) {
  if (i > 0 && wanted.length > 0 && !wanted.includes(runtime.name)) continue;
  const start = performance.now();
  let outcome = 'ok  ';
  let detail;
  try {
    const { version, hashes } = await runtime.run();
    if (expected === undefined) printExpected(hashes);
    expected ??= hashes;
    compare(hashes);
    detail = `${version}, ${Object.keys(hashes).length} hashes equal`;
    passed++;
  } catch (error) {
    outcome = 'FAIL';
    detail = error instanceof Error ? error.message : String(error);
    failed++;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${outcome} ${runtime.name.padEnd(16)} ${seconds.padStart(5)} s  ${detail}`);
}
console.log(`runtimes: ${passed} passed, ${failed} failed`);
const report = process.env.SAGITTA_RUNTIME_REPORT;
if (report) await writeFile(report, JSON.stringify({ passed, failed }));
process.exitCode = failed > 0 ? 1 : 0;

function printExpected(hashes) {
  for (const [name, value] of Object.entries(hashes))
    console.log(`     ${name.padEnd(24)} ${value.slice(0, 16)}`);
}

function compare(hashes) {
  const names = new Set([...Object.keys(expected), ...Object.keys(hashes)]);
  if (names.size === 0) throw new Error('nothing was computed');
  const different = [...names].filter((name) => hashes[name] !== expected[name]);
  if (different.length > 0) {
    throw new Error(
      different.map((name) => `${name}: ${hashes[name]}, expected ${expected[name]}`).join('\n'),
    );
  }
}

async function runCommandLine(program, args) {
  const version = (await mustExecute(program, ['--version'])).split('\n')[0];
  const printed = await mustExecute(program, [...args, COMMAND_LINE_ENTRY], {
    cwd: FOLDER,
    timeoutMs: TIME_LIMIT_MS,
  });
  return { version, hashes: JSON.parse(printed) };
}

/** The browsers come from the distribution, and only when one of them is asked for. */
async function browsers() {
  await installBrowsers([
    { program: 'chromium', package: 'chromium' },
    { program: 'firefox-esr', package: 'firefox-esr' },
  ]);
  return import('./browsers.mjs');
}

async function bundlePage() {
  const { outputFiles } = await build({
    entryPoints: [join(FOLDER, 'entry-page.mjs')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

function nodeProgram(major) {
  return findInPackages([`node${major}-linux-x64`, `node${major}-linux-arm64`], 'bin/node');
}

function bunProgram() {
  return findInPackages(['@oven/bun-linux-x64', '@oven/bun-linux-aarch64'], 'bin/bun');
}

function denoProgram() {
  return findInPackages(['@deno/linux-x64-glibc', '@deno/linux-arm64-glibc'], 'deno');
}

function workerdProgram() {
  return findInPackages(['@cloudflare/workerd-linux-64', '@cloudflare/workerd-linux-arm64'], 'bin/workerd');
}
