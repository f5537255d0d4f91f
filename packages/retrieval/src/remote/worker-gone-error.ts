/** The worker at the other end is no more, or says nothing that makes sense. */
export class WorkerGoneError extends Error {
  readonly code = 'SAGITTA_WORKER';
  /** Which of the workers of a ShardedClient, from 0 on; undefined where there is one. */
  readonly shard: number | undefined;

  /** reason — what the worker did, e.g. "has ended". */
  constructor(reason: string, shard?: number) {
    super(
      `"worker" expected a live search worker, got ${shard === undefined ? 'one' : `one (shard ${shard})`} that ${reason}`,
    );
    this.name = 'WorkerGoneError';
    this.shard = shard;
  }
}
