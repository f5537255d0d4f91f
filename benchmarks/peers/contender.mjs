// The parent's side of one contender: its process, what is asked of it, and what became of it.
import { execFileSync, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
/** A stop for what would take too long is told once this share of the limit is over. */
const FORECAST_AFTER = 0.1;

export class StoppedError extends Error {}

/** The processes of contenders are Node as anyone runs it: without the flags of this process, packages from their builds. */
export function startProcess(script, args) {
  return fork(here(script), args, {
    execArgv: ['--expose-gc', '--max-old-space-size=8192'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
}

/** One process of a variant of a module of contenders/. */
export class Contender {
  #process;
  #stderr = '';
  #pending;

  constructor(module, variant) {
    this.#process = startProcess('contender-process.mjs', [module, variant]);
    this.#process.stderr.on('data', (chunk) => {
      this.#stderr = (this.#stderr + chunk).slice(-2000);
    });
    this.#process.on('message', ({ done, result, error }) => {
      if (done !== undefined) return this.#pending?.onDone?.(done);
      const { resolve, reject } = this.#take();
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    this.#process.on('exit', (code, signal) => {
      this.#take()?.reject(new Error(`its process ended with ${signal ?? code}\n${this.#stderr}`));
    });
  }

  #take() {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  ask(action, message = {}, onDone) {
    return new Promise((resolve, reject) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        reject(new Error(`its process ended\n${this.#stderr}`));
        return;
      }
      this.#pending = { resolve, reject, onDone };
      this.#process.send({ action, ...message });
    });
  }

  /** Builds within `limit` seconds; one that will certainly take longer, by the rows that went in so far, is stopped before. */
  async build(message, n, limit) {
    const start = performance.now();
    let timer;
    const forecast = (done) => {
      const seconds = (performance.now() - start) / 1000;
      if (seconds < FORECAST_AFTER * limit || done === n || (seconds * n) / done < limit) return;
      this.#stop(`stopped: ${((100 * done) / n).toFixed(0)} % of the rows in ${seconds.toFixed(0)} s`);
    };
    try {
      return await Promise.race([
        this.ask('build', message, forecast),
        new Promise((_, reject) => {
          timer = setTimeout(() => {
            reject(new StoppedError(`stopped after ${limit} s`));
            this.kill();
          }, 1000 * limit);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  #stop(reason) {
    this.#take()?.reject(new StoppedError(reason));
    this.kill();
  }

  /** On one core or on all; whether that is possible here. */
  runOn(cores) {
    const list = cores === 1 ? String(cpus().length - 1) : `0-${cpus().length - 1}`;
    try {
      execFileSync('taskset', ['-a', '-p', '-c', list, String(this.#process.pid)], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }

  kill() {
    this.#process.kill('SIGKILL');
  }
}
