/** Jobs and their names, tries and pauses, and what the command says without its peers. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { givenFlags } from '../../src/cli/given-flags.ts';
import { addQuantizerOptions } from '../../src/cli/quantizer-arguments.ts';
import { hashOfJson } from '../../src/cluster/content.ts';
import { readDocument, writeDocument } from '../../src/cluster/documents.ts';
import { inFlight } from '../../src/cluster/in-flight.ts';
import { checkCollection, type EncodeJob, JOB, jobName, type TrainJob } from '../../src/cluster/jobs.ts';
import { isQueued } from '../../src/cluster/nats.ts';
import { retrying } from '../../src/cluster/retry.ts';
import { sagitta } from '../support/command.ts';

const work = { collection: 'notes', place: 's3://b/notes', inputs: ['/raw/a.npy'], flags: ['--column', 'x'] };
const files = [{ name: 'a.npy', bytes: 7 }];
const train: TrainJob = { kind: 'train', ...work, files, shards: 4 };
const plan = { model: hashOfJson({}), input: files, rows: 90, shards: 4 };
const encode: EncodeJob = { kind: 'encode', ...work, plan, shard: 3 };

describe('jobs', () => {
  it('come back as they were, under a name of what they give', () => {
    for (const job of [train, encode]) expect(readDocument('job', JOB, writeDocument(job))).toEqual(job);
    expect(jobName(encode)).toMatch(/^notes\.encode\.[0-9a-f]{16}\.3$/);
    expect(jobName(train)).toMatch(/^notes\.train\.[0-9a-f]{16}$/);
    // where files lie is none of it; what they are, and what is made of them, is
    expect(jobName({ ...train, inputs: ['/mnt/a.npy'] })).toBe(jobName(train));
    expect(jobName({ ...train, flags: [] })).not.toBe(jobName(train));
    expect(jobName({ ...train, files: [{ name: 'a.npy', bytes: 8 }] })).not.toBe(jobName(train));
    expect(jobName({ ...encode, plan: { ...plan, shards: 5 } })).not.toBe(jobName(encode));
  });

  it.each([
    [{ ...train, kind: 'other' }, 'job: "kind" expected a job'],
    [{ ...train, collection: 'a.b' }, '"collection" expected a name'],
    [{ ...train, shards: 0 }, '"shards" expected an integer from 1'],
    [{ ...encode, plan: { ...plan, model: 'x' } }, '"plan.model" expected a SHA-256'],
    [{ ...encode, flags: [1] }, '"flags.0" expected a word'],
  ])('are refused: %j', (job, message) => {
    expect(() => readDocument('job', JOB, writeDocument(job))).toThrow(message);
  });

  it('are of collections whose names subjects take', () => {
    expect(checkCollection('a-B_3')).toBe('a-B_3');
    for (const name of ['', 'a.b', 'a b', '*', '>'])
      expect(() => checkCollection(name)).toThrow('"collection" expected');
  });
});

it('is queued where its subject has its message, not where the disk is full', () => {
  const refusal = (message: string): Error =>
    Object.assign(new Error(message), { name: 'JetStreamApiError', code: 10077, status: 503 });
  expect(isQueued(refusal('maximum messages per subject exceeded'))).toBe(true);
  expect(isQueued(refusal('no space left on device'))).toBe(false);
});

describe('retrying', () => {
  const failing = (times: number): { readonly body: () => Promise<number>; calls: number } => {
    const state = {
      calls: 0,
      body: async () => {
        if (++state.calls <= times) throw new Error(`failure ${state.calls}`);
        return state.calls;
      },
    };
    return state;
  };

  it('tries until it is done, with pauses that double, and ends with the last error', async () => {
    const pauses: number[] = [];
    const how = {
      tries: 4,
      firstPauseMs: 1,
      onPause: (_: unknown, pause: number) => void pauses.push(pause),
    };
    expect(await retrying(failing(3).body, () => true, how)).toBe(4);
    expect(pauses).toEqual([1, 2, 4]);
    await expect(retrying(failing(9).body, () => true, how)).rejects.toThrow('failure 4');
  });

  it('does not try again what does not pass, nor after its signal', async () => {
    const refused = failing(9);
    await expect(retrying(refused.body, () => false)).rejects.toThrow('failure 1');
    expect(refused.calls).toBe(1);
    const end = new AbortController();
    const asked = retrying(failing(9).body, () => true, { firstPauseMs: 60_000, signal: end.signal });
    end.abort();
    await expect(asked).rejects.toThrow('aborted');
  });
});

it('works on a few things at a time, in their order, and ends with the first error', async () => {
  let running = 0;
  let most = 0;
  const body = async (item: number): Promise<number> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    if (item === 7) throw new Error('seven');
    return item * item;
  };
  expect(await inFlight(3, [1, 2, 3, 4, 5], body)).toEqual([1, 4, 9, 16, 25]);
  expect(most).toBe(3);
  await expect(inFlight(2, [1, 7, 3], body)).rejects.toThrow('seven');
  expect(await inFlight(2, [], body)).toEqual([]);
});

it('gives flags back as the words that were given', () => {
  const told = (...words: string[]): string[] => {
    const command = addQuantizerOptions(new Command('x')).option('--no-checks').option('--checks', 'x');
    command.parse(words, { from: 'user' });
    return givenFlags(command, command.options);
  };
  expect(told()).toEqual([]);
  const words = ['--quantizer', 'lvq', '--bits', '4', '--second-bits', '2', '--no-checks'];
  expect(told(...words).sort()).toEqual([...words].sort());
  expect(told('--single-segment', '--checks')).toEqual(['--single-segment', '--checks']);
});

it.each([
  [
    ['cluster', 'status', 'notes'],
    1,
    '--nats: @nats-io/transport-node @nats-io/jetstream @nats-io/kv expected to be installed',
  ],
  [['cluster', 'status', 'p', '--collection', 'a.b'], 1, '--collection: expected letters'],
  [['cluster', 'work', '--threads', 0], 2, 'Expected an integer from 1'],
  [['cluster', 'build', 'p', '--input', 'none.npy', '--shards', 2], 1, '--input: '],
  [
    ['cluster', 'build', 'p', '--input', 'none.npy', '--shards', 2, '--index', 'graph', '--nlist', 3],
    2,
    '--index ivf',
  ],
  [['cluster', 'rollback', 'p', 'x'], 2, 'Expected an integer of at least 1'],
  [['cluster', 'sweep', 'p', '--keep', 0], 2, 'Expected an integer from 1 to 100'],
  [['cluster', 'sweep', 'p', '--older-than', -1], 2, 'Expected a number from 0'],
  [['cluster', 'retry', 'p', '--collection', 'a.b'], 1, '--collection: expected letters'],
  [['publish', 's3://b/p'], 1, 'PLACE: @aws-sdk/client-s3 expected to be installed'],
])('says of %j what is wrong', async (argv, status, message) => {
  expect(await sagitta(...argv)).toMatchObject({ status, stderr: expect.stringContaining(message) });
});
