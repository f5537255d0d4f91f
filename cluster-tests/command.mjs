// The command as processes, with the peers of this folder.
import { spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PEERS = pathToFileURL(fileURLToPath(new URL('resolve-peers.mjs', import.meta.url))).href;
const MAIN = fileURLToPath(new URL('../packages/node/bin/sagitta.js', import.meta.url));

const running = new Set();

/** Ends what a step has left running. */
export async function endAll() {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all([...running].map(({ done }) => done));
}

/** Starts the command; `done` has its status and what it wrote, `saw(text)` resolves when stderr has the text. */
export function start(words, env = {}) {
  const child = spawn(process.execPath, ['--no-deprecation', '--import', PEERS, MAIN, ...words.map(String)], {
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { child, stdout: '', stderr: '' };
  running.add(run);
  const watchers = new Set();
  child.stdout.on('data', (chunk) => {
    run.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    run.stderr += chunk;

    for (const watcher of watchers) watcher();
  });
  run.done = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(run);
      resolve({ status: signal ?? code, stdout: run.stdout, stderr: run.stderr });
      for (const watcher of watchers) watcher(true);
    });
  });
  run.saw = (pattern) =>
    new Promise((resolve, reject) => {
      const look = (isOver) => {
        if (!pattern.test(run.stderr)) {
          if (isOver) reject(new Error(`ended before ${pattern}: ${run.stderr}`));
          return;
        }
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  return run;
}

/** Runs the command to its end; the object that it prints. @throws Error where it fails */
export async function sagitta(words, env) {
  const { status, stdout, stderr } = await start([...words, '--json', '--quiet'], env).done;
  if (status !== 0) throw new Error(`sagitta ${words[0]} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
