/** Calls that overlap at random, with aborts, bad vectors and a server that stalls, against a model of one call after the other. */
import { createCore, RandomStream } from '@sagitta/core-wasm';
import { buildFlat, loadIndex, saveIndex } from '@sagitta/retrieval';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SearchClient, ShardedClient, type VectorInput } from '../../src/index.ts';
import { fakeWorker } from '../support/workers.ts';

const D = 2;
const K = 4;
const OPTIONS = { metric: 'l2', quantizer: 'none' } as const;
const STALLED = 'http://stalled.test/index.sag';

/** Whole numbers, whose squared distances float32 holds exactly. */
function rowsOf(seed: number, n: number): Float32Array {
  const random = new RandomStream(seed, 'overlaps');
  return Float32Array.from({ length: n * D }, () => random.nextBelow(1000));
}

/** The rows in chunks, so that one worker gets them in several messages too. */
function chunked(rows: Float32Array): VectorInput {
  return function* () {
    for (let at = 0; at < rows.length; at += 700 * D) yield rows.subarray(at, at + 700 * D);
  };
}

/** What search has to find, where there is an index. */
function expectedHits(rows: Float32Array, query: Float32Array): string {
  const hits: [number, number][] = [];
  for (let id = 0; id * D < rows.length; id++) {
    let distance = 0;
    for (let j = 0; j < D; j++) distance += ((rows[id * D + j] as number) - (query[j] as number)) ** 2;
    if (hits.length < K || distance < (hits[K - 1] as [number, number])[1]) {
      hits.push([id, distance]);
      hits.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
      hits.length = Math.min(hits.length, K);
    }
  }
  return hits.map(([id, distance]) => `${id}:${distance}`).join(' ');
}

/** An index as the model has it; undefined before the first build. */
type State = Float32Array | undefined;

function append(state: State, rows: Float32Array): State {
  if (!state) return undefined;
  const out = new Float32Array(state.length + rows.length);
  out.set(state);
  out.set(rows, state.length);
  return out;
}

interface Client {
  build: SearchClient['build'] | ShardedClient['build'];
  add(vectors: VectorInput, call: { signal: AbortSignal }): Promise<number>;
  search: SearchClient['search'];
  dispose(): Promise<void>;
}

interface Change {
  readonly apply: (state: State) => State;
  /** Whether what the call gave is what the state after it says. */
  readonly check: (out: unknown, state: State) => void;
  readonly outcome: Promise<{ readonly out: unknown } | { readonly error: unknown }>;
  isSettled: boolean;
}

const command = fc.record({
  op: fc.constantFrom(
    'build',
    'add',
    'add',
    'bad add',
    'bad build',
    'search',
    'search',
    'load',
    'bytes',
    'stall',
  ),
  seed: fc.integer({ min: 1, max: 1000 }),
  n: fc.integer({ min: 1, max: 2600 }),
  /** Turns of the event loop after which it is aborted; many are not. */
  abortAfter: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 2 }),
  /** Turns until the next call. */
  pause: fc.integer({ min: 0, max: 12 }),
});

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function settled<T>(promise: Promise<T>): Promise<{ readonly out: T } | { readonly error: unknown }> {
  return promise.then(
    (out) => ({ out }),
    (error: unknown) => ({ error }),
  );
}

const ABORTED = new Error('given up');

