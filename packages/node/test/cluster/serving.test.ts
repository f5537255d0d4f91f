/** Queries and answers as bytes, leases, and how a client asks: by a connection that answers as it is told. */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ClusterClient } from '../../src/cluster/cluster-client.ts';
import { hashOfJson } from '../../src/cluster/content.ts';
import { isCovered } from '../../src/cluster/leases.ts';
import type { ClusterManifest } from '../../src/cluster/manifest.ts';
import type { ManifestLog } from '../../src/cluster/manifest-log.ts';
import type { Nats } from '../../src/cluster/nats.ts';
import {
  readAnswer,
  readQuery,
  type WireAnswer,
  writeAnswer,
  writeQuery,
  writeRefusal,
} from '../../src/cluster/wire-search.ts';

const answer = { ids: Uint32Array.of(5, 4_000_000_000), scores: Float32Array.of(0.25, 3) };

describe('bytes', () => {
  it('come back as they were, from views that begin anywhere', () => {
    const query = {
      id: 'a.7',
      k: 7,
      options: { nprobe: 3, gamma: 0.5 },
      query: Float32Array.of(1, -2.5, 3e-8),
    };
    for (const shift of [0, 1, 3]) {
      const moved = (bytes: Uint8Array): Buffer =>
        Buffer.concat([new Uint8Array(shift), bytes]).subarray(shift);
      expect(readQuery(moved(writeQuery(query)))).toEqual(query);
      expect(readAnswer(moved(writeAnswer(answer)))).toEqual(answer);
    }
    const filtered = { k: 7, options: {}, query: Float32Array.of(1, 2), after: 9 };
    for (const filter of [Uint32Array.of(3, 4_000_000_000), new Uint32Array(0)]) {
      expect(readQuery(writeQuery({ ...filtered, filter }))).toEqual({ ...filtered, filter });
    }
    const none = { ids: new Uint32Array(0), scores: new Float32Array(0) };
    expect(readAnswer(writeAnswer(none))).toEqual(none);
    expect(() => readAnswer(writeRefusal(new RangeError('"k" expected more')))).toThrow('"k" expected more');
  });

  it('are refused where they are none', () => {
    const good = writeQuery({ k: 1, options: {}, query: Float32Array.of(1) });
    for (const bytes of [
      good.subarray(0, 3),
      good.subarray(0, 12),
      good.subarray(0, 15),
      new Uint8Array(8),
    ]) {
      expect(() => readQuery(bytes)).toThrow('query');
    }
    const wrong = writeQuery({ k: 0, options: {}, query: Float32Array.of(1) });
    expect(() => readQuery(wrong)).toThrow('"k" expected an integer from 1');
    for (const length of [0, 3, 8, 20]) {
      expect(() => readAnswer(writeAnswer(answer).subarray(0, length))).toThrow('expected an answer');
    }
  });
});

it('covers a version when each of its shards has a member', () => {
  const taken = [
    { version: 2, shard: 0, replica: 1 },
    { version: 1, shard: 1, replica: 0 },
  ];
  expect(isCovered(taken, 2, [0])).toBe(true);
  expect(isCovered(taken, 2, [0, 1])).toBe(false);
});

/** The subject of a message, and its text. */
type Published = readonly [subject: string, text: string];

/** What a member does with the n-th question to a shard, from 0 on. */
type Behaviour = (
  shard: number,
  question: number,
  isToAll: boolean,
) => WireAnswer | 'nobody' | 'silent' | Error;

function clientOf(
  behaviour: Behaviour,
  { missing = [], back = [] }: { readonly missing?: readonly number[]; readonly back?: Published[] } = {},
): Promise<ClusterClient> {
  const questions = new Map<number, number>();
  const shard = (id: number) => ({ id, segment: hashOfJson({ id }), rows: 10, firstId: 10 * id, bytes: 1 });
  const manifest: ClusterManifest = {
    ...{ format: 1, version: 3, parent: 2, build: hashOfJson({}), model: hashOfJson({}), metric: 'l2' },
    ...{ dimensions: 2, index: 'flat', shards: [shard(0), shard(1)], missing, created: '', writer: '' },
  };
  const log: ManifestLog = {
    head: async () => manifest,
    at: async () => manifest,
    append: async () => false,
  };
  const nats = {
    bucket: async () => ({}),
    connection: {
      publish: (subject: string, data: Uint8Array) =>
        void back.push([subject, new TextDecoder().decode(data)]),
      async request(subject: string, data: Uint8Array, { timeout }: { timeout: number }) {
        const [, number, all] = /^sagitta\.q\.notes\.3\.(\d)(\.all)?$/.exec(subject) ?? [];
        const id = Number(number);
        expect(readQuery(data).id).toBeDefined();
        const question = questions.get(id) ?? 0;
        questions.set(id, question + 1);
        const what = behaviour(id, question, all !== undefined);
        if (what === 'silent') await wait(timeout);
        if (what === 'silent' || what === 'nobody') throw new Error(what);
        return { data: what instanceof Error ? writeRefusal(what) : writeAnswer(what) };
      },
    },
  };
  return ClusterClient.open(nats as unknown as Nats, 'notes', log);
}

const hits = (ids: number[], scores: number[]): WireAnswer => ({
  ids: Uint32Array.from(ids),
  scores: Float32Array.from(scores),
});
const both = (shard: number): WireAnswer => (shard === 0 ? hits([3, 4], [1, 2]) : hits([12, 11], [1, 5]));

