/**
 * Kernels against plain JavaScript loops at d = 768: `npm run bench -w @sagitta/core-wasm`.
 *
 * Prints the best and the median time of one unit (a vector, or for products a multiply-add), units a second, bytes
 * read per second and the ratio of medians to the plain loop; then each goal and whether this run met it. Warm: 1,000
 * rows, 3 MB, in cache on most machines. The plain loops accumulate in a JavaScript number, the fastest form; twins of
 * model-writing kernels also round to f32 and would flatter us.
 */
import { cpus } from 'node:os';
import { createCore } from '../src/create-core.ts';
import { codeCases } from './code-cases.ts';
import { fastscanCases } from './fastscan-cases.ts';
import { fdeCases } from './fde-cases.ts';
import { floatCases } from './float-cases.ts';
import { dotBaseline, gccDot } from './gcc-dot.ts';
import {
  type CaseSet,
  type Measured,
  measure,
  place,
  printGoal,
  printHeader,
  printRow,
  ratio,
} from './measure.ts';

const D = 768;
const N = 1_000;

/** f32 dot against the same loop of gcc. */
const GCC_GOAL = 1.6;
/** 1-bit codes against f32 rows, time a vector. */
const ONE_BIT_GOAL = 1 / 6;

async function table(title: string, { cases, sink }: CaseSet): Promise<Measured[]> {
  printHeader(title);
  const lines: Measured[] = [];
  for (const item of cases) {
    const measured = await measure(item);
    printRow(measured);
    lines.push(measured);
  }
  if (sink() === Number.POSITIVE_INFINITY) console.log('overflow');
  return lines;
}

function printFloatGoals(lines: readonly Measured[]): void {
  for (const line of lines) {
    const { name, goal } = line.item;
    if (goal === undefined) continue;
    printGoal(`${name} ≥ ${goal}× the plain loop`, `${ratio(line).toFixed(1)}×`, ratio(line) >= goal);
  }
}

function printOneBitGoal(lines: readonly Measured[], name: string, dotNs: number): void {
  const line = lines.find(({ item }) => item.name === name);
  if (line === undefined) return;
  printGoal(
    `${name} ≤ 1/6 of dotF32Rows' time a vector`,
    `${line.median.toFixed(1)} of ${dotNs.toFixed(1)} ns, 1/${(dotNs / line.median).toFixed(1)}`,
    line.median <= ONE_BIT_GOAL * dotNs,
  );
}

async function main(): Promise<void> {
  const core = createCore();
  console.log(
    `${cpus()[0]?.model}, Node ${process.version}, ${core.build} build, ${new Date().toISOString().slice(0, 10)}`,
  );
  const floats = await table(`Floats, bytes and bits, d = ${D}`, floatCases(core, N, D));
  await table(`Packed codes, d = ${D} unless said`, codeCases(core, N, D));
  await table('Fixed dimensional encodings, 50 documents of 79 tokens', fdeCases(core, 50));
  const tables = await table(`Fast scan, d = ${D}`, fastscanCases(core, N, D));

  console.log('\nGoals');
  printFloatGoals(floats);
  const dot = floats.find(({ item }) => item.name === 'dotF32Rows');
  if (dot === undefined) throw new Error('dotF32Rows was not measured');
  printOneBitGoal(tables, 'fastscanU8 1 bit', dot.median);
  printOneBitGoal(floats, 'hammingRows 96 B', dot.median);
  const native = gccDot(N, D);
  if (native === null) {
    console.log('no gcc: native comparison skipped');
  } else {
    const values = new Float32Array(N * D).map((_, i) => (i % 31) - 15);
    const rowsPtr = place(core, values);
    const outPtr = core.allocate(4 * N).at();
    const ours = dotBaseline(() => core.kernels.dotF32Rows(rowsPtr, rowsPtr, N, D, outPtr), N);
    printGoal(
      `dotF32Rows ≤ ${GCC_GOAL}× the time of gcc -O3 -march=native -ffast-math`,
      `${ours.toFixed(1)} of ${native.toFixed(1)} ns, ${(ours / native).toFixed(2)}×`,
      ours <= GCC_GOAL * native,
    );
  }
  core.dispose();
}

await main();
