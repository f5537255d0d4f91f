/**
 * Jobs in a work queue of JetStream: each is given to one worker at a time, and to another when nothing was heard of it for a
 * while. A subject holds one message, so that a job that is queued, or worked on, is not queued again, whoever asks. What has
 * failed too often goes to the dead letters: into the bucket, under the name of the job.
 */
import * as v from 'valibot';
import { count, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { describeJob, JOB, JOB_KINDS, type Job, jobName } from './jobs.ts';
import { apiCode, ifThere, isQueued, isTaken, type Nats } from './nats.ts';
import type { KeyValue, StreamConsumer } from './nats-client.ts';

/** Says how jobs are given out. */
export interface QueueOptions {
  /** Milliseconds without a sign of life after which a job is given to another worker. Default 60,000. */
  readonly ackWaitMs?: number;
  /** Times that a job is given out at most. Default 5. */
  readonly tries?: number;
}

/** Says of what a job has failed. */
export interface DeadLetter {
  readonly job: Job;
  /** Why, in words. */
  readonly error: string;
  /** Times that it was given out. */
  readonly tries: number;
}

/** Names a build of which there are jobs in the queue. */
export interface QueuedBuild {
  /** The beginning of its id. */
  readonly id: string;
  /** SHA-256 of its model; undefined where the job that told it is gone by now. */
  readonly model: string | undefined;
}

const STREAM = 'SAGITTA_JOBS';
const DEAD_STREAM = 'SAGITTA_DEAD';
const SUBJECTS = 'sagitta.jobs';
const ADVISORY = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES';
/** Of dead letters. */
const BUCKET = 'failed';
const ACK_WAIT_MS = 60_000;
const TRIES = 5;
/** Nanoseconds of a millisecond. */
const NANOS = 1e6;
/** Jobs that are worked on at once, of all collections. */
const MOST_PENDING = 100_000;
const CONSUMER_NOT_FOUND = 10014;
/** Days for which the server's notes of dead letters are kept, in nanoseconds. */
const KEPT_NANOS = 30 * 24 * 3600 * 1e9;

const LETTER: SchemaOf<DeadLetter> = v.object({ job: JOB, error: v.string('words'), tries: count(1) });
const ADVICE: SchemaOf<{ stream_seq: number; deliveries: number }> = v.object({
  stream_seq: count(1),
  deliveries: count(1),
});

/** Queues jobs and knows what became of them. */
export class JobQueue {
  readonly #nats: Nats;
  readonly #failed: KeyValue;
  #nextAdvice = 1;

  private constructor(nats: Nats, failed: KeyValue) {
    this.#nats = nats;
    this.#failed = failed;
  }

  /** Opens the queue; streams and consumers are made with the first who asks. options — where given, they become the settings. */
  static async open(nats: Nats, options?: QueueOptions): Promise<JobQueue> {
    const { asking, manager, copies } = nats;
    const common = { storage: 'file', num_replicas: copies } as const;
    await asking(() =>
      manager.streams.add({
        ...common,
        name: STREAM,
        subjects: [`${SUBJECTS}.>`],
        retention: 'workqueue',
        discard: 'new',
        max_msgs_per_subject: 1,
        discard_new_per_subject: true,
      }),
    );
    // before anything can fail: the server tells of it once
    await asking(() =>
      manager.streams.add({
        ...common,
        name: DEAD_STREAM,
        subjects: [`${ADVISORY}.${STREAM}.>`],
        retention: 'limits',
        max_age: KEPT_NANOS,
      }),
    );
    for (const kind of JOB_KINDS) {
      const isThere = async (): Promise<boolean> => {
        const found = manager.consumers.info(STREAM, kind);
        return found.then(
          () => true,
          (error: unknown) => {
            if (apiCode(error) === CONSUMER_NOT_FOUND) return false;
            throw error;
          },
        );
      };
      if (options === undefined && (await asking(isThere))) continue;
      await asking(() =>
        manager.consumers.add(STREAM, {
          durable_name: kind,
          filter_subject: `${SUBJECTS}.*.${kind}.>`,
          ack_policy: 'explicit',
          ack_wait: (options?.ackWaitMs ?? ACK_WAIT_MS) * NANOS,
          max_deliver: options?.tries ?? TRIES,
          max_ack_pending: MOST_PENDING,
        }),
      );
    }
    return new JobQueue(nats, await nats.bucket(BUCKET));
  }

  /** Queues a job, unless it is queued. @throws RangeError on one that is longer than a message */
  async publish(job: Job): Promise<void> {
    const { asking, streams, connection } = this.#nats;
    const subject = `${SUBJECTS}.${jobName(job)}`;
    const bytes = writeDocument(job);
    const most = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (bytes.length > most) {
      throw new RangeError(
        `"inputs" expected names that fit into a message of ${most} bytes with what else a job says, got ${bytes.length} bytes for ${'inputs' in job ? job.inputs.length : 0} names`,
      );
    }
    await asking(async () => {
      try {
        await streams.publish(subject, bytes);
      } catch (error) {
        if (!isQueued(error)) throw error;
      }
    });
  }

  /** What gives out the jobs of a kind, of all collections. */
  consumer(kind: Job['kind']): Promise<StreamConsumer> {
    return this.#nats.asking(() => this.#nats.streams.consumers.get(STREAM, kind));
  }

  /** Jobs of a collection that are queued or worked on. */
  async queued(collection: string): Promise<number> {
    const subjects_filter = `${SUBJECTS}.${collection}.>`;
    const { state } = await this.#nats.asking(() =>
      this.#nats.manager.streams.info(STREAM, { subjects_filter }),
    );
    return Object.keys(state.subjects ?? {}).length;
  }

  /** Builds of which shards are queued or worked on, of all collections. */
  async builds(): Promise<QueuedBuild[]> {
    const { asking, manager } = this.#nats;
    const encodes = `${SUBJECTS}.*.encode`;
    const { state } = await asking(() => manager.streams.info(STREAM, { subjects_filter: `${encodes}.>` }));
    const at = encodes.split('.').length;
    const oneOf = new Map(
      Object.keys(state.subjects ?? {}).map((subject) => [subject.split('.')[at], subject]),
    );
    const builds: QueuedBuild[] = [];
    for (const [id = '', subject] of oneOf) {
      const message = await asking(() =>
        ifThere(manager.streams.getMessage(STREAM, { last_by_subj: subject })),
      );
      const job = message && readDocument(subject, JOB, message.data);
      builds.push({ id, model: job?.kind === 'encode' ? job.plan.model : undefined });
    }
    return builds;
  }

  /** Takes a job that was given out as message number `seq` from the queue and puts it among the dead letters, unless it is there. */
  async bury(letter: DeadLetter, seq: number): Promise<void> {
    const { asking } = this.#nats;
    await asking(async () => {
      try {
        await this.#failed.create(jobName(letter.job), writeDocument(letter));
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
    });
    // what is terminated stays in the queue of some servers, and its subject would be taken
    await asking(() => ifThere(this.#nats.manager.streams.deleteMessage(STREAM, seq)));
  }

  /** Why a job has failed; undefined where it has not. */
  async deadLetter(job: Job): Promise<DeadLetter | undefined> {
    const name = jobName(job);
    const entry = await this.#nats.asking(() => this.#failed.get(name));
    return entry?.operation === 'PUT' ? readDocument(`failed/${name}`, LETTER, entry.value) : undefined;
  }

  /** All dead letters of a collection. */
  async deadLetters(collection: string): Promise<DeadLetter[]> {
    const names = await this.#nats.keys(BUCKET, collection);
    const letters: DeadLetter[] = [];
    for (const name of names) {
      const entry = await this.#nats.asking(() => this.#failed.get(name));
      if (entry?.operation === 'PUT') letters.push(readDocument(`failed/${name}`, LETTER, entry.value));
    }
    return letters;
  }

  /** Forgets that a job has failed. */
  async unbury(job: Job): Promise<void> {
    await this.#nats.asking(() => this.#failed.delete(jobName(job)));
  }

  /**
   * Buries jobs whose last worker ended without a word: of these the server has noted that it gives them out no more. Whoever waits
   * for jobs calls it now and then.
   */
  async buryLost(): Promise<void> {
    const { asking, manager } = this.#nats;
    const { state } = await asking(() => manager.streams.info(DEAD_STREAM));
    for (let seq = Math.max(this.#nextAdvice, state.first_seq); seq <= state.last_seq; seq++) {
      const note = await asking(() => ifThere(manager.streams.getMessage(DEAD_STREAM, { seq })));
      if (note) {
        const { stream_seq: at, deliveries } = readDocument('advisory', ADVICE, note.data);
        const message = await asking(() => ifThere(manager.streams.getMessage(STREAM, { seq: at })));
        if (message) {
          const job = readDocument('job', JOB, message.data);
          const error = `${describeJob(job)}: its workers ended without a word`;
          await this.bury({ job, error, tries: deliveries }, at);
        }
      }
      this.#nextAdvice = seq + 1;
    }
  }
}
