/** What the fuzzer knows of a reader: how to call it, what it may throw, and what counts as a result that can be used. */
import { CapacityError, type Core, FormatError, RandomStream, UnsupportedError } from '@sagitta/core-wasm';

/** A file that is changed. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** It is damaged as it is. */
  readonly isDamaged?: boolean;
}

export interface Surroundings {
  readonly core: Core;
  /** A folder of the process's own, for readers that open paths. */
  readonly folder: string;
}

export interface FuzzReader {
  readonly name: string;
  /** Names a list of SEEDS. */
  readonly seeds: string;
  /** Whether it has no use for a file of that name, unchanged. */
  refuses?(name: string): boolean;
  /** Texts that mean something to the format, for mutations to put in. */
  readonly words?: readonly string[];
  /** Reads, and uses what was read. @throws what the reader throws, or Insane */
  read(bytes: Uint8Array, around: Surroundings): Promise<void> | void;
}

/** The reader took the file, and what it gave is wrong. */
export class Insane extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Insane';
  }
}

export function check(isRight: boolean, what: string): asserts isRight {
  if (!isRight) throw new Insane(what);
}

/** Whether an error is one that a file may end in. A RangeError has to name its argument; engines' own do not. */
export function isTyped(error: unknown): boolean {
  if (error instanceof Insane) return false;
  if (error instanceof FormatError || error instanceof UnsupportedError || error instanceof CapacityError)
    return true;
  return error instanceof RangeError && /^"[\w.[\]-]+" expected /.test(error.message);
}

/** Values of about 1, the same for every file. */
export function someValues(count: number, stream: string): Float32Array {
  const random = new RandomStream(1, `fuzz/${stream}`);
  return Float32Array.from({ length: count }, () => 2 * random.nextUnit() - 1);
}

/** Found things of a search: finite scores, each id once. */
export function checkFound(ids: Iterable<unknown>, scores: Iterable<number>, what: string): void {
  const seen = new Set<unknown>();
  for (const id of ids) {
    check(!seen.has(id), `${what}: ${String(id)} was found twice`);
    seen.add(id);
  }
  for (const score of scores) check(Number.isFinite(score), `${what}: a score is ${score}`);
}
