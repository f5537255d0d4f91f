// The runtimes and the one thing that each of them is asked to do: import a work module, call its `run`, give the result back.
// A work module uses packages and web-standard globals only, so that the same file runs everywhere.
import { join } from 'node:path';
import { mustExecute } from '../tools/checks/process.mjs';
import { FOLDER, findInPackages, installBrowsers, installFromNpm } from './install.mjs';

const COMMAND_LINE_ENTRY = join(FOLDER, 'entry-command-line.mjs');
const TIME_LIMIT_MS = 300_000;

/**
 * @typedef {object} Work
 * @property {string} module - absolute path of a module that exports `run(input)`; `input(name)` resolves to bytes
 * @property {Record<string, string>} [inputs] - paths of files by the name that `input` takes
 */

/**
 * @typedef {object} Outcome
 * @property {string} version - of the runtime
 * @property {any} result - what `run` resolved to
 * @property {number} [peakBytes] - the most memory that the process has had; not known of browsers
 */

/** @type {readonly { name: string, engine: string, run: (work: Work) => Promise<Outcome> }[]} */
export const RUNTIMES = [
  { name: 'node 20', engine: 'V8', run: (work) => runCommandLine(nodeProgram(20), [], work) },
  { name: 'node 22', engine: 'V8', run: (work) => runCommandLine(nodeProgram(22), [], work) },
  { name: 'node 24', engine: 'V8', run: (work) => runCommandLine(nodeProgram(24), [], work) },
  { name: 'bun', engine: 'JavaScriptCore', run: (work) => runCommandLine(bunProgram(), [], work) },
  {
    name: 'deno',
    engine: 'V8',
    run: (work) =>
      runCommandLine(denoProgram(), ['run', '--allow-read', '--node-modules-dir=manual', '--no-lock'], work),
  },
  {
    name: 'workerd',
    engine: 'V8',
    run: async (work) => (await import('./workerd.mjs')).runWorkerd(workerdProgram(), work),
  },
  { name: 'chromium', engine: 'V8', run: (work) => runBrowser('chromium', work) },
  { name: 'firefox', engine: 'SpiderMonkey', run: (work) => runBrowser('firefox', work) },
];

/** Installs what comes from npm; the browsers come when the first of them runs. */
export const installRuntimes = installFromNpm;

async function runCommandLine(program, args, work) {
  const version = (await mustExecute(program, ['--version'])).split('\n')[0];
  const printed = await mustExecute(
    program,
    [...args, COMMAND_LINE_ENTRY, work.module, JSON.stringify(work.inputs ?? {})],
    { cwd: FOLDER, timeoutMs: TIME_LIMIT_MS },
  );
  return { version, ...JSON.parse(printed) };
}

/** The browsers come from the distribution, and only when one of them is asked for. */
async function runBrowser(name, work) {
  await installBrowsers();
  return (await import('./page.mjs')).runPage(name, work);
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

export function workerdProgram() {
  return findInPackages(['@cloudflare/workerd-linux-64', '@cloudflare/workerd-linux-arm64'], 'bin/workerd');
}
