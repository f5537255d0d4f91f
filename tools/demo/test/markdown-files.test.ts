import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMarkdownFiles } from '../src/markdown-files.ts';

let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sagitta-demo-'));
  await mkdir(join(root, 'b', 'docs'), { recursive: true });
  await mkdir(join(root, '.git'));
  for (const name of [
    'b/README.md',
    'b/docs/guide.markdown',
    'a.md',
    'b/CHANGELOG.md',
    'b/LICENSE.md',
    'b/README.zh-CN.md',
    'b/index.js',
    '.git/notes.md',
  ]) {
    await writeFile(join(root, name), `text of ${name}`);
  }
  await symlink(join(root, 'b'), join(root, 'linked'), 'junction');
});

afterAll(() => rm(root, { recursive: true, force: true }));

test('finds documentation in order of name, without change logs, licences, translations and links', async () => {
  const files = await findMarkdownFiles(root);
  expect(files.map((file) => file.name)).toEqual(['a.md', 'b/README.md', 'b/docs/guide.markdown']);
  expect(files[0]?.text).toBe('text of a.md');
});

test('cuts long files and long lists', async () => {
  const files = await findMarkdownFiles(root, { maximumFileBytes: 4, maximumFiles: 2 });
  expect(files.map((file) => file.text)).toEqual(['text', 'text']);
});

test('reports a folder that is not there', async () => {
  await expect(findMarkdownFiles(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});
