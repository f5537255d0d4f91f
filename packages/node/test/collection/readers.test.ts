/** One writer and readers in other processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { BESIDE_PACKAGES, collectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const bundles = temporaryFolder(BESIDE_PACKAGES);
const open = collectionsIn(bundles.path);
const [READER] = bundle(bundles.path, ['test/support/collection-reader.mjs']);
const OPTIONS = { d: 3, metric: 'l2', foldAt: 1000, keepTexts: true } as const;
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly code: string; readonly message: string };
}

class Reader {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(path: string) {
    this.#child = fork(READER, [path], { execArgv: [] });
    children.push(this.#child);
    this.#child.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
  }
  ready(): Promise<Answer> {
    return new Promise((resolve) => this.#waiting.set(0, resolve));
  }
  ask(method: string, ...args: unknown[]): Promise<Answer> {
    const id = ++this.#last;
    this.#child.send({ id, method, args });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}

it('readers see what was written at their next call, through folds and compaction, and cannot write', async () => {
  const path = join(folder.path, 'c');
  const c = await open(path, OPTIONS);
  await c.upsert({ ids: ['a'], vectors: [[1, 1, 1]] });
  const readers = [new Reader(path), new Reader(path)];
  for (const { value } of await Promise.all(readers.map((reader) => reader.ready()))) expect(value).toBe(1);
  const both = async (method: string, ...args: unknown[]): Promise<unknown> => {
    const [one, other] = await Promise.all(readers.map((reader) => reader.ask(method, ...args)));
    expect(one?.error).toBeUndefined();
    expect(other?.value).toEqual(one?.value);
    return one?.value;
  };
  for (let i = 0; i < 30; i++) {
    await c.upsert({
      ids: [`n${i}`, 'a'],
      vectors: [
        [i, 0, 0],
        [i, 5, 5],
      ],
      metadata: [{ i }, undefined],
      texts: [`text ${i}`, undefined],
    });
    if (i % 10 === 5) await c.compact();
    if (i % 10 === 7) await c.delete(`n${i - 1}`);
    const hits = await both('search', [i, 0, 0], 1);
    expect(hits).toMatchObject([{ id: `n${i}`, distance: 0, metadata: { i } }]);
    expect(await both('get', `n${i}`)).toEqual({ id: `n${i}`, metadata: { i }, text: `text ${i}` });
    expect(await both('get', `n${i - 1}`)).toEqual(
      i % 10 === 7 || i === 0 ? undefined : await c.get(`n${i - 1}`),
    );
  }
  expect(await both('verify')).toMatchObject({ isWhole: true, damage: [] });
  for (const method of ['upsert', 'add', 'delete', 'compact', 'snapshot']) {
    const { error } = await (readers[0] as Reader).ask(method, { ids: ['x'], vectors: [[0, 0, 0]] });
    expect(error).toMatchObject({ name: 'ReadOnlyError', code: 'SAGITTA_READ_ONLY' });
    expect(error?.message).toContain(`${path}: ${method} expected a collection opened for writing`);
  }
  expect((await (readers[0] as Reader).ask('verify', { repair: true })).error?.code).toBe(
    'SAGITTA_READ_ONLY',
  );
  // readers outlive the writer, and see the next one
  await c.close();
  expect(await both('has', 'n29')).toBe(true);
  const next = await open(path, OPTIONS);
  await next.upsert({ ids: ['late'], vectors: [[0, 9, 9]] });
  expect(await both('has', 'late')).toBe(true);
  await next.close();
});

it('a reader in the same process follows the writer', async () => {
  const path = join(folder.path, 'same');
  const c = await open(path, { ...OPTIONS, foldAt: 50 });
  const reader = await open(path, { readOnly: true });
  for (let i = 0; i < 40; i++) {
    const ids = Array.from({ length: 10 }, (_, j) => 10 * i + j);
    await c.add({ ids, vectors: ids.map((id) => [id, 1, 2]) });
    const [hit] = await reader.search([10 * i + 3, 1, 2], 1);
    expect(hit?.id).toBe(10 * i + 3);
  }
  await c.settled();
  await reader.refresh();
  expect(reader.n).toBe(400);
  expect((await reader.report()).segments).toEqual((await c.report()).segments);
  await c.close();
  await reader.close();
});
