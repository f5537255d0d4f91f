/**
 * Vectors encoded a second in one thread: `npm run bench:encode -w @sagitta/quantizers`, another dimension with `-- 1536`.
 *
 * Everything from float32 to the blocks counts, SAQ's projection included; its share is printed beside. Methods take turns
 * in rounds; the best round of each is what the machine can do when it is left alone. The last line is SAQ at 9 bits over
 * Extended RaBitQ with optimal codes at 9 bits.
 */
import { cpus } from 'node:os';
import { createCore, NO_PTR } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { blockCount, type QuantizerOptions, SaqEncoder, trainQuantizer, trainSaq } from '../src/index.ts';

const d = Number(process.argv[2] ?? 768);
const N = 1024;
const ROUNDS = 15;
const core = createCore();
const set = { data: skewedRows(N, d, { seed: 1 }), n: N, d };

interface Contestant {
  readonly name: string;
  readonly asked?: number;
  readonly vectors: number;
  readonly run: () => void;
  best: number;
}

function family(
  options: Omit<QuantizerOptions, 'metric'>,
  label: string,
  asked?: number,
  vectors = N,
): Contestant {
  const quantizer = trainQuantizer(core, set, { ...options, metric: 'l2', seed: 1 });
  const encoder = quantizer.createEncoder(core);
  const blocks = core.allocate(blockCount(vectors) * quantizer.layout.blockBytes);
  const rows = set.data.subarray(0, vectors * d);
  const run = (): void => encoder.encode(rows, quantizer.origin, blocks, 0);
  return { name: label, ...(asked ? { asked } : {}), vectors, run, best: Number.POSITIVE_INFINITY };
}

function saq(bits: number, asked?: number): readonly Contestant[] {
  const model = trainSaq(core, set, { metric: 'l2', bits });
  const encoder = new SaqEncoder(core, model);
  const { keptDims, blockBytes } = encoder.layout;
  const blocks = core.allocate(blockCount(N) * blockBytes);
  const run = (): void => encoder.encode(set.data, blocks, 0, model.mean);
  // the projection alone, as the encoder computes it
  const depth = 32 * Math.ceil(d / 32);
  const rows = core.allocate(2 * 256 * depth);
  const panels = core.allocate(2 * depth * keptDims);
  const input = core.allocate(4 * 256 * d);
  const out = core.allocate(4 * 256 * (keptDims + 2) + 4 * depth);
  const scales = out.at(4 * 256 * keptDims);
  const norms = out.at(4 * 256 * (keptDims + 1));
  const scratch = out.at(4 * 256 * (keptDims + 2));
  const project = (): void => {
    for (let first = 0; first < N; first += 256) {
      core.kernels.quantizeRows(input.at(), 256, d, NO_PTR, 1, scratch, rows.at(), scales, norms);
      core.kernels.projectRows(rows.at(), 256, depth, panels.at(), keptDims, out.at());
    }
  };
  const plan = model.plan.map((segment) => `${segment.dims}:${segment.bits}`).join(' ');
  const best = Number.POSITIVE_INFINITY;
  return [
    { name: `SAQ, ${bits} bits, ${plan}`, ...(asked ? { asked } : {}), vectors: N, run, best },
    { name: `  of it projecting to ${keptDims} dims`, vectors: N, run: project, best },
  ];
}

const SLOW = 32;
const contestants: readonly Contestant[] = [
  family({ name: 'rabitq', bits: 1 }, 'RaBitQ fast, 1 bit', 250_000),
  family({ name: 'rabitq', bits: 4 }, 'RaBitQ fast, 4 bits', 250_000),
  family({ name: 'lvq', bits: 4 }, 'LVQ, 4 bits', 300_000),
  family({ name: 'lvq', bits: 8 }, 'LVQ, 8 bits', 300_000),
  family({ name: 'lvq', bits: 8, rotate: true, ratio: true }, 'LVQ rotated, 8 bits'),
  family({ name: 'scalar', bits: 8 }, 'int8', 300_000),
  family({ name: 'scalar', bits: 4 }, 'int4', 300_000),
  ...saq(1),
  ...saq(4, 47_000),
  ...saq(8),
  ...saq(9),
  family({ name: 'rabitq', bits: 9, mode: 'optimal' }, 'RaBitQ optimal, 9 bits', undefined, SLOW),
];

for (let round = 0; round < ROUNDS; round++) {
  for (const one of contestants) {
    if (one.vectors === SLOW && round > 1) continue;
    const start = performance.now();
    one.run();
    one.best = Math.min(one.best, performance.now() - start);
  }
}

const speed = (one: Contestant): number => (1000 * one.vectors) / one.best;
console.log(`${cpus()[0]?.model}, Node ${process.version}, ${core.build} build, ${d} dims\n`);
console.log(`${'vectors a second'.padEnd(64)}${'asked'.padStart(10)}${'best'.padStart(12)}`);
for (const one of contestants) {
  const asked = one.asked ? one.asked.toLocaleString('en-US') : '';
  const best = Math.round(speed(one)).toLocaleString('en-US');
  console.log(`${one.name.slice(0, 62).padEnd(64)}${asked.padStart(10)}${best.padStart(12)}`);
}
const find = (name: string): Contestant => contestants.find((one) => one.name.startsWith(name)) as Contestant;
const ratio = speed(find('SAQ, 9 bits')) / speed(find('RaBitQ optimal'));
console.log(
  `${'SAQ at 9 bits : RaBitQ optimal at 9 bits'.padEnd(64)}${'80×'.padStart(10)}${`${ratio.toFixed(0)}×`.padStart(12)}`,
);