describe('a client', () => {
  it('merges the answers of all shards; ties go to the lower id', async () => {
    using client = await clientOf(both);
    const found = await client.search([1, 2], 3);
    expect(found).toEqual({ ...hits([3, 12, 4], [1, 1, 2]), version: 3, partial: [], hedged: 0 });
    expect([client.n, client.d, client.version]).toEqual([20, 2, 3]);
  });

  it('asks again where nothing comes, and until somebody answers', async () => {
    using client = await clientOf((shard, question) =>
      shard === 1 && question < 2 ? 'silent' : both(shard),
    );
    const found = await client.search([1, 2], 3, { deadlineMs: 5000 });
    expect([...found.ids]).toEqual([3, 12, 4]);
    expect(found.hedged).toBe(2);
    using once = await clientOf((shard, question) => (shard === 1 && question < 1 ? 'silent' : both(shard)));
    const how = { deadlineMs: 200, allowPartial: true, hedge: false };
    expect(await once.search([1, 2], 3, how)).toMatchObject({ partial: [1], hedged: 0 });
  });

  it('takes a question back from others when one has answered, and from all at its deadline', async () => {
    const back: Published[] = [];
    using client = await clientOf(
      (shard, question) => (shard === 1 && question % 2 === 0 ? 'silent' : both(shard)),
      {
        back,
      },
    );
    await client.search([1, 2], 3, { deadlineMs: 5000 });
    await client.search([1, 2], 3, { deadlineMs: 5000 });
    expect(back.map(([subject]) => subject)).toEqual([
      'sagitta.q.notes.3.1.back',
      'sagitta.q.notes.3.1.back',
    ]);
    const [first, second] = back.map(([, id]) => id);
    expect(first).not.toBe(second);
    const late: Published[] = [];
    using silent = await clientOf((shard) => (shard === 0 ? 'silent' : both(shard)), { back: late });
    await silent.search([1, 2], 3, { deadlineMs: 30, allowPartial: true });
    expect(late.map(([subject]) => subject)).toEqual(['sagitta.q.notes.3.0.back']);
    const none: Published[] = [];
    using calm = await clientOf(both, { back: none });
    for (let i = 0; i < 10; i++) await calm.search([1, 2], 3);
    expect(none).toEqual([]);
  });

  it('asks nobody again whom one has refused', async () => {
    let questions = 0;
    using client = await clientOf((shard) => {
      if (shard === 0) questions++;
      return shard === 0 ? new RangeError('"nprobe" expected less') : 'silent';
    });
    await expect(client.search([1, 2], 3, { deadlineMs: 300 })).rejects.toThrow('"nprobe"');
    await wait(350);
    expect(questions).toBe(1);
  });

  it('asks all members of a shard where one was asked twice in vain', async () => {
    using client = await clientOf((shard, question, isToAll) => {
      if (shard === 1) expect(isToAll).toBe(question >= 2);
      return shard === 1 && !isToAll ? 'silent' : both(shard);
    });
    expect(await client.search([1, 2], 3, { deadlineMs: 5000 })).toMatchObject({ partial: [], hedged: 2 });
  });

  it('asks all members at first where one stands still for long', async () => {
    using client = await clientOf((shard, _, isToAll) => (shard === 1 && !isToAll ? 'silent' : both(shard)));
    const some = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 4 }, () => client.search([1, 2], 3, { deadlineMs: 400 })));
    for (let i = 0; i < 6; i++) await some();
    // until the questions that nobody answers are over
    await wait(450);
    expect(await client.search([1, 2], 3, { deadlineMs: 400 })).toMatchObject({ partial: [], hedged: 0 });
  });

  it('gives members who cannot keep up a tenth more questions at most', async () => {
    let questions = 0;
    using client = await clientOf(() => {
      questions++;
      return 'silent';
    });
    const searches = Array.from({ length: 300 }, () =>
      client.search([1, 2], 3, { deadlineMs: 400, allowPartial: true }),
    );
    for (const { partial } of await Promise.all(searches)) expect(partial).toEqual([0, 1]);
    // of each of two shards: a tenth of 300, and what a few may be asked again before
    expect(questions).toBeLessThanOrEqual(600 + 2 * (30 + 16));
    expect(questions).toBeGreaterThan(600);
  });

  it('asks once more at once where nobody is there', async () => {
    using client = await clientOf((shard, question) => (question === 0 ? 'nobody' : both(shard)));
    expect(await client.search([1, 2], 3)).toMatchObject({ partial: [], hedged: 2 });
  });

  it('refuses an answer without a shard, or says which is not in it', async () => {
    using client = await clientOf((shard) => (shard === 1 ? 'nobody' : both(shard)), { missing: [2] });
    await expect(client.search([1, 2], 3)).rejects.toMatchObject({ code: 'SAGITTA_UNAVAILABLE' });
    const found = await client.search([1, 2], 3, { allowPartial: true });
    expect([[...found.ids], found.partial]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it('gives up at its deadline, and passes on what a member refuses', async () => {
    using silent = await clientOf(() => 'silent');
    await expect(silent.search([1, 2], 3, { deadlineMs: 30 })).rejects.toThrow('got none of 0, 1');
    using refusing = await clientOf(() => new RangeError('"nprobe" expected less'));
    await expect(refusing.search([1, 2], 3)).rejects.toThrow('"nprobe" expected less');
    await expect(refusing.search([1], 3)).rejects.toThrow('"query" expected 2 numbers');
    await expect(refusing.search([1, 2], 0)).rejects.toThrow('"k" expected');
    await expect(refusing.search([1, 2], 1, { deadline: 3 } as object)).rejects.toThrow('did you mean');
  });
});
