/**
 * npm run fuzz -- [--minutes N] [--cases N] [--reader NAME] [--seed S] [--jobs N] [--file PATH]
 *
 * Changed files through every reader: each ends in one of the documented errors, or in something that can be used and saved.
 * Anything else (another error, a hang, a crash, memory, a score that is no number) is bad: it is made small, kept under
 * tools/fuzz/failures with the command that shows it, and the exit status is 1.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serialize } from 'node:v8';
import { bytesOfCase, drawCase } from './cases.ts';
import { minimise } from './minimise.ts';
import type { FuzzReader, Seed } from './reader.ts';
import { READERS } from './readers.ts';
import { makeSeeds } from './seeds/index.ts';
import { type CaseResult, WatchedProcess } from './watched-process.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FAILURES = join(ROOT, 'tools/fuzz/failures');
/** Cases of one reader before it is the next one's turn. */
const BATCH = 200;
/** CPU seconds that one file may take. */
const SECONDS = 1;
/** Failures of one reader that are made small and kept; of the others only the first words are. */
const MOST_KEPT = 25;

interface Totals {
  tried: number;
  typed: number;
  sane: number;
  bad: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    cases: { type: 'string' },
    reader: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    file: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
});

function numberOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && Number.isFinite(value)) return value;
  throw new RangeError(`"--${name}" expected a number from ${least}, got ${text}`);
}

function chosenReaders(names: readonly string[] | undefined): readonly FuzzReader[] {
  if (names === undefined) return READERS;
  return names.flatMap((name) => {
    const found = READERS.filter((reader) => reader.name === name || reader.name.startsWith(`${name}-`));
    if (found.length > 0) return found;
    throw new RangeError(
      `"--reader" expected one of ${READERS.map((one) => one.name).join(', ')}, got ${name}`,
    );
  });
}

/** What a message says besides its numbers: failures of one kind are kept once. */
function kindOf(message: string): string {
  return message.replace(/-?\d[\d.e+-]*|NaN|-?Infinity/g, '#').slice(0, 80);
}

class Fuzzer {
  readonly #seed: number;
  readonly #seeds: ReadonlyMap<string, readonly Seed[]>;
  readonly #folder: string;
  readonly #next = new Map<string, number>();
  readonly #kinds = new Map<string, Map<string, number>>();
  readonly totals = new Map<string, Totals>();

  constructor(
    seed: number,
    first: number,
    seeds: ReadonlyMap<string, readonly Seed[]>,
    folder: string,
    readers: readonly FuzzReader[],
  ) {
    this.#seed = seed;
    this.#seeds = seeds;
    this.#folder = folder;
    for (const { name } of readers) {
      this.#next.set(name, first);
      this.totals.set(name, { tried: 0, typed: 0, sane: 0, bad: 0 });
    }
  }

  /** Files as they are: a reader that does not take them would be tried on nothing. */
  async checkFiles(reader: FuzzReader, watched: WatchedProcess): Promise<void> {
    for (const { name, bytes, isDamaged } of this.#seeds.get(reader.seeds) ?? []) {
      if (isDamaged) continue;
      const { outcome, message } = await this.#outcomeOf(reader, bytes, watched);
      if (outcome === 'sane' || (outcome === 'typed' && reader.refuses?.(name))) continue;
      throw new Error(`${reader.name}: "${name}", unchanged, ended in: ${outcome} ${message}`);
    }
  }

  /** The next cases of a reader. */
  async batch(reader: FuzzReader, watched: WatchedProcess): Promise<void> {
    const first = this.#next.get(reader.name) ?? 0;
    this.#next.set(reader.name, first + BATCH);
    for (let from = first; from < first + BATCH; ) {
      const cases = { seed: this.#seed, from, count: first + BATCH - from };
      const bad: CaseResult[] = [];
      await watched.run({ reader: reader.name, cases }, SECONDS, (result) => {
        from = result.number + 1;
        if (result.outcome === 'bad') bad.push(result);
        else this.#count(reader, result);
      });
      for (const result of bad) await this.#judge(reader, result, watched);
    }
  }

  #count({ name }: FuzzReader, { outcome }: Pick<CaseResult, 'outcome'>): void {
    const totals = this.totals.get(name) as Totals;
    totals.tried++;
    totals[outcome]++;
  }

