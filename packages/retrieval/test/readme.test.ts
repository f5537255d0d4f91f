/** The examples of this package's README, and of the one at the root, are run as they stand there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as coreWasm from '@sagitta/core-wasm';
import { expect, it, vi } from 'vitest';
import * as retrieval from '../src/index.ts';

const MODULES: Readonly<Record<string, object>> = {
  '@sagitta/core-wasm': coreWasm,
  '@sagitta/retrieval': retrieval,
};

/** The JavaScript of the first code block behind a line. */
function blockBehind(line: string, readme = '../README.md'): string {
  const text = readFileSync(fileURLToPath(new URL(readme, import.meta.url)), 'utf8');
  const [, section] = text.split(`\n${line}\n`);
  const block = /```js\n([\s\S]*?)```/.exec(section ?? '');
  if (block?.[1] === undefined) throw new Error(`no code behind "${line}"`);
  return block[1];
}

/** What the code prints. Imports become names of the modules' exports, the rest is untouched. */
function run(code: string): string[] {
  const names: Record<string, unknown> = {};
  const body = code.replace(/^import \{([^}]*)\} from '([^']*)';$/gm, (_, list: string, module: string) => {
    const exported = new Map(Object.entries(MODULES[module] ?? {}));
    for (const name of list.split(',').map((one) => one.trim())) {
      if (!exported.has(name)) throw new Error(`${module} exports no ${name}`);
      names[name] = exported.get(name);
    }
    return '';
  });
  expect(body).not.toMatch(/^import/m);
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => {
    lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
  });
  try {
    new Function(...Object.keys(names), `'use strict';\n${body}`)(...Object.values(names));
  } finally {
    log.mockRestore();
  }
  return lines;
}

it('builds, searches and saves a flat example', () => {
  expect(run(blockBehind('## Example'))).toEqual([
    expect.stringMatching(/^\d\d bytes a vector instead of 256$/),
    expect.stringMatching(/^0 -?0\.0/),
    '5010',
  ]);
});

it('builds, searches, explains, deletes and saves a multi-vector example of 40 lines', () => {
  const code = blockBehind('## Multi-vector search');
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(40);
  const lines = run(code);
  expect(lines[0]).toMatch(/^bow 2\.9|^bow 3\.0/);
  expect(lines.slice(3, 6).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
    'the → the',
    'arrow → arrow',
    'flies → flies',
  ]);
  expect(lines.slice(6)).toEqual(['star', '["star"]', '3 ["arrow","river","star"]']);
});

it('adds, deletes, replaces, filters and saves a vector index', () => {
  expect(run(blockBehind('## Ids, metadata, filters, changes'))).toEqual(['note 5 1.00', '999']);
});

it('adds, filters, updates, deletes and saves in the fifteen lines at the root', () => {
  const code = blockBehind('npm install @sagitta/core-wasm @sagitta/retrieval', '../../../README.md');
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(15);
  const [all, filtered, after] = run(code);
  expect(JSON.parse(all ?? '').map((hit: { id: string }) => hit.id)).toEqual(['arrow', 'bow']);
  expect(JSON.parse(all ?? '')[0].similarity).toBeCloseTo(0.995, 2);
  expect(JSON.parse(filtered ?? '').map((hit: { id: string }) => hit.id)).toEqual(['bow']);
  expect(after).toBe('2 bow');
});
