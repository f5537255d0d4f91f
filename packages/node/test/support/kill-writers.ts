/**
 * kill -9 of a process that writes to a collection, at random points, and what has to be there afterwards: of each id
 * what the last acknowledged write of it says, or what one says that was asked for later and never acknowledged.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '@sagitta/core-wasm';
import type { Collection, Durability, TokenCollection } from '@sagitta/retrieval/collection';
import { expect } from 'vitest';
import { bundle } from './bundle.ts';
import { collectionsIn, tokenCollectionsIn } from './collections.ts';

interface Asked {
  readonly id: number;
  readonly kind: 'put' | 'delete';
  readonly ids: readonly number[];
}
type Message = Asked | { readonly done: number } | { readonly ready: true } | { readonly compacted: true };

/** What an id may be: the number of the write that put it, or undefined where it may be gone. */
type State = Map<number, Set<number | undefined>>;

export interface KillReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly compacted: number;
  /** Kills that left files of a segment that was under way. */
  readonly midway: number;
}

/** bundles — a folder for them */
export async function killWriters(
  path: string,
  bundles: string,
  {
    kills,
    durability,
    seed,
    kind = 'vectors',
  }: {
    readonly kills: number;
    readonly durability: Durability;
    readonly seed: number;
    readonly kind?: 'vectors' | 'tokens';
  },
): Promise<KillReport> {
  const openTokens = tokenCollectionsIn(bundles);
  const openVectors = collectionsIn(bundles);
  const [WRITER, entries, search] = bundle(bundles, [
    'test/support/collection-writer.mjs',
    'src/collection/entry-thread.ts',
    'src/worker/search-worker.ts',
  ]);
  const random = new RandomStream(seed, 'kills');
  const state: State = new Map();
  const total = { acknowledged: 0, compacted: 0, midway: 0 };
  for (let round = 1; round <= kills; round++) {
    const child = fork(WRITER, [path, entries, search, String(seed * 10_000 + round), durability, kind], {
      execArgv: [],
    });
    const { asked, done, compacted } = await killed(
      child,
      random.nextBelow(random.nextBelow(5) === 0 ? 900 : 250),
    );
    total.acknowledged += done.size;
    total.compacted += compacted;
    const before = new Set(readdirSync(path));
    const c =
      kind === 'tokens' ? await openTokens<{ id: number }>(path) : await openVectors<{ id: number }>(path);
    const after = new Set(readdirSync(path));
    if ([...before].some((name) => /^\.?segment-/.test(name) && !after.has(name))) total.midway++;
    await compare(c, state, asked, done, round);
    // a verification now and then: every checksum
    if (round % 10 === 0) expect(await c.verify()).toMatchObject({ isWhole: true, damage: [] });
    await c.close();
  }
  return { kills, ...total };
}

async function killed(
  child: ChildProcess,
  delay: number,
): Promise<{ asked: Asked[]; done: Set<number>; compacted: number }> {
  const asked: Asked[] = [];
  const done = new Set<number>();
  let compacted = 0;
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error('the writer ended by itself')));
    child.on('message', (message: Message) => {
      if ('ready' in message) resolve();
      else if ('done' in message) done.add(message.done);
      else if ('compacted' in message) compacted++;
      else asked.push(message);
    });
  });
  await sleep(delay);
  child.kill('SIGKILL');
  await ended;
  return { asked, done, compacted };
}

/** Checks what is there, and makes it what is known. */
async function compare(
  c: Collection<{ id: number }> | TokenCollection<{ id: number }>,
  state: State,
  asked: readonly Asked[],
  done: ReadonlySet<number>,
  round: number,
): Promise<void> {
  // writes of one process take effect in the order of their calls
  for (const { id, kind, ids } of asked) {
    for (const one of ids) {
      const value = kind === 'put' ? id : undefined;
      if (done.has(id)) state.set(one, new Set([value]));
      else state.set(one, new Set([...(state.get(one) ?? [undefined]), value]));
    }
  }
  const there = new Map<number, number>();
  for await (const { id, metadata, text, ...values } of c.iterate()) {
    const vector = 'vector' in values ? values.vector : values.tokens;
    if ('tokens' in values) expect(vector.length).toBe(c.d * (1 + ((id as number) % 3)));
    expect(vector[0], `round ${round}: id ${id}`).toBe(id);
    expect(vector[1], `round ${round}: id ${id}`).toBe((metadata?.id as number) % 1_000_000);
    const wanted = (id as number) % 7 === 0 ? undefined : `${id} of ${metadata?.id}`;
    expect(text, `round ${round}: text of id ${id}`).toBe(wanted);
    expect(there.has(id as number), `round ${round}: id ${id} twice`).toBe(false);
    there.set(id as number, metadata?.id as number);
  }
  for (const [id, allowed] of state) {
    expect(allowed, `round ${round}: id ${id} is of write ${there.get(id)}`).toContain(there.get(id));
    state.set(id, new Set([there.get(id)]));
  }
  expect([...there.keys()].every((id) => state.has(id))).toBe(true);
  const gone = [...state.keys()].filter((id) => !there.has(id));
  expect((await c.texts(gone)).every((text) => text === undefined)).toBe(true);
  // half of an unacknowledged write is no write
  for (const { id, kind, ids } of asked) {
    if (done.has(id) || kind === 'delete') continue;
    const later = asked.filter((one) => one.id > id).flatMap((one) => one.ids);
    const seen = ids.filter((one) => !later.includes(one)).map((one) => there.get(one) === id);
    expect(new Set(seen).size, `round ${round}: write ${id} is there in part`).toBeLessThan(2);
  }
}
