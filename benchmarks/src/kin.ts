/**
 * How fast the smaller features are, against what was asked of them: `npm run bench:kin` writes benchmarks/results/kin.md. In seconds that
 * the process computed for, so that a busy machine changes little; the best of some rounds.
 */
import { type Core, createCore, RandomStream } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { compressTable } from '@sagitta/quantizers/table';
import { diagnose } from '@sagitta/retrieval/diagnosis';
import { JsonVectorizer } from '@sagitta/retrieval/json';
import { cpuSeconds } from './cpu-seconds.ts';
import { normal } from './normal.ts';
import { thisMachine } from './report.ts';

interface Asked {
  readonly what: string;
  readonly asked: number;
  readonly measured: number;
  readonly unit: string;
}

function rows(n: number, d: number): Float32Array {
  const random = new RandomStream(1, 'bench/kin');
  return Float32Array.from({ length: n * d }, (_, at) => normal(random) / (1 + (at % d) / 32));
}

/** Seconds of the best of so many rounds. */
function best(rounds: number, run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = cpuSeconds();
    run();
    least = Math.min(least, cpuSeconds() - start);
  }
  return least;
}

function diagnosing(core: Core): Asked {
  const [n, d] = [4000, 768];
  const data = rows(n, d);
  const seconds = best(2, () => void diagnose(core, { data, n, d }, { metric: 'l2' }));
  return { what: '`diagnose` of 4,000 × 768 rows, at most', asked: 10, measured: seconds, unit: 's' };
}

function gathering(core: Core): Asked {
  const [n, d] = [20_000, 256];
  const table = compressTable(core, { data: rows(n, d), n, d }, { budgetBytes: (n * d) / 8 });
  const random = new RandomStream(1, 'bench/kin/rows');
  const indices = Uint32Array.from({ length: 20_000 }, () => random.nextBelow(n));
  const out = new Float32Array(indices.length * d);
  const seconds = best(10, () => void table.gather(indices, out));
  return {
    what: '`gather` of a table of 256 dimensions, rows',
    asked: 1e6,
    measured: indices.length / seconds,
    unit: 'a second',
  };
}

function vectorizing(): Asked {
  const random = new RandomStream(1, 'bench/kin/records');
  const word = (): string =>
    Array.from({ length: 3 }, () => 'ba ke li mo nu ra se ti'.split(' ')[random.nextBelow(8)]).join('');
  const person = (): { name: string; age: number; address: { city: string; zip: number } } => ({
    name: `${word()} ${word()}`,
    age: random.nextBelow(90),
    address: { city: word(), zip: 10_000 + random.nextBelow(90_000) },
  });
  const records = Array.from({ length: 2000 }, () => ({
    buyer: person(),
    seller: person(),
    price: random.nextBelow(100_000) / 100,
    tags: [word(), word()],
    express: random.nextSign() > 0,
  }));
  const vectorizer = new JsonVectorizer();
  const seconds = best(5, () => void vectorizer.encodeAll(records));
  return {
    what: '`JsonVectorizer` at 1,024 dimensions, records of 12 leaves',
    asked: 20_000,
    measured: records.length / seconds,
    unit: 'a second',
  };
}

function line({ what, asked, measured, unit }: Asked): string {
  const isMet = unit === 's' ? measured <= asked : measured >= asked;
  const show = (value: number): string =>
    value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
  return `| ${what} | ${show(asked)} ${unit} | ${show(measured)} ${unit} | ${isMet ? 'met' : 'missed'} |`;
}

using core = createCore();
const { cpu, engine, date } = thisMachine();
const text = `# Speed of the smaller features

${cpu} · ${engine} · ${date}. Written by \`npm run bench:kin\`. In seconds of computing, the best of some rounds. Caches have [a page of their own](kv.md).

| | asked | measured | |
|---|---|---|---|
${[diagnosing(core), gathering(core), vectorizing()].map(line).join('\n')}
`;
const path = new URL('../results/kin.md', import.meta.url).pathname;
await writeFileAtomic(path, [new TextEncoder().encode(text)]);
process.stdout.write(text);
