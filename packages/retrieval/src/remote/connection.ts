/** Workers that are started: what a client is made of. */
import { type Build, checkInteger, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { type CallOptions, START } from './client-options.ts';
import type { WorkerEndpoint } from './endpoint.ts';
import type { ClientPlace, Place } from './place.ts';
import type { StartOptions } from './protocol.ts';
import { RequestChannel } from './request-channel.ts';

/** Says which worker a client has, and how it is started. */
export interface ClientOptions extends StartOptions, CallOptions {
  /** A worker or message port of the caller's that runs serveSearch, where a bundler does not find the package's own file. */
  readonly worker?: WorkerEndpoint;
  /** Milliseconds in which the worker's file has to be loaded and answer. Default 30,000. */
  readonly timeoutMs?: number;
}

/** Says how many workers share an index, and how they are made. */
export interface ShardedOptions extends Omit<ClientOptions, 'worker'> {
  /** Workers; by default as many as there are cores. */
  readonly shards?: number;
  /** Makes each worker; by default of the package's own file. */
  readonly createWorker?: () => WorkerEndpoint;
}

const CLIENT: OptionTable<ClientOptions> = { ...START, worker: 'any' };
const SHARDED: OptionTable<ShardedOptions> = { ...START, shards: 'number', createWorker: 'function' };
const MAX_SHARDS = 1024;

/** Holds started workers and their place. */
export class Connection<P extends Place> {
  /** The binary of the first worker's core. */
  readonly build: Build;
  /** @internal */
  readonly place: ClientPlace<P>;
  /** @internal */
  readonly channels: readonly RequestChannel[];

  /** @internal connect and connectShards make it. */
  constructor(build: Build, place: ClientPlace<P>, channels: readonly RequestChannel[]) {
    this.build = build;
    this.place = place;
    this.channels = channels;
  }
}

/**
 * Starts a worker and its core; signal and timeoutMs are for the start alone.
 * @throws UnsupportedError for a build the engine lacks; WorkerGoneError if the worker's file cannot be loaded, or does not
 * answer in time; the signal's reason. No worker is left then.
 */
export async function connect<P extends Place>(
  place: ClientPlace<P>,
  options: ClientOptions,
): Promise<Connection<P>> {
  checkOptions('options', options, CLIENT);
  const { worker = place.createWorker(), ...start } = options;
  const { build, channel } = await RequestChannel.start(worker, { ...start, errors: place.errors });
  return new Connection(build, place, [channel]);
}

/**
 * Starts several workers.
 * @throws as connect; RangeError on a number of shards that is none; what createWorker throws. Where one cannot start, the
 * others are ended.
 */
export async function connectShards<P extends Place>(
  place: ClientPlace<P>,
  options: ShardedOptions,
): Promise<Connection<P>> {
  checkOptions('options', options, SHARDED);
  const { shards = place.cores(), createWorker = () => place.createWorker(), signal, ...start } = options;
  checkInteger('shards', shards, 1, MAX_SHARDS);
  const failed = new AbortController();
  const stop = (): void => failed.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  const startOne = async (shard: number): ReturnType<typeof RequestChannel.start> => {
    try {
      failed.signal.throwIfAborted();
      const { errors } = place;
      return await RequestChannel.start(createWorker(), { ...start, signal: failed.signal, shard, errors });
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const all = await Promise.allSettled(Array.from({ length: shards }, (_, shard) => startOne(shard)));
  signal?.removeEventListener('abort', stop);
  const started = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const [first] = started;
  const channels = started.map(({ channel }) => channel);
  if (first && !failed.signal.aborted) return new Connection(first.build, place, channels);
  const { reason } = failed.signal;
  await Promise.all(channels.map((channel) => channel.dispose(reason)));
  throw reason;
}

/** What every call of a client says when dispose was called before. */
export function disposedError(): RangeError {
  return new RangeError('"client" expected a live client, got a disposed one');
}
