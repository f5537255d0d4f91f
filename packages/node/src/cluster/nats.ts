/**
 * A connection to NATS, with JetStream and its buckets. Every call of JetStream's API is tried again with pauses:
 * while a leader is elected they time out, and that passes.
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import { StorageError } from '@sagitta/retrieval/collection';
import { UnavailableError } from './errors.ts';
import type { KeyValue, NatsConnection, StreamClient, StreamManager } from './nats-client.ts';
import { retrying } from './retry.ts';

/** Says how a cluster is reached. */
export interface NatsOptions {
  /** Addresses, e.g. nats://10.0.0.1:4222. */
  readonly servers: readonly string[];
  /** Tries of a call. Default 12, over half a minute; Infinity waits for ever. */
  readonly tries?: number;
  /** Told of a call that failed and is tried again. */
  readonly onPause?: (error: unknown, pauseMs: number) => void;
  /** Ends the tries. */
  readonly signal?: AbortSignal;
}

const LIBRARIES = '@nats-io/transport-node @nats-io/jetstream @nats-io/kv';
const TRIES = 12;
/** Copies of what streams and buckets hold, where there are several servers. */
const COPIES = 3;
/** Begins the names of the streams of our buckets. */
const BUCKET_STREAM = 'KV_sagitta_';
/** Values of a key that are kept. */
const HISTORY = 1;
/** Milliseconds for which one call waits: it is the elections that take longer, and another try finds the new leader. */
const TIMEOUT_MS = 2000;

/** Errors by their numbers in JetStream. */
const WRONG_REVISION = 10071;
const NO_PLACE = 10005;
const STORE_FAILED = 10077;
const NO_MESSAGE = 10037;
const NOTHING_TO_DELETE = 10043;
/** Limits of the server, of memory, of the account. */
const NO_ROOM: readonly unknown[] = [10023, 10028, 10047];
/** Milliseconds for which a stream may be without a leader while JetStream has one: an election is over long before. */
const NO_LEADER_MS = 60_000;

/** Is a connection and what stands on it. close it. */
export interface Nats {
  /** Addresses that it was opened with. */
  readonly servers: readonly string[];
  readonly connection: NatsConnection;
  readonly streams: StreamClient;
  readonly manager: StreamManager;
  /** Copies of each stream: 3 in a cluster, else 1. */
  readonly copies: number;
  /**
   * Runs calls of JetStream, again where they fail for a reason that passes.
   * @throws UnavailableError after the last try, or where nothing can be written though JetStream answers; StorageError where its disk or its limits are full
   */
  asking<T>(body: () => Promise<T>): Promise<T>;
  /** A bucket of Sagitta, made with the first who asks. lifeMs — after which a value is gone by the server's clock, 0: never. */
  bucket(name: string, lifeMs?: number): Promise<KeyValue>;
  /** Names of all buckets of Sagitta. */
  buckets(): Promise<string[]>;
  /** Keys of it that begin with the names of prefix, or all where it is empty. Without a consumer, which a server would have to hold that may be away. */
  keys(name: string, prefix: string): Promise<string[]>;
  close(): Promise<void>;
}

interface Libraries {
  connect(options: object): Promise<NatsConnection>;
  jetstream(connection: NatsConnection, options: object): StreamClient;
  jetstreamManager(connection: NatsConnection, options: object): Promise<StreamManager>;
  readonly Kvm: new (streams: StreamClient) => { create(name: string, options: object): Promise<KeyValue> };
}

/**
 * Opens a connection to a cluster.
 * @throws UnsupportedError where the clients are not installed, UnavailableError where no server answers
 */
