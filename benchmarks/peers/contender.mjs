// The parent's side of one contender: its process, what is asked of it, and what became of it.
import { execFileSync, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
/** Units of /proc in a second. */
const TICKS = 100;
/** A stop for what would take too long is told once this share of the limit is over. */
const FORECAST_AFTER = 0.1;

export class StoppedError extends Error {}

/** Of all threads of a process, by Linux; 0 elsewhere, where nothing but the forecast stops a build. */
function computedSeconds(pid) {
  try {
    const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13).map(Number);
    return (user + system) / TICKS;
  } catch {
    return 0;
  }
}

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
    this.#process.on('message', ({ done, cpuSeconds, result, error }) => {
      if (done !== undefined) return this.#pending?.onDone?.(done, cpuSeconds);
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

  /**
   * Builds within `limit` seconds of computing, of all threads; one that will certainly take more, by the rows that went in so far, is
   * stopped before.
   * @throws StoppedError saying how far it came
   */
  async build(message, n, limit) {
    const isTooSlow = (done, seconds) =>
      seconds > FORECAST_AFTER * limit && done < n && (seconds * n) / done > limit;
    const timer = setInterval(() => {
      if (computedSeconds(this.#process.pid) > limit) this.#stop(`stopped after ${limit} s of computing`);
    }, 1000);
    try {
      return await this.ask('build', message, (done, seconds) => {
        if (!isTooSlow(done, seconds)) return;
        const share = ((100 * done) / n).toFixed(0);
        this.#stop(`stopped: ${share} % of the rows in ${seconds.toFixed(0)} s of computing`);
      });
    } finally {
      clearInterval(timer);
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
