/** The table of docs/choosing.md: its commands are run on example data and make the indexes that its rows say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../src/index.ts';
import { sagittaJson } from './support/command.ts';
import { temporaryFolder } from './support/temporary.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const PAGE = readFileSync(new URL('../../../docs/choosing.md', import.meta.url), 'utf8');
const COLUMNS = [
  'row',
  'vectors',
  'd',
  'memory',
  'changes',
  'filters',
  'index',
  'codes',
  'width',
  'rerank',
  'commands',
  'measured',
] as const;
type Row = Record<(typeof COLUMNS)[number], string>;

/** Rows that begin with a number and have every column. */
const ROWS = PAGE.split('\n').flatMap((line): Row[] => {
  const cells = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
  if (cells.length !== COLUMNS.length || !/^\d+$/.test(cells[0] as string)) return [];
  return [Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i]])) as Row];
});

/** By what chooseIndex goes. */
const RULED = 4;
const NUMBER = (cell: string): number => Number.parseFloat(cell.replaceAll(',', ''));
const FILES = ['base.npy', 'queries.npy', 'truth.ivecs', 'index.sag'];

beforeAll(async () => {
  const d = 32;
  await writeNpy(
    at('base.npy'),
    clusteredRows(1500, d, { seed: 5, clusters: 20, spread: 0.5, stream: 'base' }),
    d,
  );
  await writeNpy(
    at('queries.npy'),
    clusteredRows(50, d, { seed: 5, clusters: 20, spread: 0.5, stream: 'query' }),
    d,
  );
  await sagittaJson(
    'truth',
    at('base.npy'),
    '--queries',
    at('queries.npy'),
    '-k',
    10,
    '--out',
    at('truth.ivecs'),
  );
}, 60_000);

describe('docs/choosing.md', () => {
  it('has rows to test', () => expect(ROWS.length).toBeGreaterThanOrEqual(8));

  it.each(ROWS.slice(0, RULED))(
    'row $row is what chooseIndex says',
    ({ vectors, changes, filters, ...row }) => {
      const choice = chooseIndex(NUMBER(vectors), 128, {
        changes: NUMBER(changes),
        allowed: NUMBER(filters),
      });
      expect(choice.index).toBe(row.index);
      expect(row.codes).toBe(`${choice.quantizer}, ${choice.bits}`);
      const width = {
        flat: '–',
        ivf: choice.index === 'ivf' && `${choice.nlist}, ${choice.nprobe}`,
        graph: choice.index === 'graph' && `${choice.degree}, ${choice.ef}`,
      };
      expect(row.width).toBe(width[choice.index]);
    },
  );

  it.each(ROWS)(
    'row $row: its commands build and search $index, $codes',
    async ({ index, codes, width, rerank, commands }) => {
      const [build, search] = [...commands.matchAll(/`sagitta ([^`]+)`/g)].map(([, text]) =>
        (text as string).split(' ').map((word) => (FILES.includes(word) ? at(word) : word)),
      ) as [string[], string[]];
      await sagittaJson(...build);
      const info = await sagittaJson<Record<string, unknown>>('info', at('index.sag'));
      const [quantizer, bits] = codes.split(', ');
      expect(info).toMatchObject({ n: 1500, index, quantizer, bits: Number(bits) });
      const [first, second] = width.split(', ').map(Number);
      if (index === 'ivf')
        expect([info.nlist, search]).toEqual([first, expect.arrayContaining(['--nprobe', `${second}`])]);
      if (index === 'graph')
        expect([info.degree, search]).toEqual([first, expect.arrayContaining(['--ef', `${second}`])]);
      if (rerank !== 'none') expect(search).toEqual(expect.arrayContaining(['--rerank', rerank]));
      const { rows } = await sagittaJson<{ rows: { recall: number }[] }>(...search);
      expect(rows[0]?.recall).toBeGreaterThan(0.7);
    },
    60_000,
  );
});