export async function connectNats(options: NatsOptions): Promise<Nats> {
  const { servers, tries = TRIES, onPause, signal } = options;
  const place = servers.join(',');
  const libraries = await importLibraries();
  const connecting = { servers: [...servers], maxReconnectAttempts: -1, reconnectTimeWait: 500 };
  const askingBy =
    (connected?: NatsConnection) =>
    async <T>(body: () => Promise<T>): Promise<T> => {
      const stuck = { since: Number.POSITIVE_INFINITY };
      const once = async (): Promise<T> => {
        try {
          return await body();
        } catch (error) {
          if (!passes(error) || !connected) throw error;
          // what it says itself is known by its words
          if (apiCode(error) !== undefined || !(await hasJetStream(connected)))
            stuck.since = Number.POSITIVE_INFINITY;
          else stuck.since = Math.min(stuck.since, performance.now());
          if (performance.now() - stuck.since < NO_LEADER_MS) throw error;
          const what = `${textOf(error)} for ${NO_LEADER_MS / 1000} s, though JetStream has a leader: its disk or max_file_store may be full, its log says it`;
          throw new UnavailableError(
            place,
            `expected a stream that takes what is written, got ${what}`,
            error,
          );
        }
      };
      try {
        return await retrying(once, passes, { tries, onPause, signal });
      } catch (error) {
        if (isFull(error)) {
          throw new StorageError(place, `expected room in JetStream, got ${textOf(error)}`, error);
        }
        if (!passes(error)) throw error;
        throw new UnavailableError(place, `expected an answer of NATS, got ${textOf(error)}`, error);
      }
    };
  const connection = await askingBy()(() => libraries.connect(connecting));
  const asking = askingBy(connection);
  const copies = connection.info?.cluster === undefined ? 1 : COPIES;
  try {
    const manager = await asking(() => libraries.jetstreamManager(connection, { timeout: TIMEOUT_MS }));
    const streams = libraries.jetstream(connection, { timeout: TIMEOUT_MS });
    const kvm = new libraries.Kvm(streams);
    return {
      servers,
      connection,
      streams,
      manager,
      copies,
      asking,
      bucket: (name, lifeMs = 0) =>
        asking(() => kvm.create(`sagitta_${name}`, { replicas: copies, history: HISTORY, ttl: lifeMs })),
      buckets: () =>
        asking(async () => {
          const names: string[] = [];
          for await (const name of manager.streams.names()) {
            if (name.startsWith(BUCKET_STREAM)) names.push(name.slice(BUCKET_STREAM.length));
          }
          return names;
        }),
      async keys(name, prefix) {
        const bucket = `$KV.sagitta_${name}.`;
        const subjects_filter = `${bucket}${prefix === '' ? '' : `${prefix}.`}>`;
        const { state } = await asking(() =>
          manager.streams.info(`${BUCKET_STREAM}${name}`, { subjects_filter }),
        );
        return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(bucket.length));
      },
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function importLibraries(): Promise<Libraries> {
  try {
    // written out, and each awaited here: computed names would make the compiler add a helper, and bundlers take an import for one
    // that may be missing only where it is awaited in a try
    const transport = await import('@nats-io/transport-node');
    const jetstream = await import('@nats-io/jetstream');
    const kv = await import('@nats-io/kv');
    return { ...transport, ...jetstream, ...kv };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new UnsupportedError(
      `${LIBRARIES} expected to be installed beside @sagitta/node (npm install ${LIBRARIES}), got: ${what}`,
    );
  }
}

/** JetStream's number of an error; undefined of others. */
export function apiCode(error: unknown): number | undefined {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === 'JetStreamApiError' || name === 'StreamNotFoundError' || name === 'ConsumerNotFoundError'
    ? Number(code)
    : undefined;
}

/** Whether create or update of a key found another revision: somebody else was first. */
export function isTaken(error: unknown): boolean {
  return apiCode(error) === WRONG_REVISION;
}

/** Whether a message was refused because its subject has as many as it may. */
export function isQueued(error: unknown): boolean {
  return apiCode(error) === STORE_FAILED && /per subject/.test(textOf(error));
}

/** Whether nothing more can be stored. */
function isFull(error: unknown): boolean {
  const code = apiCode(error);
  return NO_ROOM.includes(code) || (code === STORE_FAILED && !isQueued(error));
}

/** What resolves to undefined where a message is gone, or never was. */
export async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (apiCode(error) === NO_MESSAGE || apiCode(error) === NOTHING_TO_DELETE) return undefined;
    throw error;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Whether JetStream as a whole has a leader, who answers. */
async function hasJetStream(connection: NatsConnection): Promise<boolean> {
  try {
    const { data } = await connection.request('$JS.API.INFO', new Uint8Array(0), { timeout: TIMEOUT_MS });
    return !('error' in (JSON.parse(new TextDecoder().decode(data)) as object));
  } catch {
    return false;
  }
}

/** Errors of the clients that no server has refused anything with. */
const PASSING: readonly unknown[] = [
  'TimeoutError',
  'RequestError',
  'NoResponders',
  'NoRespondersError',
  'ConnectionError',
  'JetStreamError',
  'JetStreamStatusError',
  'JetStreamNotEnabled',
];

/** Whether a call may succeed later: no answer, no leader, no place for a copy yet; not what the server has refused. */
function passes(error: unknown): boolean {
  const { name, status } = (error ?? {}) as { readonly name?: unknown; readonly status?: unknown };
  const code = apiCode(error);
  if (isFull(error)) return false;
  if (code !== undefined) return status === 503 || status === 500 || code === NO_PLACE;
  return PASSING.includes(name);
}
