/** sagitta text build: folders of documents as collections, followed as they change. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { saveTextModel, trainLsaEncoder } from '@sagitta/retrieval/text';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run.ts';
import { openFolder } from '../../src/collection/open-collection.ts';
import { threadsIn } from '../support/collections.ts';
import { sagittaWithThreads } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();
const threads = threadsIn(temporaryFolder().path);
let made = 0;

/** A folder with these files. */
function documents(files: Readonly<Record<string, string | Uint8Array>>): { dir: string; out: string } {
  const path = join(folder.path, `t${made++}`);
  for (const [name, text] of Object.entries(files)) put(join(path, 'docs'), name, text);
  return { dir: join(path, 'docs'), out: join(path, 'index') };
}
function put(dir: string, name: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
}
const run = (...argv: readonly string[]) => sagittaWithThreads(threads, ...argv);
async function json<T>(...argv: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await run(...argv, '--json');
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
interface Built {
  readonly files: number;
  readonly passages: number;
  readonly written: number;
  readonly deleted: number;
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  readonly n: number;
}
interface Found {
  readonly results: readonly (readonly {
    readonly id: string;
    readonly text: string;
    readonly metadata: { readonly file: string; readonly line: number; readonly title: string };
  }[])[];
}
const best = async (out: string, words: string, file?: string) => {
  const filter = file === undefined ? [] : ['--filter', JSON.stringify({ file })];
  const { results } = await json<Found>('query', out, words, '-k', '1', ...filter);
  return results[0]?.[0];
};

const GARDEN = '# Garden\n\nPrune the roses in March.\n\n## Compost\n\nTurn the compost every week.\n';
const KITCHEN =
  '<title>Kitchen</title><h1>Bread</h1>\n<p>Knead the dough, let it rise.</p>\n<h2>Soup</h2>\n<p>Simmer the broth with garlic.</p>';
const FILES = {
  'garden.md': GARDEN,
  'more/kitchen.html': KITCHEN,
  'music.txt': 'The violin plays the melody.\n\nA choir sings.',
};

describe('sagitta text build', () => {
  it('makes a folder searchable by words, and says file, line and text', async () => {
    const { dir, out } = documents(FILES);
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({
      files: 3,
      passages: 5,
      written: 5,
      deleted: 0,
      skipped: [],
      n: 5,
    });
    expect(await best(out, 'compost')).toMatchObject({
      id: 'garden.md#compost',
      text: 'Turn the compost every week.',
      metadata: { file: 'garden.md', line: 7, title: 'Garden › Compost' },
    });
    expect(await best(out, 'garlic broth')).toMatchObject({
      metadata: { file: 'more/kitchen.html', line: 4 },
    });
    // a heading's word is found too
    expect((await best(out, 'bread'))?.text).toBe('Knead the dough, let it rise.');
    const { stdout } = await run('query', out, 'who', 'plays', 'the', 'violin', '-k', '1');
    expect(stdout).toMatch(
      /^ {4}1 {2}[\d.]+ {2}music\.txt:1\n {7}The violin plays the melody\.\n {7}A choir sings\.\n$/,
    );
    const filtered = await json<Found>('query', out, 'rise', '--filter', '{"file":"garden.md"}');
    for (const { metadata } of filtered.results[0] ?? []) expect(metadata.file).toBe('garden.md');
    const nothing = await run('query', out, 'zzz');
    expect(nothing).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing found') });
    const both = await run('query', out, 'rose', '--like', 'garden.md#compost');
    expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining('expected one of WORDS') });
  });

  it('brings one that is there up to date, and writes what has changed alone', async () => {
    const { dir, out } = documents(FILES);
    await json<Built>('text', 'build', dir, out);
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({
      written: 0,
      deleted: 0,
      passages: 5,
    });
    put(dir, 'garden.md', GARDEN.replace('every week', 'with the violin'));
    rmSync(join(dir, 'more'), { recursive: true });
    put(dir, 'new/a#b.md', '# One\nthe choir\n# Two\nthe roses');
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({
      files: 3,
      written: 3,
      deleted: 2,
      passages: 5,
      n: 5,
    });
    expect((await best(out, 'compost'))?.text).toBe('Turn the compost with the violin.');
    expect((await best(out, 'choir', 'new/a#b.md'))?.id).toBe('new/a#b.md#one');
    // a line above moves the others: their lines are told anew
    put(dir, 'new/a#b.md', '\n# One\nthe choir\n# Two\nthe roses');
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({ written: 2, deleted: 0 });
    expect((await best(out, 'choir', 'new/a#b.md'))?.metadata.line).toBe(3);
    put(dir, 'new/a#b.md', '# Two\nthe roses');
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({ written: 1, deleted: 1, n: 4 });
    expect(await json('verify', out)).toMatchObject({ isWhole: true });
  });

  it('passes over what is no text, and goes on', async () => {
    const { dir, out } = documents({
      ...FILES,
      'binary.md': Uint8Array.of(1, 0, 2),
      'latin.txt': Uint8Array.of(0x63, 0xe9),
      'huge.txt': 'x'.repeat((1 << 23) + 1),
      'deep.html': '<b><i>'.repeat(20_000),
      'empty.md': '',
      'with-mark.md': '\ufeff# Mark\nthe trumpet',
      '.hidden.md': 'hidden',
      'node_modules/x/readme.md': 'module',
      'data.json': '{}',
    });
    symlinkSync('..', join(dir, 'more', 'loop'));
    symlinkSync('../garden.md', join(dir, 'more', 'again.md'));
    mkdirSync(join(dir, 'folder.md'));
    const built = await json<Built>('text', 'build', dir, out);
    expect(built).toMatchObject({ files: 9, passages: 6 });
    expect(Object.fromEntries(built.skipped.map(({ file, reason }) => [file, reason]))).toEqual({
      'binary.md': 'expected text, got zero bytes',
      'deep.html': expect.stringContaining('nested at most'),
      'huge.txt': expect.stringContaining('expected at most 8388608 bytes'),
      'latin.txt': 'expected UTF-8, got other bytes',
    });
    expect((await best(out, 'trumpet'))?.metadata).toEqual({ file: 'with-mark.md', line: 2, title: 'Mark' });
    const { stdout } = await run('text', 'build', dir, out);
    expect(stdout).toContain('passed over latin.txt: expected UTF-8');
    // what becomes binary is gone
    put(dir, 'music.txt', Uint8Array.of(0));
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({ deleted: 1, passages: 5 });
  });

  it.skipIf(process.getuid?.() === 0)('keeps what it cannot read now', async () => {
    const { dir, out } = documents(FILES);
    await json<Built>('text', 'build', dir, out);
    chmodSync(join(dir, 'music.txt'), 0);
    chmodSync(join(dir, 'more'), 0);
    const built = await json<Built>('text', 'build', dir, out);
    chmodSync(join(dir, 'more'), 0o755);
    expect(built).toMatchObject({ deleted: 0, n: 5 });
    expect(built.skipped.map(({ file }) => file).sort()).toEqual(['more', 'music.txt']);
  });

  it('takes a saved model, and puts OUT within DIR', async () => {
    const { dir } = documents(FILES);
    const model = trainLsaEncoder(['roses and compost', 'garlic and dough', 'violin and choir'], {
      dimension: 2,
    });
    const path = join(folder.path, 'model.sgt');
    writeFileSync(path, saveTextModel(model));
    const out = join(dir, 'index');
    expect(await json<Built>('text', 'build', dir, out, '--model', path)).toMatchObject({ passages: 5 });
    expect(await json<Built>('text', 'build', dir, out)).toMatchObject({ written: 0 });
    const c = await openFolder(out, { readOnly: true }, threads);
    expect(c.d).toBe(2);
    await c.close();
  });

  it('says what is wrong, and how to go on', async () => {
    const { dir, out } = documents(FILES);
    const empty = documents({ 'a.json': '{}' });
    const same = documents({ 'a.md': 'rose', 'b.md': 'rose' });
    const vectors = join(folder.path, 'vectors');
    await json('init', vectors, '--d', '4');
    writeFileSync(join(folder.path, 'no-model'), 'words');
    for (const [argv, status, message] of [
      [[join(folder.path, 'none'), out], 1, /DIR: .*none: no such file/],
      [[join(dir, 'garden.md'), out], 1, /DIR: .*not a directory/],
      [[empty.dir, empty.out], 1, /DIR: .*expected Markdown, text or HTML with words, got none/],
      [[same.dir, same.out], 1, /DIR: .*expected passages that differ in their words.*--model/],
      [[dir, dir], 1, /OUT: .*expected another folder than DIR/],
      [[dir, dirname(dir)], 1, /OUT: .*expected another folder than DIR/],
      [[dir, vectors], 1, /OUT: .*expected a collection that text build made/],
      [[dir, out, '--model', join(folder.path, 'no-model')], 1, /--model: /],
      [[dir, out, '--model', 'x', '--dimension', '3'], 2, /'--dimension <D>' is of a model that is trained/],
    ] as const) {
      const got = await run('text', 'build', ...argv);
      expect(got.stderr, argv.join(' ')).toMatch(message);
      expect(got.status).toBe(status);
    }
    const words = await run('query', vectors, 'rose');
    expect(words.stderr).toMatch(
      /WORDS: expected a collection with a text model, as sagitta text build makes one/,
    );
  });
});

