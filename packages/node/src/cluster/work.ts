/**
 * A worker: takes jobs and does each in a process of its own, by the command: whatever becomes of that process, the worker goes on
 * and says that the job is being worked on. What a job gives lies in the storage before the job is said to be done, under a name
 * that follows from it: to do it twice does no harm.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeFileAtomic } from '../atomic-file.ts';
import { getContent, modelKey, putContent } from './content.ts';
import { readDocument } from './documents.ts';
import { UnavailableError } from './errors.ts';
import { JobQueue } from './job-queue.ts';
import {
  describeJob,
  type EncodeJob,
  type FoldJob,
  JOB,
  type Job,
  type TrainJob,
  trainingId,
} from './jobs.ts';
import type { Nats } from './nats.ts';
import type { StreamConsumer, StreamMessage } from './nats-client.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';
import { buildId, getEntry } from './plan.ts';
import { getTraining, putTraining } from './trainings.ts';

/** Says what a worker does. */
export interface WorkOptions {
  /** Shards that are coded at a time, each in a process. Default 1. */
  readonly slots?: number;
  /** How the command is started: a program and the words before a subcommand. */
  readonly command: readonly [string, ...string[]];
  /** Opens the storages that jobs name. */
  readonly openPlace: (name: string) => Promise<ObjectStorage>;
  /** Told of each job. */
  readonly onJob?: (event: JobEvent) => void;
  /** Ends the work: jobs that run are given back. */
  readonly signal: AbortSignal;
}

/** Says what became of a job. */
export interface JobEvent {
  readonly what: 'begun' | 'done' | 'failed' | 'buried';
  /** Which, for people. */
  readonly job: string;
  /** How often it was given out, this time included. */
  readonly tries: number;
  readonly error?: string;
}

/** Milliseconds for which a worker waits for a job in one call. */
const EXPIRES_MS = 5000;
/** Milliseconds before a job that has failed is given out again: each time twice as long. */
const PAUSE_MS = 1000;
const PAUSE_AFTER_ERROR_MS = 500;
/** Characters of what a process wrote to stderr that are kept. */
const MOST_TEXT = 4096;

/** Works until the signal. @throws what opening the queue does */
export async function workForCluster(nats: Nats, options: WorkOptions): Promise<void> {
  const worker = await Worker.open(nats, options);
  try {
    const { slots = 1 } = options;
    // a training may take its time while shards of other builds are coded
    await Promise.all([
      worker.serve('train'),
      worker.serve('fold'),
      ...Array.from({ length: slots }, () => worker.serve('encode')),
    ]);
  } finally {
    await worker.close();
  }
}

class Worker {
  readonly #nats: Nats;
  readonly #options: WorkOptions;
  readonly #queue: JobQueue;
  readonly #folder: string;
  readonly #storages = new Map<string, Promise<ObjectStorage>>();
  readonly #models = new Map<string, Promise<string>>();

  private constructor(nats: Nats, options: WorkOptions, queue: JobQueue, folder: string) {
    this.#nats = nats;
    this.#options = options;
    this.#queue = queue;
    this.#folder = folder;
  }

