/** What workers do: train a model, or code a shard. A job says all that is needed; the same job has the same subject. */
import * as v from 'valibot';
import { hashOfJson } from './content.ts';
import { count, hash, type SchemaOf } from './documents.ts';
import { type BuildPlan, buildId, type InputFile } from './plan.ts';

interface Work {
  /** What the index is called. */
  readonly collection: string;
  /** The storage, by its name: a folder that all machines share, or s3://bucket/prefix. */
  readonly place: string;
}

interface InputWork extends Work {
  /** Paths of the input's files, as workers see them, or s3://bucket/key. */
  readonly inputs: readonly string[];
  /** What `sagitta train` or `sagitta encode` is told besides, as words. */
  readonly flags: readonly string[];
}

/** Says what is trained. */
export interface TrainJob extends InputWork {
  readonly kind: 'train';
  readonly files: readonly InputFile[];
  readonly shards: number;
}

/** Says which shard is coded. */
export interface EncodeJob extends InputWork {
  readonly kind: 'encode';
  readonly plan: BuildPlan;
  readonly shard: number;
}

/** Says what is folded: a version of the manifest, and the number of the last write that becomes part of it. */
export interface FoldPlan {
  readonly version: number;
  readonly writes: number;
}

/** Says into which shard writes are folded. */
export interface FoldJob extends Work {
  readonly kind: 'fold';
  readonly plan: FoldPlan;
  readonly shard: number;
}

/** Says what a worker does. */
export type Job = TrainJob | EncodeJob | FoldJob;

export const JOB_KINDS: readonly Job['kind'][] = ['train', 'encode', 'fold'];

/** What a collection may be called: what subjects take. */
const COLLECTION = /^[\w-]+$/;

/** @throws RangeError on a name that is none */
export function checkCollection(name: string): string {
  if (COLLECTION.test(name)) return name;
  throw new RangeError(`"collection" expected letters, digits, "_" and "-", got ${JSON.stringify(name)}`);
}

const words: SchemaOf<string[]> = v.array(v.string('a word'), 'a list of words');
const files: SchemaOf<InputFile[]> = v.array(
  v.object({ name: v.string('a name'), bytes: count(0) }),
  'a list of files',
);
const work = {
  collection: v.pipe(v.string('a name'), v.regex(COLLECTION, 'a name')),
  place: v.string('a name'),
};
const inputWork = { ...work, inputs: words, flags: words };

export const JOB: SchemaOf<Job> = v.variant(
  'kind',
  [
    v.object({ kind: v.literal('train'), ...inputWork, files, shards: count(1) }),
    v.object({
      kind: v.literal('encode'),
      ...inputWork,
      plan: v.object({ model: hash, input: files, rows: count(1), shards: count(1) }),
      shard: count(0),
    }),
    v.object({
      kind: v.literal('fold'),
      ...work,
      plan: v.object({ version: count(1), writes: count(1) }),
      shard: count(0),
    }),
  ],
  'a job',
);

/** Letters of a hash in a subject. */
const SHORT = 16;

/** Names what a training gives: the same input, flags and shards train the same model. */
export function trainingId({ files: input, shards, flags }: TrainJob): string {
  return hashOfJson({ input: input.map(({ name, bytes }) => ({ name, bytes })), shards, flags });
}

/** Tells a job from others, in letters that subjects and keys take. */
export function jobName(job: Job): string {
  const { kind, collection } = job;
  if (kind === 'train') return `${collection}.train.${trainingId(job).slice(0, SHORT)}`;
  const what = kind === 'fold' ? hashOfJson(job.plan) : buildId(job.plan);
  return `${collection}.${kind}.${what.slice(0, SHORT)}.${job.shard}`;
}

/** What a person calls it. */
export function describeJob(job: Job): string {
  if (job.kind === 'train') return 'training';
  return job.kind === 'fold'
    ? `fold of shard ${job.shard} of version ${job.plan.version}`
    : `shard ${job.shard} of ${job.plan.shards}`;
}
