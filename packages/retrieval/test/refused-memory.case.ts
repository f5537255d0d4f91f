/** What an operation has to do when memory ends on its way, whichever of its allocations is the one that is refused. */
import { type Core, createCore } from '@sagitta/core-wasm';
import { refusingCore } from '@sagitta/testing';
import { expect } from 'vitest';

/** Rounds of training repeat the same allocations: of the first all are refused, then one of 13, then one of 61. */
function stepAt(at: number): number {
  if (at < 100) return 1;
  return at < 400 ? 13 : 61;
}

/** S: what the operation works on. */
export interface Operation<S> {
  /** Made before, with all the memory it wants. */
  readonly on: (core: Core) => S;
  readonly run: (state: S, core: Core) => unknown;
  /** What the state answers, compared before and after every refusal; to be left out where it only reads. */
  readonly answers?: (state: S) => unknown;
  /** Bytes of the core that are not to be counted, e.g. what a cache holds. */
  readonly cached?: (state: S) => number;
}

function isDisposable(value: unknown): value is Disposable {
  return typeof value === 'object' && value !== null && Symbol.dispose in value;
}

/** @returns how many allocations were refused, about */
export async function checkRefusals<S extends Disposable | undefined>(
  operation: Operation<S>,
): Promise<number> {
  using real = createCore();
  const { core, refuse } = refusingCore(real);
  const { on, run, answers = () => undefined, cached = () => 0 } = operation;
  const state = on(core);
  const expected = answers(state);
  const used = (): number => real.bytesUsed() - cached(state);
  const before = used();
  let at = 0;
  for (; ; at += stepAt(at)) {
    const { isRefused, result } = await refuse(at, () => run(state, core));
    if (!isRefused) {
      if (isDisposable(result)) result[Symbol.dispose]();
      break;
    }
    expect(used(), `bytes after allocation ${at} was refused`).toBe(before);
    expect(answers(state), `answers after allocation ${at} was refused`).toEqual(expected);
  }
  state?.[Symbol.dispose]();
  expect(real.bytesUsed(), 'bytes after dispose').toBe(0);
  return at;
}
