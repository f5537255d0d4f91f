/** Collections on the command line: made, filled, asked, emptied, compacted, checked and taken out. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/collection/open-collection.ts';
import { writeNpy } from '../../src/index.ts';
import { threadsIn } from '../support/collections.ts';
import { sagittaWithThreads } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { setsOf, smallTokenSets } from '../support/token-sets.ts';

const N = 300;
const D = 16;
const rows = clusteredRows(N, D, { seed: 4, clusters: 6, spread: 0.5 });
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const threads = threadsIn(folder.path);
const run = (...argv: readonly (string | number)[]) => sagittaWithThreads(threads, ...argv);

async function json<T>(...argv: readonly (string | number)[]): Promise<T> {
  const { status, stdout, stderr } = await run(...argv, '--json');
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

interface Hits {
  readonly results: readonly (readonly {
    readonly id: string | number;
    readonly similarity: number;
    readonly metadata?: { readonly folder: string; readonly row: number };
  }[])[];
}

beforeAll(async () => {
  await writeNpy(at('rows.npy'), rows, D);
  await writeNpy(at('one.npy'), rows.slice(7 * D, 8 * D), D);
  const lines = (value: (i: number) => unknown): string =>
    `${Array.from({ length: N }, (_, i) => value(i)).join('\n')}\n`;
  writeFileSync(
    at('ids.txt'),
    lines((i) => `note ${i}`),
  );
  writeFileSync(
    at('notes.jsonl'),
    lines((i) => JSON.stringify({ folder: i % 2 ? 'odd' : 'even', row: i })),
  );
  await json('init', at('notes'), '--d', D, '--indexed', 'folder', '--bits', 8);
  const more = ['--ids', at('ids.txt'), '--metadata', at('notes.jsonl')];
  const added = await json('add', at('notes'), at('rows.npy'), ...more);
  expect(added).toMatchObject({ added: N, n: N });
});

describe('sagitta query', () => {
  it('finds records by vectors, under a filter, and by another record', async () => {
    const { results } = await json<Hits>('query', at('notes'), '--queries', at('one.npy'), '-k', 3);
    expect(results[0]?.[0]).toMatchObject({ id: 'note 7', metadata: { folder: 'odd', row: 7 } });
    expect(results[0]?.[0]?.similarity).toBeCloseTo(1, 3);
    const like = await json<Hits>('query', at('notes'), '--like', 'note 7', '-k', 3);
    expect(like.results[0]?.map(({ id }) => id)).toEqual(results[0]?.map(({ id }) => id));
    const filter = '{"folder":"even","row":{"gte":100}}';
    const filtered = await json<Hits>('query', at('notes'), '--like', 'note 7', '--filter', filter, '-k', 20);
    expect(filtered.results[0]?.length).toBe(20);
    for (const { metadata } of filtered.results[0] ?? []) {
      expect(metadata?.folder).toBe('even');
      expect(metadata?.row).toBeGreaterThanOrEqual(100);
    }
    const { stdout } = await run('query', at('notes'), '--like', 'note 7', '-k', 1);
    expect(stdout).toMatch(
      /^ {4}1 {2}1 {2}note 7 {2}\{"folder":"odd","row":7\}\n$|^ {4}1 {2}\.?[\d.]+ {2}note 7/,
    );
  });
});

describe('a collection on the command line', () => {
  it('is changed, compacted, checked and exported', async () => {
    const again = await run('add', at('notes'), at('rows.npy'), '--ids', at('ids.txt'));
    expect(again).toMatchObject({ status: 1 });
    expect(again.stderr).toMatch(/--ids: "ids\[0\]" expected a new id .* got "note 0"/);
    const upserted = await json('add', at('notes'), at('rows.npy'), '--ids', at('ids.txt'), '--upsert');
    expect(upserted).toMatchObject({ added: N, n: N });
    expect(await json('add', at('notes'), at('one.npy'))).toMatchObject({ added: 1, n: N + 1 });
    // a number that is a record's id, and a string
    expect(await json('delete', at('notes'), '0', 'note 3', 'none')).toMatchObject({ deleted: 2, n: N - 1 });
    expect(await json('compact', at('notes'))).toMatchObject({ n: N - 1, segments: 1 });
    expect(await json('verify', at('notes'))).toMatchObject({ isWhole: true, damage: [] });
    expect(await json('export', at('notes'), '--out', at('out.jsonl'))).toMatchObject({ n: N - 1 });
    const lines = readFileSync(at('out.jsonl'), 'utf8').trim().split('\n');
    expect(lines.length).toBe(N - 1);
    const first = JSON.parse(lines[0] as string) as { id: string; vector: number[] };
    expect(first.id).toBe('note 0');
    expect(first.vector.length).toBe(D);
  });

  it('says which records a damaged segment loses, and saves the others', async () => {
    await json('init', at('hurt'), '--d', D, '--no-keep-vectors', '--quantizer', 'float32');
    await json('add', at('hurt'), at('rows.npy'), '--ids', at('ids.txt'));
    await json('compact', at('hurt'));
    const segment = readdirSync(at('hurt')).find((name) => name.endsWith('.sag')) as string;
    const bytes = readFileSync(at(`hurt/${segment}`));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(at(`hurt/${segment}`), bytes);
    const found = await run('verify', at('hurt'));
    expect(found.status).toBe(1);
    expect(found.stdout).toContain(segment);
    expect(found.stderr).toMatch(/FOLDER: .*hurt is damaged; --repair saves what is whole/);
    const refused = await run('query', at('hurt'), '--like', 'note 1');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(segment);
    expect(await json('verify', at('hurt'), '--repair')).toMatchObject({ isWhole: false, isRepaired: true });
    expect(await json('verify', at('hurt'))).toMatchObject({ isWhole: true });
  });

  it('refuses what is no collection, another dimension, wrong filters, and a second writer', async () => {
    for (const [argv, message] of [
      [
        ['query', at('none'), '--like', 'a'],
        /FOLDER: .*none: expected a collection \(sagitta init makes one\)/,
      ],
      [['init', at('notes'), '--d', D], /FOLDER: .*notes: expected no collection yet, got one/],
      [['query', at('notes'), '--like', 'nobody'], /--like: .*expected.* id/],
      [['query', at('notes'), '--like', 'note 1', '--filter', '{"row":{"gte":{}}}'], /--filter: /],
      [['delete', at('notes')], /ID: expected at least one, got none/],
      [['add', at('notes'), at('rows.npy'), '--ids', at('notes.jsonl'), '--limit', 0], /Expected an integer/],
    ] as const) {
      const { status, stderr } = await run(...argv);
      expect(status).toBeGreaterThan(0);
      expect(stderr).toMatch(message);
    }
    const usage = await run('query', at('notes'));
    expect(usage.status).toBe(2);
    await using writer = await openFolder(at('notes'), {}, threads);
    const second = await run('delete', at('notes'), 'note 1');
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(/FOLDER: .*expected no other writer/);
    // readers go on beside it
    await writer.upsert({ ids: ['new'], vectors: rows.slice(0, D) });
    const { results } = await json<Hits>('query', at('notes'), '--like', 'new', '-k', 2);
    expect(results[0]?.map(({ id }) => id)).toContain('new');
  });
});

describe('a collection of token sets on the command line', () => {
  const sets = smallTokenSets(40, 4);
  const [name, query, kept] = ['passages', 'query.json', 'kept.jsonl'].map(at) as [string, string, string];
  const some = (n: number): string => {
    const rows = setsOf(sets).slice(0, n);
    // a set that is searched for has tokens
    return JSON.stringify(rows.map((tokens, i) => ({ id: `p${i}`, tokens, metadata: { row: i } })));
  };

  it('is made, filled, asked, compacted, checked, and exported as lines', async () => {
    writeFileSync(at('sets.json'), some(40));
    writeFileSync(query, JSON.stringify([{ tokens: setsOf(sets)[2] }]));
    expect(await json('init', name, '--d', 4, '--tokens')).toMatchObject({
      kind: 'tokens',
      tokenEncoding: 'int8',
    });
    expect(await json('add', name, at('sets.json'), '--limit', 30)).toMatchObject({ added: 30, n: 30 });
    expect(await json('add', name, at('sets.json'), '--upsert')).toMatchObject({ added: 40, n: 40 });
    await json('compact', name);
    const { results } = await json<Hits>('query', name, '--queries', query, '-k', 3);
    expect(results[0]?.[0]).toMatchObject({ id: 'p2', metadata: { row: 2 } });
    const like = await json<Hits>('query', name, '--like', 'p2', '-k', 3, '--filter', '{"row":{"lt":2}}');
    expect(like.results[0]?.every(({ id }) => id === 'p0' || id === 'p1')).toBe(true);
    expect(await json('delete', name, 'p0', 'none')).toMatchObject({ deleted: 1, n: 39 });
    expect(await json('verify', name)).toMatchObject({ isWhole: true });
    expect(await json('export', name, '--out', kept)).toMatchObject({ n: 39 });
    const lines = readFileSync(kept, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(39);
    // what was written is read again
    await json('init', at('again'), '--d', 4, '--tokens');
    expect(await json('add', at('again'), kept)).toMatchObject({ n: 39 });
    const again = await json<Hits>('query', at('again'), '--queries', query, '-k', 1);
    expect(again.results[0]?.[0]).toMatchObject({ id: 'p2', metadata: { row: 2 } });
  });

  it.each([
    [['init', 'x1', '--d', 4, '--tokens', '--bits', 4], /--bits: expected none beside --tokens/],
    [['init', 'x1', '--d', 4, '--tokens', '--metric', 'l2'], /--metric: expected cosine or ip/],
    [['init', 'x1', '--d', 4, '--tokens', '--index', 'ivf'], /--index: expected graph or none/],
    [['init', 'x1', '--d', 4, '--token-encoding', 'int8'], /--token-encoding: expected --tokens/],
    [['add', 'passages', 'rows.npy'], /VECTORS: /],
    [['export', 'passages', '--out', 'x.parquet'], /--out: expected lines of JSON/],
    [['query', 'passages', 'some', 'words'], /WORDS: expected a collection with a text model/],
    [['query', 'notes', '--queries', 'one.npy', '--candidates', 5], /--candidates: expected none/],
  ])('%j says what is wrong', async (argv, message) => {
    const names = new Set(['x1', 'passages', 'notes', 'rows.npy', 'one.npy', 'x.parquet']);
    const { status, stderr } = await run(
      ...argv.map((word) => (names.has(String(word)) ? at(String(word)) : word)),
    );
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });
});
