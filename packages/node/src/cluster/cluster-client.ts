/** Asks all shards of a cluster and merges their answers, which are of one version of the manifest: its number is in the subject. */
import { randomBytes } from 'node:crypto';
import {
  checkInteger,
  checkLength,
  checkOptions,
  metricSet,
  type Numbers,
  type OptionTable,
  toFloat32,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { AnswerTimes, MAX_K, mergeResults, type ShardAnswer, ShardAsker } from '@sagitta/retrieval/internal';
import { askShard } from './ask-shard.ts';
import { checkIds, idsByShard } from './cluster-ids.ts';
import { UnavailableError } from './errors.ts';
import { isCovered, Leases } from './leases.ts';
import type { ClusterManifest } from './manifest.ts';
import type { ManifestLog } from './manifest-log.ts';
import type { Nats } from './nats.ts';
import { subjectsOf } from './subjects.ts';
import { type ClusterSearchOptions, type WireAnswer, writeQuery } from './wire-search.ts';
import type { WireWrite } from './wire-write.ts';
import { WriteStream } from './write-stream.ts';

/** Says how a cluster is asked. */
export interface ClusterQueryOptions extends ClusterSearchOptions {
  /** Milliseconds within which an answer is there. Default 1,000. */
  readonly deadlineMs?: number;
  /** Whether an answer without some shards is one; else it is an error. Default false. */
  readonly allowPartial?: boolean;
  /** Whether a shard is asked again where its answer is late. Where all members share the cores of one machine that costs more than it gives. Default true. */
  readonly hedge?: boolean;
  /** Ids that may be found. Default: all. */
  readonly filter?: Iterable<number>;
  /** Number of a write that the answer has to know, as upsert and delete give it. Default: what members know. */
  readonly after?: number;
}

/** Holds new vectors for ids. */
export interface ClusterRows {
  /** Integers of 0 to 2^32 − 2, each once. */
  readonly ids: Iterable<number>;
  /** n × d numbers or n arrays of d. */
  readonly vectors: Vectors;
}

/** Holds an answer of a cluster. */
export interface ClusterAnswer extends WireAnswer {
  /** Of the manifest that it is of. */
  readonly version: number;
  /** Numbers of the shards that are not in it. */
  readonly partial: readonly number[];
  /** Questions to shards beyond the first. */
  readonly hedged: number;
}

const OPTIONS: OptionTable<ClusterQueryOptions> = {
  nprobe: 'number',
  ef: 'number',
  gamma: 'number',
  precision: 'string',
  rerank: 'any',
  deadlineMs: 'number',
  allowPartial: 'boolean',
  hedge: 'boolean',
  filter: 'any',
  after: 'number',
};
const ROWS: OptionTable<ClusterRows> = { ids: 'any', vectors: 'any' };
const DEADLINE_MS = 1000;
/** Milliseconds between two looks at the manifest. */
const LOOK_MS = 1000;

/** Searches what members of a cluster serve. */
export class ClusterClient implements Disposable {
  readonly #nats: Nats;
  readonly #collection: string;
  readonly #manifests: ManifestLog;
  readonly #leases: Leases;
  readonly #times = new AnswerTimes();
  /** By the numbers of shards. */
  readonly #askers = new Map<number, ShardAsker>();
  /** Tells its queries from those of others. */
  readonly #name = randomBytes(9).toString('base64url');
  #queries = 0;
  #stream: Promise<WriteStream> | undefined;
  #manifest: ClusterManifest;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    nats: Nats,
    collection: string,
    manifests: ManifestLog,
    leases: Leases,
    manifest: ClusterManifest,
  ) {
    this.#nats = nats;
    this.#collection = collection;
    this.#manifests = manifests;
    this.#leases = leases;
    this.#manifest = manifest;
    let isLooking = false;
    const look = async (): Promise<void> => {
      // servers that are away are asked again the next time, when the tries of this one are over
      if (isLooking) return;
      isLooking = true;
      await this.refresh().catch(() => undefined);
      isLooking = false;
    };
    this.#timer = setInterval(() => void look(), LOOK_MS);
    this.#timer.unref();
  }

  /**
   * Opens a client over a connection, which stays the caller's. manifests — where the versions of the collection are.
   * @throws RangeError where nothing is published
   */
  static async open(nats: Nats, collection: string, manifests: ManifestLog): Promise<ClusterClient> {
    const manifest = await manifests.head();
    if (!manifest) throw new RangeError(`"collection" expected one that is published, got ${collection}`);
    const leases = await Leases.open(nats, collection, 'client');
    return new ClusterClient(nats, collection, manifests, leases, manifest);
  }

  /** Rows of the version that is asked. */
  get n(): number {
    return this.#manifest.shards.reduce((sum, { rows }) => sum + rows, 0);
  }
  get d(): number {
    return this.#manifest.dimensions;
  }
  get version(): number {
    return this.#manifest.version;
  }

  /** Goes over to the last version of the manifest, if members serve all of it. It does so by itself every second. */
  async refresh(): Promise<void> {
    const head = await this.#manifests.head();
    if (!head || head.version === this.version) return;
    const shards = head.shards.map(({ id }) => id);
    if (isCovered(await this.#leases.taken('shard'), head.version, shards)) this.#manifest = head;
  }

  /**
   * The k best of all shards, best first; ties go to the lower id.
   * @throws RangeError on wrong arguments, UnavailableError where shards have not answered in time and that is not allowed
   */
  async search(query: Numbers, k: number, options: ClusterQueryOptions = {}): Promise<ClusterAnswer> {
    checkOptions('options', options, OPTIONS);
    const { deadlineMs = DEADLINE_MS, allowPartial = false, hedge = true, filter, after, ...rest } = options;
    checkInteger('k', k, 1, MAX_K);
    checkInteger('deadlineMs', deadlineMs, 1, 2 ** 31 - 1);
    const manifest = this.#manifest;
    const values = toFloat32('query', query);
    if (values.length !== manifest.dimensions) {
      throw new RangeError(`"query" expected ${manifest.dimensions} numbers, got ${values.length}`);
    }
    if (after !== undefined) checkInteger('after', after, 0, Number.MAX_SAFE_INTEGER);
    const allowed = filter === undefined ? undefined : idsByShard(manifest, filter);
    const id = `${this.#name}.${this.#queries++}`;
    const asked = { id, k, options: rest, query: values, ...(after !== undefined && { after }) };
    const common = allowed ? undefined : writeQuery(asked);
    const messages = manifest.shards.map(({ id: shard }) => {
      const bytes = common ?? writeQuery({ ...asked, filter: allowed?.get(shard) });
      return this.#checkSize(bytes, allowed?.get(shard)?.length);
    });
    const deadline = performance.now() + deadlineMs;
    let hedged = 0;
    const onHedge = (): void => void hedged++;
    const pauseMs = hedge ? this.#times.slowAfter() : Number.POSITIVE_INFINITY;
    const found = await Promise.all(
      manifest.shards.map(({ id: shard }, i) => {
        const subjects = subjectsOf(this.#collection, manifest.version, shard);
        const question = { subjects, id, bytes: messages[i] as Uint8Array };
        return askShard(this.#nats.connection, this.#askerOf(shard), question, {
          deadline,
          pauseMs,
          onHedge,
        });
      }),
    );
    const partial = manifest.shards.filter((_, i) => found[i] === undefined).map(({ id }) => id);
    if (partial.length > 0 && !allowPartial) {
      throw new UnavailableError(
        this.#collection,
        `expected answers of all ${manifest.shards.length} shards, got none of ${partial.join(', ')}`,
      );
    }
    const answers: ShardAnswer[] = [];
    for (const answer of found) if (answer) answers.push({ ...answer, globalId: (id) => id });
    return {
      ...mergeResults(answers, k, manifest.metric),
      ...{ version: manifest.version, partial: [...partial, ...manifest.missing], hedged },
    };
  }

  /** @throws RangeError on more than a message of NATS takes */
  #checkSize(bytes: Uint8Array, ids = 0): Uint8Array {
    const most = this.#nats.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (bytes.length <= most) return bytes;
    throw new RangeError(
      `"filter" expected messages of ${most} bytes at most, got ${bytes.length} for the ${ids} ids of one shard`,
    );
  }

  /**
   * Puts vectors for ids, in place of those that the ids may have: in one message of NATS or, where they are many, in several.
   * @returns the number of the write, of which a majority of the servers has a copy; searches with it as `after` know it, others soon
   * @throws TypeError, RangeError on wrong arguments: nothing is written; UnavailableError where NATS does not answer: the same again does no harm; FormatError
   * where the stream of writes was made anew
   */
  async upsert(rows: ClusterRows): Promise<number> {
    checkOptions('rows', rows, ROWS);
    const { metric, dimensions } = this.#manifest;
    const { data, n } = vectorSet(rows.vectors, dimensions, 'vectors');
    metricSet(metric, data, dimensions, 'vectors');
    const ids = checkIds(rows.ids);
    checkLength('ids', ids.length, n, 'a vector each');
    return this.#send({ ids, vectors: data });
  }

  /**
   * Deletes ids; those that are not there do no harm.
   * @returns as upsert
   * @throws as upsert
   */
  async delete(ids: ClusterRows['ids']): Promise<number> {
    return this.#send({ ids: checkIds(ids), vectors: undefined });
  }

  async #send(write: WireWrite): Promise<number> {
    return (await this.#writes()).send(write, this.#manifest.writes ?? 0);
  }

  #writes(): Promise<WriteStream> {
    this.#stream ??= WriteStream.open(this.#nats, this.#collection);
    this.#stream.catch(() => {
      this.#stream = undefined;
    });
    return this.#stream;
  }

  #askerOf(shard: number): ShardAsker {
    const asker = this.#askers.get(shard) ?? new ShardAsker(this.#times);
    this.#askers.set(shard, asker);
    return asker;
  }

  /** Ends its looks at the manifest. */
  dispose(): void {
    clearInterval(this.#timer);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
