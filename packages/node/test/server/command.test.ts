/** sagitta serve as a process: what it prints, logs and ends with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { BESIDE_PACKAGES } from '../support/collections.ts';
import { sagitta } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { ask, D, places, row, type WireHits } from './support.ts';

const { filled, open, fresh } = places();
// the command opens the collection itself: SQLite is found from there
const [MAIN, ENTRIES] = bundle(temporaryFolder(BESIDE_PACKAGES).path, [
  'src/cli/main.ts',
  'src/collection/entry-thread.ts',
  'src/worker/search-worker.ts',
]);
// in one file the command looks for its threads beside itself
copyFileSync(ENTRIES, join(dirname(MAIN), 'entry-thread.js'));
const files = temporaryFolder();

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly printed: Readonly<Record<string, unknown>>;
  stderr(): string;
  ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

async function serve(...argv: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...argv, '--port', '0', '--json']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const line = await Promise.race([
    once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text)),
    ended.then(({ code }) => Promise.reject(new Error(`ended with ${code}: ${stderr}`))),
  ]);
  const printed = JSON.parse(line) as { url: string };
  return { child, url: printed.url, printed, stderr: () => stderr, ended };
}

async function folderOf(): Promise<string> {
  const c = await filled();
  const { name } = c;
  await c.close();
  return name;
}

it('prints where it listens, logs lines of JSON, and ends with 0 when it is told to', async () => {
  const folder = await folderOf();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, url, printed, stderr, ended } = await serve(folder);
    expect(printed).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      host: '127.0.0.1',
      port: expect.any(Number),
      n: signal === 'SIGTERM' ? 303 : 304,
      d: D,
      metric: 'cosine',
      isReadOnly: false,
    });
    const put = await ask(url, 'PUT', '/records', { ids: [`of ${signal}`], vectors: [[...row(700)]] });
    expect(put.status).toBe(200);
    child.kill(signal);
    expect(await ended).toEqual({ code: 0, signal: null });
    const [line = '', last] = stderr().trim().split('\n');
    expect(JSON.parse(line)).toMatchObject({ method: 'PUT', path: '/records', status: 200 });
    expect(last).toContain('ending');
  }
  await using after = await open(folder);
  expect(await after.has('of SIGTERM')).toBe(true);
  expect(await after.has('of SIGINT')).toBe(true);
});

it('loses nothing that was acknowledged when it is told to end under load, folds included', async () => {
  const folder = fresh();
  await (await open(folder, { d: D, metric: 'l2' })).close();
  const { child, url, ended } = await serve(folder, '--quiet');
  const acknowledged: string[] = [];
  const writer = async (name: string): Promise<void> => {
    for (let i = 0; ; i++) {
      const ids = Array.from({ length: 200 }, (_, j) => `${name}-${i}-${j}`);
      const vectors = Buffer.from(new Float32Array(200 * D).fill(i).buffer).toString('base64');
      try {
        if ((await ask(url, 'PUT', '/records', { ids, vectors })).status === 200) acknowledged.push(...ids);
      } catch {
        return;
      }
    }
  };
  const writers = ['a', 'b', 'c'].map(writer);
  while (acknowledged.length < 17_000) await new Promise((resolve) => setTimeout(resolve, 5));
  // a fold, which 16,384 records are due for, is under way about now
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null });
  await Promise.all(writers);
  await using after = await open(folder);
  let missing = 0;
  for (const id of acknowledged) if (!(await after.has(id))) missing++;
  expect(missing).toBe(0);
  expect(after.n % 200).toBe(0);
});

it('reads beside a writer, asks for the token of a file, and is silent where it is told to be', async () => {
  const folder = await folderOf();
  const secret = files.write('token.txt', 's3cret\n');
  await using writer = await open(folder);
  const { child, url, printed, stderr, ended } = await serve(
    folder,
    '--read-only',
    '--token-file',
    secret,
    '--quiet',
  );
  expect(printed).toMatchObject({ isReadOnly: true });
  const authorization = 'Bearer s3cret';
  expect((await ask(url, 'GET', '/report')).status).toBe(401);
  expect((await ask(url, 'DELETE', '/records', { ids: ['n1'] }, { authorization })).status).toBe(403);
  await writer.upsert({ ids: ['later'], vectors: row(800) });
  const found = await ask<WireHits>(
    url,
    'POST',
    '/search',
    { query: [...row(800)], k: 1 },
    { authorization },
  );
  expect(found.body.hits[0]?.id).toBe('later');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(stderr()).toBe('');
});

it('names the argument at fault', async () => {
  const folder = await folderOf();
  const empty = files.write('empty.txt', '\n');
  const absent = fresh();
  const cases: readonly (readonly [argv: readonly string[], status: number, said: RegExp])[] = [
    [[folder, '--token-file', '/no/such/file'], 1, /^error: --token-file: \/no\/such\/file: no such file/],
    [[folder, '--token-file', empty], 1, /^error: --token-file: expected one word of ASCII/],
    [
      [folder, '--token', 'a', '--token-file', empty],
      1,
      /^error: --token-file: expected no --token beside it/,
    ],
    [[folder, '--token', 'a b'], 2, /Expected characters of ASCII/],
    [[folder, '--port', '99999'], 2, /Expected an integer from 0 to 65535/],
    [[absent], 1, /^error: FOLDER: .*: expected a collection \(sagitta init makes one\), got none/],
    [
      [absent, '--read-only'],
      1,
      /^error: FOLDER: .*: expected a collection \(sagitta init makes one\), got none/,
    ],
    [[], 2, /missing required argument/],
  ];
  for (const [argv, status, said] of cases) {
    const run = await sagitta('serve', ...argv);
    expect(run.stderr).toMatch(said);
    expect(run.status).toBe(status);
  }
  expect(existsSync(absent)).toBe(false);
  const first = await serve(folder, '--quiet');
  const locked = spawn(process.execPath, [MAIN, 'serve', folder, '--port', '0']);
  let said = '';
  locked.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  expect((await once(locked, 'close'))[0]).toBe(1);
  expect(said).toMatch(/^error: FOLDER: .*expected no other writer/);
  const port = new URL(first.url).port;
  const taken = spawn(process.execPath, [MAIN, 'serve', folder, '--port', port, '--read-only']);
  said = '';
  taken.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  expect((await once(taken, 'close'))[0]).toBe(1);
  expect(said).toMatch(/^error: --port: .*address already in use/);
  first.child.kill('SIGTERM');
  await first.ended;
});