async function drive(
  client: Client,
  commands: readonly (typeof command extends fc.Arbitrary<infer T> ? T : never)[],
  one?: SearchClient,
): Promise<void> {
  const changes: Change[] = [];
  const searches: Promise<void>[] = [];
  const core = createCore();
  let states: State[] = [undefined];

  const change = (call: Promise<unknown>, apply: Change['apply'], check: Change['check']): void => {
    const entry: Change = { apply, check, outcome: settled(call), isSettled: false };
    entry.outcome.then(() => {
      entry.isSettled = true;
    });
    changes.push(entry);
  };
  /** States after each change, as far as they have ended; of one that has not both ways are open. */
  const possible = async (from: number, to: number): Promise<State[]> => {
    states = [undefined];
    for (const { outcome, apply } of changes.slice(0, to)) {
      const before = states[states.length - 1];
      states.push('out' in (await outcome) ? apply(before) : before);
    }
    return states.slice(from);
  };
  const nIs = (out: unknown, state: State): void => {
    const n = typeof out === 'number' ? out : (out as { n: number }).n;
    expect(n * D).toBe(state?.length);
  };

  const first = rowsOf(7, 1500);
  change(client.build(first, D, OPTIONS), () => first, nIs);
  for (const { op, seed, n, abortAfter, pause } of commands) {
    const stop = new AbortController();
    const { signal } = stop;
    const rows = rowsOf(seed, n);
    const broken = rows.slice();
    broken[broken.length - 1] = Number.NaN;
    if (op === 'build') change(client.build(chunked(rows), D, OPTIONS, { signal }), () => rows, nIs);
    else if (op === 'add') change(client.add(chunked(rows), { signal }), (state) => append(state, rows), nIs);
    else if (op === 'bad add' || op === 'bad build') {
      const call =
        op === 'bad add'
          ? client.add(chunked(broken), { signal })
          : client.build(chunked(broken), D, OPTIONS, { signal });
      change(
        call,
        (state) => state,
        () => expect.fail(`${op} went through`),
      );
    } else if (op === 'load' && one) {
      using index = buildFlat(core, rows, D, OPTIONS);
      change(one.load({ bytes: saveIndex(index) }, { signal }), () => rows, nIs);
    } else if (op === 'bytes' && one) {
      change(
        one.toBytes({ signal }),
        (state) => state,
        (out, state) => {
          using index = loadIndex(core, out as Uint8Array);
          expect(index.n * D).toBe(state?.length);
          const query = rows.subarray(0, D);
          const { ids, scores } = index.search(query, K);
          expect([...ids].map((id, i) => `${id}:${scores[i]}`).join(' ')).toBe(
            expectedHits(state as Float32Array, query),
          );
        },
      );
    } else if (op === 'stall' && one) {
      change(
        one.load({ url: STALLED }, { signal }),
        (state) => state,
        () => expect.fail('a stalled load went through'),
      );
      setTimeout(() => stop.abort(ABORTED), 20);
    } else {
      const query = rows.slice(0, D);
      const open = changes.findIndex(({ isSettled }) => !isSettled);
      const from = open < 0 ? changes.length : open;
      const to = changes.length;
      const outcome = settled(client.search(query, K, { signal }));
      searches.push(
        outcome.then(async (found) => {
          if ('error' in found && found.error === ABORTED) return;
          const answers = (await possible(from, to)).map((state) => state && expectedHits(state, query));
          if ('error' in found) {
            expect(String(found.error)).toMatch(/"index" expected one that was built/);
            expect(answers).toContain(undefined);
            return;
          }
          const { ids, scores } = found.out;
          expect(answers).toContain([...ids].map((id, i) => `${id}:${scores[i]}`).join(' '));
        }),
      );
    }
    if (abortAfter !== null) turns(abortAfter).then(() => stop.abort(ABORTED));
    await turns(pause);
  }
  await Promise.all(searches);
  let state: State;
  for (const { outcome, apply, check } of changes) {
    const ended = await outcome;
    if ('out' in ended) {
      state = apply(state);
      check(ended.out, state);
    } else if (ended.error !== ABORTED) {
      expect(ended.error).toBeInstanceOf(RangeError);
    }
  }
}

describe('calls that overlap', () => {
  beforeAll(() => {
    vi.stubGlobal('fetch', (_: string, { signal }: { signal: AbortSignal }) => {
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  const commands = fc.array(command, { minLength: 2, maxLength: 14 });

  it('are as one after the other, in one worker', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const client = await SearchClient.start({ worker: fakeWorker().endpoint });
        await drive(client, list, client);
        await client.dispose();
      }),
      { numRuns: 25, seed: 5 },
    );
  });

  it('are as one after the other, in three shards', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const client = await ShardedClient.start({ shards: 3, createWorker: () => fakeWorker().endpoint });
        await drive(client, list);
        await client.dispose();
      }),
      { numRuns: 25, seed: 6 },
    );
  });

  it('all end when the client is disposed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), fc.boolean(), async (pause, isSharded) => {
        const one = isSharded ? undefined : await SearchClient.start({ worker: fakeWorker().endpoint });
        const client =
          one ?? (await ShardedClient.start({ shards: 3, createWorker: () => fakeWorker().endpoint }));
        const rows = rowsOf(1, 3000);
        const stuck = async function* (): AsyncGenerator<Float32Array> {
          yield rows;
          await new Promise(() => {});
        };
        const calls: Promise<unknown>[] = [
          client.build(rows, D, OPTIONS),
          client.add(rows),
          client.add(stuck),
        ];
        if (one) calls.push(one.load({ url: STALLED }), one.toBytes(), one.stored('opfs'));
        calls.push(client.add(rows), client.search(rows.subarray(0, D), 1), client.info());
        const all = Promise.allSettled(calls);
        await turns(pause);
        await client.dispose();
        const ends = await all;
        expect(ends.slice(2, -2).filter(({ status }) => status === 'fulfilled')).toEqual([]);
        await expect(client.add(rows)).rejects.toThrow(/"client" expected a live client/);
        await expect(client.search(rows.subarray(0, D), 1)).rejects.toThrow(
          /"client" expected a live client/,
        );
        await expect(client.info()).rejects.toThrow(RangeError);
        await client.dispose();
      }),
      { numRuns: 12, seed: 7 },
    );
  });
});
