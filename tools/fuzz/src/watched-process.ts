/**
 * One process of cases under a watchdog: CPU seconds of the case it is at, seconds without an end, and its memory. What
 * ends it is told as the outcome of that case.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Job, Outcome } from './child.ts';

export interface CaseResult {
  readonly number: number;
  readonly outcome: Outcome;
  readonly message: string;
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
const POLL_MS = 50;
/** Something that waits for ever uses no CPU; a machine with other work is slow. */
const MOST_WALL_SECONDS = 20;
const MOST_MEMORY_BYTES = 512 << 20;
const TICKS_A_SECOND = 100;

/** CPU seconds that a process has used; where the system does not tell, those of the clock. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  } catch {
    return performance.now() / 1000;
  }
}

function memoryBytes(pid: number): number {
  try {
    return 4096 * Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  } catch {
    return 0;
  }
}

export class WatchedProcess {
  readonly #seedFile: string;
  #child: ChildProcess | undefined;
  /** Resident bytes once it was ready. */
  #startMemory = 0;
  #onLine: (line: string) => void = () => {};
  #onExit: (status: string) => void = () => {};
  #stderr = '';

  constructor(seedFile: string) {
    this.#seedFile = seedFile;
  }

  async #start(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const options = ['--import', 'tsx', '--conditions=@sagitta/source', CHILD, this.#seedFile];
    const child = spawn(process.execPath, options, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#stderr = '';
    child.stderr?.on('data', (text) => {
      this.#stderr = (this.#stderr + String(text)).slice(-2000);
    });
    child.stdin?.on('error', () => {});
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.#onLine(line),
    );
    child.on('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#onExit(signal ?? `exit ${code}`);
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      this.#onLine = (line) => line === 'ready' && resolve();
      this.#onExit = () => reject(new Error(`the process of cases did not start: ${this.#stderr}`));
    });
    this.#startMemory = memoryBytes(child.pid as number);
    return child;
  }

  /**
   * Runs a job and hands on each result. Where the process ended before the job did, the last result is bad and says why;
   * the next job has a new process.
   * @returns whether the job was done
   */
  async run(job: Job, seconds: number, onResult: (result: CaseResult) => void): Promise<boolean> {
    const child = await this.#start();
    const pid = child.pid as number;
    let current: number | undefined;
    let reason: string | undefined;
    let watched = { number: -1, cpu: 0, wall: 0 };
    const timer = setInterval(() => {
      if (current === undefined || reason !== undefined) return;
      const now = { number: current, cpu: cpuSeconds(pid), wall: performance.now() / 1000 };
      if (watched.number !== current) watched = now;
      if (now.cpu - watched.cpu > seconds) reason = `hang: more than ${seconds} s of CPU`;
      else if (now.wall - watched.wall > MOST_WALL_SECONDS) reason = `hang: no end in ${MOST_WALL_SECONDS} s`;
      else if (memoryBytes(pid) - this.#startMemory > MOST_MEMORY_BYTES) reason = 'memory: of the process';
      if (reason !== undefined) child.kill('SIGKILL');
    }, POLL_MS);
    try {
      return await new Promise<boolean>((resolve) => {
        this.#onLine = (line) => {
          if (line === 'done') return resolve(true);
          const [word, number, outcome, ...rest] = line.split(' ');
          if (word === 'start') current = Number(number);
          if (word !== 'end') return;
          current = undefined;
          onResult({ number: Number(number), outcome: outcome as Outcome, message: rest.join(' ') });
        };
        this.#onExit = (status) => {
          if (current !== undefined) {
            const message = reason ?? `crash: ${status}: ${this.#stderr.split('\n').slice(0, 4).join(' ')}`;
            onResult({ number: current, outcome: 'bad', message });
          }
          resolve(false);
        };
        child.stdin?.write(`${JSON.stringify(job)}\n`);
      });
    } finally {
      clearInterval(timer);
    }
  }

  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }
}