  static async open(nats: Nats, options: WorkOptions): Promise<Worker> {
    const queue = await JobQueue.open(nats);
    return new Worker(nats, options, queue, await mkdtemp(join(tmpdir(), 'sagitta-work-')));
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  /** Takes jobs of a kind, one after the other, until the signal. */
  async serve(kind: Job['kind']): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      let consumer: StreamConsumer | undefined;
      try {
        consumer = await this.#queue.consumer(kind);
        const message = await nextOf(consumer, signal);
        if (message) await this.#take(consumer, message);
      } catch {
        // servers that are away or elect a leader: jobs are still there when they are back
        await wait(PAUSE_AFTER_ERROR_MS);
      }
    }
  }

  async #take(consumer: StreamConsumer, message: StreamMessage): Promise<void> {
    const { signal, onJob } = this.#options;
    if (signal.aborted) return message.nak();
    const { config } = await this.#nats.asking(() => consumer.info());
    const waitMs = (config.ack_wait ?? 30e9) / 1e6;
    const most = config.max_deliver ?? 1;
    const tries = message.info.deliveryCount;
    let job: Job;
    try {
      job = readDocument(message.subject, JOB, message.data);
    } catch (error) {
      onJob?.({ what: 'failed', job: message.subject, tries, error: textOf(error) });
      return message.term('no job');
    }
    const name = describeJob(job);
    onJob?.({ what: 'begun', job: name, tries });
    const sign = setInterval(() => message.working(), waitMs / 3);
    try {
      await this.#do(job);
      await this.#nats.asking(() => message.ackAck());
      onJob?.({ what: 'done', job: name, tries });
    } catch (error) {
      if (signal.aborted) return message.nak();
      const text = `${name}: ${textOf(error)}`;
      if (tries < most) {
        message.nak(PAUSE_MS * 2 ** (tries - 1));
        onJob?.({ what: 'failed', job: name, tries, error: text });
        return;
      }
      message.term('failed as often as it may');
      await this.#queue.bury({ job, error: text, tries }, message.seq);
      onJob?.({ what: 'buried', job: name, tries, error: text });
    } finally {
      clearInterval(sign);
    }
  }

  async #do(job: Job): Promise<void> {
    const storage = await this.#storage(job.place);
    if (job.kind === 'train') await this.#train(job, storage);
    else if (job.kind === 'encode') await this.#encode(job, storage);
    else await this.#fold(job);
  }

  async #fold({ collection, place, plan, shard }: FoldJob): Promise<void> {
    const { version, writes } = plan;
    const nats = ['--nats', this.#nats.servers.join(',')];
    const which = [...nats, '--collection', collection, '--shard', shard, '--of', version, '--up-to', writes];
    await this.#run(['cluster', 'fold', place, ...which.map(String)]);
  }

  async #train(job: TrainJob, storage: ObjectStorage): Promise<void> {
    const id = trainingId(job);
    const there = await getTraining(storage, id);
    if (there && (await storage.size(modelKey(there.model))) !== undefined) return;
    const path = join(this.#folder, `${id}.sgta`);
    const words = ['train', ...job.inputs, '--out', path, '--shards', String(job.shards), ...job.flags];
    const { n } = await this.#run(words);
    const model = await putContent(storage, modelKey, objectBytes(await readFile(path)));
    await rm(path);
    await putTraining(storage, id, { model, rows: Number(n) });
  }

  async #encode(job: EncodeJob, storage: ObjectStorage): Promise<void> {
    const { plan, shard, inputs, flags, place } = job;
    const id = buildId(plan);
    if (await getEntry(storage, id, shard)) return;
    const model = await this.#model(storage, plan.model);
    const words = [
      'encode',
      ...inputs,
      '--model',
      model,
      '--shard',
      `${shard}/${plan.shards}`,
      '--out',
      place,
    ];
    const { build } = await this.#run([...words, ...flags]);
    if (build === id) return;
    throw new RangeError(
      `"inputs" expected the files that the model was trained on, got others: ${inputs.join(', ')}`,
    );
  }

  #storage(place: string): Promise<ObjectStorage> {
    const open = this.#storages.get(place) ?? this.#options.openPlace(place);
    this.#storages.set(place, open);
    open.catch(() => this.#storages.delete(place));
    return open;
  }

  /** The path of a model's file, which is fetched once. */
  #model(storage: ObjectStorage, hash: string): Promise<string> {
    const path = join(this.#folder, `model-${hash}.sgta`);
    const fetched = this.#models.get(hash) ?? fetchModel(storage, hash, path);
    this.#models.set(hash, fetched);
    fetched.catch(() => this.#models.delete(hash));
    return fetched;
  }

  /** Runs the command; what it prints with --json. */
  async #run(words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const [program, ...before] = this.#options.command;
    const child = spawn(program, [...before, ...words, '--json', '--quiet'], {
      // by the channel it knows when this process is gone
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { signal } = this.#options;
    const end = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', end);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk}`.slice(-MOST_TEXT);
    });
    try {
      const status = await new Promise<number | string | null>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, name) => resolve(name ?? code));
      });
      if (status === 0) return JSON.parse(stdout) as Record<string, unknown>;
      const said = stderr.trim().split('\n').at(-1) || 'nothing';
      if (status === 75) throw new UnavailableError(words[0] as string, said);
      throw new Error(`${words[0]} ended with ${status}: ${said}`);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}

/** The next job; undefined where none came, or the signal did: then none is given to this worker any more. */
async function nextOf(consumer: StreamConsumer, signal: AbortSignal): Promise<StreamMessage | undefined> {
  const messages = await consumer.fetch({ max_messages: 1, expires: EXPIRES_MS });
  const end = (): void => void messages.close();
  signal.addEventListener('abort', end);
  try {
    if (signal.aborted) end();
    for await (const message of messages) return message;
    return undefined;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

async function fetchModel(storage: ObjectStorage, hash: string, path: string): Promise<string> {
  const isThere = await stat(path).catch(() => undefined);
  if (!isThere) await writeFileAtomic(path, [await getContent(storage, modelKey, hash)]);
  return path;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
