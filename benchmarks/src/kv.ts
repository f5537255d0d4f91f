/**
 * Key–value caches at rest: `npm run bench:kv` writes benchmarks/results/kv.md. Made pairs of layers of 1,024 tokens × 128 numbers, of which 3 % have
 * cosine .3 and the others the one named; speed in seconds that the process computed for, so that a busy machine changes little.
 */
import { type Core, createCore, RandomStream } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { type KvLayer, type KvOptions, miniCacheRatio, packKv, unpackKv } from '@sagitta/quantizers/kv';
import { cpuSeconds } from './cpu-seconds.ts';
import { normal } from './normal.ts';
import { thisMachine } from './report.ts';

const TOKENS = 1024;
const DIMS = 128;
const COSINES = [0.75, 0.85, 0.9, 0.95, 0.98];
const WAYS: readonly (readonly [label: string, options: KvOptions])[] = [
  ['merge, 5 % kept, 4 bits', { method: 'merge' }],
  ['plain, 2 bits', { method: 'plain', bits: 2 }],
  ['plain, 3 bits', { method: 'plain', bits: 3 }],
  ['**predict, 4 and 2 bits** (default)', {}],
  ['plain, 4 bits', { method: 'plain' }],
  ['`maxError` .02', { maxError: 0.02 }],
  ['`maxError` .06', { maxError: 0.06 }],
];
const ROUNDS = 12;

function rows(n: number, seed: number): Float32Array {
  const random = new RandomStream(seed, 'bench/kv');
  return Float32Array.from({ length: n }, () => normal(random));
}

function pair(cosine: number, seed: number): readonly [Float32Array, Float32Array] {
  const first = rows(TOKENS * DIMS, seed);
  const other = rows(TOKENS * DIMS, seed + 50);
  const second = other.map((value, at) => {
    const c = Math.floor(at / DIMS) % 33 === 0 ? 0.3 : cosine;
    return c * (first[at] as number) + Math.sqrt(1 - c * c) * value;
  });
  return [first, second];
}

function errorCell(core: Core, cosine: number, options: KvOptions): string {
  const [firstKey, secondKey] = pair(cosine, 1);
  const [firstValue, secondValue] = pair(cosine, 2);
  const layers = [
    { key: firstKey, value: firstValue },
    { key: secondKey, value: secondValue },
  ];
  const shape = { heads: 1, tokens: TOKENS, headDims: DIMS };
  const { report } = packKv(core, layers, shape, { firstLayer: 0, ...options });
  const error = report.layers.reduce((sum, { keyError, valueError }) => sum + keyError + valueError, 0) / 4;
  const [{ method, bits }] = report.layers as [(typeof report.layers)[number]];
  const way = options.maxError === undefined ? '' : `, ${method} ${bits}`;
  return `${error.toFixed(4)} (${(16 / report.ratio).toFixed(2)}${way})`;
}

/** MB of float32 a second of computing, packed and unpacked; the best round. */
function speed(core: Core, headDims: number, options: KvOptions): readonly [number, number] {
  const shape = { heads: 8, tokens: 2048, headDims };
  const n = shape.heads * shape.tokens * headDims;
  const layers: KvLayer[] = Array.from({ length: 4 }, (_, i) => ({
    key: rows(n, 2 * i),
    value: rows(n, 2 * i + 1),
  }));
  const megabytes = (4 * 2 * layers.length * n) / 1e6;
  let [packing, unpacking] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpuSeconds();
    const { bytes } = packKv(core, layers, shape, { firstLayer: 0, ...options });
    const packed = cpuSeconds();
    unpackKv(core, bytes);
    packing = Math.min(packing, packed - start);
    unpacking = Math.min(unpacking, cpuSeconds() - packed);
  }
  return [megabytes / packing, megabytes / unpacking];
}

using core = createCore();
const errors = WAYS.map(
  ([label, options]) =>
    `| ${label} | ${COSINES.map((cosine) => errorCell(core, cosine, options)).join(' | ')} |`,
);
const speeds = [64, 128].flatMap((headDims) =>
  WAYS.slice(0, 5).map(([label, options]) => {
    const [packing, unpacking] = speed(core, headDims, options);
    return `| ${label}, heads of ${headDims} | ${packing.toFixed(0)} | ${unpacking.toFixed(0)} |`;
  }),
);
const layers = Array.from({ length: 8 }, (_, i) => ({
  key: rows(TOKENS * DIMS, i),
  value: rows(TOKENS * DIMS, i + 20),
}));
const shape = { heads: 1, tokens: TOKENS, headDims: DIMS };
const { report } = packKv(core, layers, shape, { method: 'merge' });
const honest = miniCacheRatio({ merged: 0.5, retained: 0.05, lengths: true });
const { cpu, engine, date } = thisMachine();
const text = `# Key–value caches at rest

${cpu} · ${engine} · ${date}. Written by \`npm run bench:kv\`.

## Error

Mean share of the energy of keys and values of both layers that is lost (bits a number, all bytes counted, and for \`maxError\` what was taken), by the cosine of the two layers.

| | ${COSINES.join(' | ')} |
|---|${COSINES.map(() => '---|').join('')}
${errors.join('\n')}

## Ratio

Half of the layers merged, 4 bits: ${report.paperRatio.toFixed(2)} as the MiniCache paper counts; ${honest.toFixed(2)} with its 5 % of kept tokens and two lengths a vector; **${report.ratio.toFixed(2)}** are all
bytes of the file. Against half precision.

## Speed

MB of float32 a second of computing in one thread, the best of ${ROUNDS} rounds; 4 layers of 8 heads × 2,048 tokens; the report's errors are part of packing.

| | packed | unpacked |
|---|---|---|
${speeds.join('\n')}
`;
const path = new URL('../results/kv.md', import.meta.url).pathname;
await writeFileAtomic(path, [new TextEncoder().encode(text)]);
process.stdout.write(text);
