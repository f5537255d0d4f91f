/** A compaction in two steps, so that several stores are compacted together or none is. */

export interface Compaction extends Disposable {
  /** Does it; takes no memory and does not fail. The store has not changed since it was made ready. */
  commit(): void;
  /** Gives back what was made ready and not committed. */
  [Symbol.dispose](): void;
}
