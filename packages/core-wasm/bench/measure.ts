/** One case of the benches: a kernel and the plain loop that does the same, timed in turn, and a line of the table. */
import { Bench } from 'tinybench';
import type { Core } from '../src/core.ts';
import type { Ptr } from '../src/memory.ts';

export interface Case {
  readonly name: string;
  /** Units of work in one call: vectors, multiply-adds or scores. */
  readonly units: number;
  /** Bytes read for one unit; 0 where cache reuse makes that number meaningless. */
  readonly bytes: number;
  /** The least ratio to the plain loop that is asked of it. */
  readonly goal?: number;
  readonly kernel: () => void;
  readonly plain: () => void;
}

/** Nanoseconds a unit. */
export interface Measured {
  readonly item: Case;
  readonly best: number;
  readonly median: number;
  readonly plain: number;
}

/** What the plain loops of a set of cases wrote, to be consumed so that none of them is dead code. */
export interface CaseSet {
  readonly cases: readonly Case[];
  readonly sink: () => number;
}

/** Copies values into memory of the core that lives as long as the core does. */
export function place(
  core: Core,
  values: Float32Array | Uint8Array | Uint32Array | Int16Array | Uint16Array,
): Ptr {
  const block = core.allocate(values.byteLength);
  block.u8().set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return block.at();
}

/** Few iterations at least: a call of the slowest plain loops takes a fifth of a second. */
export async function measure(item: Case): Promise<Measured> {
  const bench = new Bench({ time: 150, iterations: 6, warmupTime: 50, warmupIterations: 2 });
  bench.add('kernel', item.kernel).add('plain', item.plain);
  await bench.run();
  const [kernel, loop] = bench.tasks.map((task) => {
    const { result } = task;
    if (!('latency' in result)) throw new Error(`${item.name}: ${task.name} did not complete`);
    const scale = 1e6 / item.units;
    return { best: result.latency.min * scale, median: result.latency.p50 * scale };
  });
  return { item, best: kernel.best, median: kernel.median, plain: loop.median };
}

export function ratio({ median, plain }: Measured): number {
  return plain / median;
}

export function printHeader(title: string): void {
  console.log(`\n${title}`);
  console.log('kernel                      best ns   median ns  million/s    GB/s     plain ns    ratio');
}

export function printRow(measured: Measured): void {
  const { item, best, median, plain } = measured;
  console.log(
    item.name.padEnd(25),
    best.toFixed(3).padStart(9),
    median.toFixed(3).padStart(11),
    (1e3 / median).toPrecision(4).padStart(10),
    (item.bytes ? (item.bytes / median).toFixed(1) : '').padStart(7),
    plain.toFixed(3).padStart(12),
    `${ratio(measured).toFixed(1)}×`.padStart(8),
  );
}

/** A goal and whether this run met it. */
export function printGoal(goal: string, value: string, isMet: boolean): void {
  console.log(`${isMet ? 'met   ' : 'MISSED'}  ${goal}: ${value}`);
}