describe('sagitta text build --watch', () => {
  /** Follows a folder; lines are what it prints on stdout. */
  async function watched(dir: string, out: string) {
    const printed: Built[] = [];
    let end = (): void => {};
    const interrupted = new Promise<void>((resolve) => {
      end = resolve;
    });
    let errors = '';
    const stdout = new Writable({
      write(chunk, _, done) {
        for (const line of String(chunk).trim().split('\n')) printed.push(JSON.parse(line) as Built);
        done();
      },
    });
    const stderr = new Writable({
      write(chunk, _, done) {
        errors += chunk;
        done();
      },
    });
    const status = runCommand(['text', 'build', dir, out, '--watch', '--json'], {
      stdout,
      stderr,
      threads,
      interrupted: () => interrupted,
    });
    const until = async (isThere: () => boolean | Promise<boolean>): Promise<void> => {
      for (let i = 0; i < 300; i++) {
        if (await isThere()) return;
        await sleep(50);
      }
      throw new Error(`did not come about: ${JSON.stringify(printed)} ${errors}`);
    };
    await until(() => errors.includes('following'));
    const close = async (): Promise<void> => {
      end();
      expect(await status).toBe(0);
    };
    return { printed, until, close, status, errors: () => errors };
  }

  it('follows files that change, come and go, and ends when it is told to', { timeout: 60_000 }, async () => {
    const { dir, out } = documents(FILES);
    const { printed, until, close } = await watched(dir, out);
    const reader = await openFolder(out, { readOnly: true }, threads);
    const has = (id: string) => reader.has(id);
    expect(printed[0]).toMatchObject({ written: 5 });
    put(dir, 'garden.md', '# Garden\nonly the roses');
    await until(async () => (await reader.get('garden.md#garden'))?.text === 'only the roses');
    expect(await has('garden.md#compost')).toBe(false);
    put(dir, 'new/deeper/note.md', '# Note\nthe violin');
    await until(() => has('new/deeper/note.md#note'));
    renameSync(join(dir, 'new'), join(dir, 'moved'));
    await until(() => has('moved/deeper/note.md#note'));
    expect(await has('new/deeper/note.md#note')).toBe(false);
    rmSync(join(dir, 'moved'), { recursive: true });
    await until(async () => !(await has('moved/deeper/note.md#note')));
    // many at once are one burst or a few
    const before = printed.length;
    for (let i = 0; i < 100; i++) put(dir, `many/${i}.md`, `# Rose ${i}\nthe roses of ${i}`);
    await until(
      async () => (await reader.ids()).filter((id) => String(id).startsWith('many/')).length === 100,
    );
    expect(printed.length - before).toBeLessThan(20);
    expect(await reader.verify()).toMatchObject({ isWhole: true });
    await close();
    await reader.close();
    expect(printed.at(-1)).toMatchObject({ n: 104, files: 103 });
  });

  it('ends with a reason when the folder goes away', { timeout: 30_000 }, async () => {
    const { dir, out } = documents(FILES);
    const { status, errors } = await watched(dir, out);
    rmSync(dir, { recursive: true });
    expect(await status).toBe(1);
    expect(errors()).toMatch(/DIR: .*no such file/);
    expect(readFileSync(join(out, 'collection.db')).length).toBeGreaterThan(0);
  });
});