  /** Once more, alone: what only happened in company of other cases or other work is not this case's fault. */
  async #judge(reader: FuzzReader, result: CaseResult, watched: WatchedProcess): Promise<void> {
    const failing = drawCase(reader, this.#seeds.get(reader.seeds) ?? [], this.#seed, result.number);
    if (/^(hang|memory|crash)/.test(result.message)) watched.stop();
    const again = await this.#outcomeOf(reader, bytesOfCase(failing), watched);
    const isTimed = /^(hang|memory)/.test(result.message);
    this.#count(reader, isTimed ? again : result);
    if (isTimed && again.outcome !== 'bad') return;
    const kind = kindOf(result.message);
    const kinds = this.#kinds.get(reader.name) ?? new Map<string, number>();
    this.#kinds.set(reader.name, kinds);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if ((kinds.get(kind) ?? 0) > 1 || kinds.size > MOST_KEPT) return;
    const bytes = await minimise(failing, async (trial) => {
      const { outcome, message } = await this.#outcomeOf(reader, trial, watched);
      return outcome === 'bad' && kindOf(message) === kind;
    });
    mkdirSync(FAILURES, { recursive: true });
    const path = join(FAILURES, `${reader.name}-${this.#seed}-${result.number}.bin`);
    writeFileSync(path, bytes);
    console.log(`BAD ${reader.name}, from "${failing.file.name}": ${result.message}`);
    console.log(`    npm run fuzz -- --reader ${reader.name} --file ${relative(ROOT, path)}`);
  }

  async #outcomeOf(reader: FuzzReader, bytes: Uint8Array, watched: WatchedProcess): Promise<CaseResult> {
    const path = join(this.#folder, `trial-${reader.name}`);
    writeFileSync(path, bytes);
    let last: CaseResult = { number: 0, outcome: 'sane', message: '' };
    await watched.run({ reader: reader.name, path }, SECONDS, (result) => {
      last = result;
    });
    return last;
  }

  report(): string[] {
    const lines = [...this.totals].map(([name, totals]) => line(name, totals));
    const sum: Totals = { tried: 0, typed: 0, sane: 0, bad: 0 };
    for (const totals of this.totals.values()) {
      for (const key of ['tried', 'typed', 'sane', 'bad'] as const) sum[key] += totals[key];
    }
    const kinds = [...this.#kinds].flatMap(([name, of]) =>
      [...of].map(([kind, n]) => `  ${n} × ${name}: ${kind}`),
    );
    return ['reader: tried, typed error, sane, bad', ...lines, line('all', sum), ...kinds];
  }
}

function line(name: string, { tried, typed, sane, bad }: Totals): string {
  return `${name}: ${tried}, ${typed}, ${sane}, ${bad}`;
}

/** The file alone, and what it ends in. */
async function showFile(
  readers: readonly FuzzReader[],
  path: string,
  watched: WatchedProcess,
): Promise<boolean> {
  let isBad = false;
  for (const reader of readers) {
    await watched.run({ reader: reader.name, path }, SECONDS, ({ outcome, message }) => {
      console.log(`${reader.name}: ${outcome} ${message}`);
      isBad ||= outcome === 'bad';
    });
  }
  return isBad;
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-fuzz-main-'));
const seedFile = join(folder, 'seeds');
const seeds = makeSeeds();
writeFileSync(seedFile, serialize(seeds));
const readers = chosenReaders(values.reader);
const processes = Array.from(
  { length: Math.floor(numberOf('jobs', values.jobs, 1)) },
  () => new WatchedProcess(seedFile),
);
try {
  if (values.file !== undefined) {
    readFileSync(values.file);
    process.exitCode = (await showFile(readers, values.file, processes[0] as WatchedProcess)) ? 1 : 0;
  } else await fuzz();
} finally {
  for (const watched of processes) watched.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function fuzz(): Promise<void> {
  const seed = numberOf('seed', values.seed, 0);
  const fuzzer = new Fuzzer(seed, numberOf('from', values.from, 0), seeds, folder, readers);
  const end = performance.now() + 60_000 * numberOf('minutes', values.minutes, 0);
  // with a number of cases the clock has no say, so that two runs do the same
  const rounds =
    values.cases === undefined ? Infinity : Math.ceil(numberOf('cases', values.cases, 1) / BATCH);
  const turns = (function* () {
    for (let round = 0; round < rounds; round++) for (const reader of readers) yield reader;
  })();
  const isTime = (): boolean => values.cases !== undefined || performance.now() < end;
  await Promise.all(
    processes.map(async (watched, i) => {
      for (const reader of readers) {
        if (readers.indexOf(reader) % processes.length === i) await fuzzer.checkFiles(reader, watched);
      }
      for (let turn = turns.next(); !turn.done && isTime(); turn = turns.next()) {
        await fuzzer.batch(turn.value, watched);
      }
    }),
  );
  console.log(fuzzer.report().join('\n'));
  const totals = [...fuzzer.totals.values()];
  const failed = totals.filter(({ bad }) => bad > 0).length;
  const report = process.env['SAGITTA_FUZZ_REPORT'];
  if (report !== undefined) {
    writeFileSync(
      report,
      JSON.stringify({ passed: totals.filter(({ tried, bad }) => tried > 0 && bad === 0).length, failed }),
    );
  }
  process.exitCode = failed > 0 ? 1 : 0;
}
