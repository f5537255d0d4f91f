/** The examples are run as they stand there, and are as short as they claim. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCore } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { openVectorIndexFile } from '../src/index.ts';
import { temporaryFolder } from './support/temporary.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const folder = temporaryFolder();

it('searches, filters, deletes, edits, adds, saves and reads notes again', async () => {
  const file = join(folder.path, 'notes.sagitta');
  const sources = ['--import', 'tsx', '--conditions=@sagitta/source'];
  const program = join(EXAMPLES, 'notes-node.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [...sources, program, file]);
  const lines = stdout.trim().split('\n');
  expect(lines).toEqual([
    'all: note-2289 0.921, note-234 0.872, note-4 0.856',
    'filtered: note-234 0.872, note-108 0.838, note-1766 0.751',
    // note-2289 was deleted, note-7 is the query's words now
    expect.stringMatching(/^2999 after saving: note-7 1\.000, note-234 0\.872, /),
  ]);

  using core = createCore();
  using index = await openVectorIndexFile<{ folder: string }>(core, file);
  expect(index.n).toBe(2999);
  expect(index.has('note-2289')).toBe(false);
  expect(index.get('note-7')?.metadata?.folder).toBe('music');
  const query = Array.from({ length: index.d }, () => 1);
  const hits = await index.search(query, 5, { filter: { folder: 'garden' } });
  expect(hits.map((hit) => hit.metadata?.folder)).toEqual(Array(5).fill('garden'));
});

it.each([['notes-node.mjs'], ['notes-browser/notes-page.mjs']])('takes at most 20 lines: %s', (name) => {
  const text = readFileSync(join(EXAMPLES, name), 'utf8');
  expect(text.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(20);
});
