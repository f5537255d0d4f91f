/** A folder that is followed: what changes is told in bursts, and a burst is looked at when it is over. */
import { type FSWatcher, watch } from 'node:fs';
import { sep } from 'node:path';

/** Milliseconds without a change after which a burst is over, and after which it is looked at all the same. */
const QUIET_MS = 200;
const LATEST_MS = 2000;
/** Milliseconds after which it is looked at once more: folders that are new are watched a moment late. */
const AGAIN_MS = 1000;

export interface FolderWatch {
  /** Ends it when an update that runs is through; rejects with what an update or the watch ended with. */
  close(): Promise<void>;
  /** Rejects when it ends by itself. */
  readonly failed: Promise<never>;
}

/**
 * Calls update after each burst of changes, one call at a time, and suspect with each name that was told, from the folder on and with
 * forward slashes.
 * @throws the system's error where it cannot be watched
 */
export function watchFolder(
  folder: string,
  suspect: (name: string) => void,
  update: () => Promise<{ readonly isChanged: boolean }>,
): FolderWatch {
  let timer: NodeJS.Timeout | undefined;
  let firstAt: number | undefined;
  let running: Promise<void> | undefined;
  let isClosed = false;
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // whoever closes first need not have waited
  failed.catch(() => {});

  const due = (wait: number): void => {
    if (isClosed) return;
    firstAt ??= performance.now();
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(0, Math.min(wait, firstAt + LATEST_MS - performance.now())));
  };
  const look = (): void => {
    if (running) {
      due(QUIET_MS);
      return;
    }
    firstAt = undefined;
    running = update().then(
      ({ isChanged }) => {
        running = undefined;
        // changes that came meanwhile have a burst of their own
        if (isChanged && firstAt === undefined) due(AGAIN_MS);
      },
      (error: unknown) => {
        running = undefined;
        fail(error);
      },
    );
  };
  const onChange = (_: string, name: string | null): void => {
    if (name !== null) suspect(name.split(sep).join('/'));
    due(QUIET_MS);
  };
  let watcher: FSWatcher;
  const start = (): void => {
    watcher = watch(folder, { recursive: true }, onChange);
    watcher.on('error', () => {
      // a folder inside that went away, or more changes than the system remembers: begin anew, and look at everything
      watcher.close();
      try {
        if (!isClosed) start();
        due(QUIET_MS);
      } catch (error) {
        fail(error);
      }
    });
  };
  start();
  // what has changed since it was read and before it was watched
  due(0);
  return {
    failed,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      watcher.close();
      await running;
    },
  };
}
