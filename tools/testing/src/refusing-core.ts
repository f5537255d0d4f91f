/** A core whose memory ends at a chosen allocation, for tests of what is left behind. */
import { CapacityError, type Core } from '@sagitta/core-wasm';

export interface RefusingCore {
  /** Uses the memory of the core given, and counts what is allocated through it, scratch too. */
  readonly core: Core;
  /** Runs body with its allocation number `at` (0, 1, 2 …) refused; whether there was one. */
  refuse<T>(
    at: number,
    body: () => T | Promise<T>,
  ): Promise<{ readonly isRefused: boolean; readonly result: T | undefined }>;
}

/** @throws whatever body throws besides the refusal */
export function refusingCore(core: Core): RefusingCore {
  /** Allocations left before the one that is refused; negative: none is. */
  let left = -1;
  let isRefused = false;
  const count = (byteLength: number): number => {
    if (left === 0) {
      isRefused = true;
      throw new CapacityError(byteLength, 0);
    }
    left--;
    return byteLength;
  };
  const refusing: Core = {
    ...core,
    get isLive() {
      return core.isLive;
    },
    allocate: (byteLength) => core.allocate(count(byteLength)),
    scope: (body) =>
      core.scope((scope) => body({ reserve: (byteLength) => scope.reserve(count(byteLength)) })),
  };
  return {
    core: refusing,
    async refuse(at, body) {
      left = at;
      isRefused = false;
      try {
        return { result: await body(), isRefused };
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        return { result: undefined, isRefused: true };
      } finally {
        left = -1;
      }
    },
  };
}
