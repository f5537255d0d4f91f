/**
 * The process that runs cases, one after the other. Jobs come as lines of JSON; what happens goes out at once and before the
 * case can block: "start N", then "end N OUTCOME MESSAGE".
 */
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { deserialize } from 'node:v8';
import { type Core, createCore } from '@sagitta/core-wasm';
import { bytesOfCase, drawCase } from './cases.ts';
import { type FuzzReader, Insane, isTyped, type Seed } from './reader.ts';
import { READERS } from './readers.ts';

export interface Job {
  readonly reader: string;
  /** Cases from … from + count - 1 of a seed, or one file. */
  readonly cases?: { readonly seed: number; readonly from: number; readonly count: number };
  readonly path?: string;
}

export type Outcome = 'typed' | 'sane' | 'bad';

const MOST_CORE_BYTES = 128 << 20;
/** A small file has no need of more, engine and loaders left out. */
const MOST_MEMORY_KIB = 512 << 10;

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

class Runner {
  readonly #seeds: ReadonlyMap<string, readonly Seed[]>;
  readonly #folder: string;
  readonly #startMemory = process.resourceUsage().maxRSS;
  #core: Core = createCore();

  constructor(seeds: ReadonlyMap<string, readonly Seed[]>, folder: string) {
    this.#seeds = seeds;
    this.#folder = folder;
  }

  async run({ reader: name, cases, path }: Job): Promise<void> {
    const reader = READERS.find((one) => one.name === name);
    if (!reader) throw new RangeError(`"reader" expected one of the table's, got ${name}`);
    if (path !== undefined) await this.#one(reader, new Uint8Array(readFileSync(path)), 0);
    if (!cases) return;
    const files = this.#seeds.get(reader.seeds) ?? [];
    for (let number = cases.from; number < cases.from + cases.count; number++) {
      await this.#one(reader, bytesOfCase(drawCase(reader, files, cases.seed, number)), number);
    }
  }

  async #one(reader: FuzzReader, bytes: Uint8Array, number: number): Promise<void> {
    tell(`start ${number}`);
    const core = this.#core;
    const used = core.bytesUsed();
    let outcome: Outcome = 'sane';
    let message = '';
    try {
      await reader.read(bytes, { core, folder: this.#folder });
    } catch (error) {
      outcome = isTyped(error) ? 'typed' : 'bad';
      message = describe(error);
    }
    if (outcome !== 'bad') {
      const left = core.bytesUsed() - used;
      const memory = process.resourceUsage().maxRSS - this.#startMemory;
      if (left !== 0) [outcome, message] = ['bad', `leak: ${left} bytes stay in the core after: ${message}`];
      else if (core.memoryBytes() > MOST_CORE_BYTES) [outcome, message] = ['bad', 'memory: of the core'];
      else if (memory > MOST_MEMORY_KIB) [outcome, message] = ['bad', 'memory: of the process'];
    }
    tell(`end ${number} ${outcome} ${message.replaceAll('\n', ' ').slice(0, 300)}`);
    if (outcome === 'bad' || core.bytesUsed() !== used) this.#core = createCore();
    // the peak is the process's for ever, so the next case needs another process
    if (message.startsWith('memory: of the process')) process.exit(3);
  }
}

function describe(error: unknown): string {
  if (error instanceof Insane) return `insane: ${error.message}`;
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const place = /\n\s+at .*?([\w.-]+:\d+):\d+/.exec(error.stack ?? '')?.[1] ?? '';
  return isTyped(error) ? error.message : `${error.name}: ${error.message} (${place})`;
}

// the seeds, made once by whoever starts this process
const seeds: Map<string, readonly Seed[]> = deserialize(readFileSync(process.argv[2] as string));
const folder = mkdtempSync(join(tmpdir(), 'sagitta-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const runner = new Runner(seeds, folder);
tell('ready');
for await (const line of createInterface({ input: process.stdin })) {
  await runner.run(JSON.parse(line) as Job);
  tell('done');
}
