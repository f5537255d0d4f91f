/** Tries again what failed for a reason that passes: a server that is busy, a leader that is being elected, a lost answer. */
import { setTimeout as wait } from 'node:timers/promises';

/** Says how often and how far apart tries are. */
export interface RetryOptions {
  /** Tries in all. Default 6. */
  readonly tries?: number | undefined;
  /** Milliseconds before the second; each pause is twice the one before, up to five seconds. Default 200. */
  readonly firstPauseMs?: number | undefined;
  /** Told of each pause. */
  readonly onPause?: ((error: unknown, pauseMs: number) => void) | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

const TRIES = 6;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

/**
 * Runs body until it resolves.
 * @param passes whether an error may pass by itself: others end it
 * @throws the last error, the signal's reason
 */
export async function retrying<T>(
  body: () => Promise<T>,
  passes: (error: unknown) => boolean,
  { tries = TRIES, firstPauseMs = FIRST_PAUSE_MS, onPause, signal }: RetryOptions = {},
): Promise<T> {
  for (let pause = firstPauseMs, tried = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS), tried++) {
    signal?.throwIfAborted();
    try {
      return await body();
    } catch (error) {
      if (tried >= tries || !passes(error)) throw error;
      onPause?.(error, pause);
    }
    await wait(pause, undefined, { signal });
  }
}