describe('query --by', () => {
  it('finds by words what the model does not know, and both ways as one', async () => {
    const { dir, out } = documents(FILES);
    await json('text', 'build', dir, out);
    // written after the model was trained: it knows nothing of these words
    put(dir, 'late.md', '# Xylophone\n\nZither and theremin.\n');
    await json('text', 'build', dir, out);
    const found = async (by: string, words: string, ...more: readonly string[]) =>
      (await json<Found>('query', out, words, '--by', by, ...more)).results[0] ?? [];
    expect(await found('meaning', 'theremin')).toEqual([]);
    expect(await found('words', 'theremin')).toMatchObject([
      { id: 'late.md#xylophone', text: 'Zither and theremin.' },
    ]);
    // a title is part of its passage
    expect((await found('words', 'xylophones'))[0]?.metadata.file).toBe('late.md');
    const both = await found('both', 'theremin compost', '-k', '3');
    expect(both[0]).toMatchObject({ id: expect.stringContaining('garden.md'), fused: expect.any(Number) });
    expect(both.map(({ id }) => id)).toContain('late.md#xylophone');
    const kept = await found('both', 'theremin compost', '--filter', JSON.stringify({ file: 'late.md' }));
    expect(new Set(kept.map(({ metadata }) => metadata.file))).toEqual(new Set(['late.md']));
    const printed = await run('query', out, 'theremin', '--by', 'words');
    expect(printed.stdout).toContain('late.md:');
  });

  it('is of words, and of texts that are kept', async () => {
    const { dir, out } = documents(FILES);
    await json('text', 'build', dir, out);
    expect((await run('query', out, '--like', 'garden.md#garden', '--by', 'words')).stderr).toContain(
      "option '--by <WAY>' is of WORDS",
    );
    expect((await run('query', out, 'x', '--by', 'smell')).stderr).toContain('meaning, words, both');
  });
});
