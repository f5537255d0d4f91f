/**
 * What a shard costs, and what follows for a billion vectors. Usage: bench:scale [lists|graph|plan…] [--n 100000]
 * `lists` and `graph` measure shards, minutes each, and keep what they find in results/scale.json; `plan` works the rest out from that and from results/cluster.json,
 * and writes results/scale.md and scale-tails.svg. Without a word all three. `--n` measures one small shard and writes nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { generatedSet } from '../generated-set.ts';
import { thisMachine } from '../report.ts';
import { type Measured, scalePage } from './page.ts';
import type { ClusterRun } from './predict.ts';
import { measureShard, type ShardCost, type ShardSetting } from './shard-cost.ts';

const [D, QUERIES] = [768, 300];
/** So few that the true neighbours of a query lie in several lists. */
const ROWS_A_CLUSTER = 8;
const NPROBES = [1, 4, 8, 16, 32, 64];
const EFS = [40, 64, 100, 200, 400];

interface Step {
  readonly n: number;
  readonly settings: readonly ShardSetting[];
}

const lists = (bits: number, nlist: number): ShardSetting => ({
  ...{ kind: 'lists', bits, nlist, widths: NPROBES, typical: 16 },
});
const graph: ShardSetting = { kind: 'graph', bits: 4, widths: EFS, typical: 100 };
/** The wide one of 100,000 says what a list costs, whatever rows it has. */
const STEPS = {
  lists: [
    { n: 100_000, settings: [lists(4, 316), lists(4, 1264)] },
    { n: 250_000, settings: [lists(1, 500), lists(2, 500), lists(4, 500)] },
  ],
  graph: [
    { n: 50_000, settings: [graph] },
    { n: 100_000, settings: [graph] },
  ],
} as const satisfies Record<string, readonly Step[]>;

const RESULTS = new URL('../../results/', import.meta.url);
const started = performance.now();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

async function measure(steps: readonly Step[]): Promise<ShardCost[]> {
  const costs: ShardCost[] = [];
  for (const { n, settings } of steps) {
    const set = generatedSet(`scale-${n}`, n, D, QUERIES, Math.round(n / ROWS_A_CLUSTER));
    for (const setting of settings) {
      const { kind, bits, nlist = '' } = setting;
      log(`${n} × ${D}, ${kind} ${nlist}, ${bits} bits`);
      using core = createCore();
      costs.push(await measureShard(core, set, setting));
    }
  }
  return costs;
}

function readJson<T>(name: string): T | undefined {
  const path = new URL(name, RESULTS);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

const write = (name: string, text: string): Promise<unknown> =>
  writeFileAtomic(new URL(name, RESULTS).pathname, [new TextEncoder().encode(text)]);

/** Times need no more digits than clocks have. */
const toJson = (value: unknown): string =>
  `${JSON.stringify(value, (_, one) => (typeof one === 'number' ? Number(one.toPrecision(6)) : one))}\n`;

async function writePlan(): Promise<void> {
  const measured = readJson<Measured>('scale.json');
  const run = readJson<ClusterRun>('cluster.json');
  if (!measured || !run)
    throw new Error('expected results of bench:scale lists and graph, and of bench:cluster --only speed');
  const { page, chart } = scalePage(measured, run, log);
  await write('scale.md', page);
  await write('scale-tails.svg', chart);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { n: { type: 'string' } }, allowPositionals: true });
  const words = positionals.length > 0 ? positionals : ['lists', 'graph', 'plan'];
  for (const word of words) {
    if (word !== 'lists' && word !== 'graph' && word !== 'plan') {
      process.stderr.write(`expected lists, graph or plan, got ${word}\n`);
      process.exitCode = 2;
      return;
    }
  }
  for (const word of ['lists', 'graph'] as const) {
    if (!words.includes(word)) continue;
    if (values.n !== undefined) {
      const [{ settings }] = STEPS[word];
      process.stdout.write(toJson(await measure([{ n: Number(values.n), settings: settings.slice(0, 1) }])));
      continue;
    }
    const costs = await measure(STEPS[word]);
    const before = readJson<Measured>('scale.json');
    await write(
      'scale.json',
      toJson({ lists: [], graph: [], ...before, machine: thisMachine(), [word]: costs }),
    );
  }
  if (words.includes('plan') && values.n === undefined) await writePlan();
}

await main();
