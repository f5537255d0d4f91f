import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openVectors, readAll } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();

async function read(name: string, text: string | Uint8Array, column?: string): Promise<number[][]> {
  const source = await openVectors(folder.write(name, text), { column });
  try {
    const { data, n, d } = await readAll(source);
    return Array.from({ length: n }, (_, i) => [...data.subarray(i * d, (i + 1) * d)]);
  } finally {
    await source.close();
  }
}

const TWO = [
  [1, 2.5],
  [-3, 4e-3],
].map((row) => [...Float32Array.from(row)]);

describe('.csv', () => {
  it.each([
    ['bare numbers', '1,2.5\n-3,4e-3\n'],
    ['no line end at the end, carriage returns', '1,2.5\r\n-3,.004'],
    ['semicolons', '1;2.5\n-3;4e-3\n'],
    ['tabs', '1\t2.5\n-3\t4e-3\n'],
    ['names', 'a,b\n1,2.5\n-3,4e-3\n'],
    ['names that are numbers, as pandas makes them', '0,1\n1,2.5\n-3,4e-3\n'],
    ["pandas' index", ',0,1\n0,1,2.5\n1,-3,4e-3\n'],
    ['an id and a text with commas, quotes and lines', 'id,x,y,text\n7,1,2.5,"a, ""b""\nc"\n8,-3,4e-3,""\n'],
    ['words in front and no names', 'w1,1,2.5\nw2,-3,4e-3\n'],
    ['lists', 'id,embedding\n1,"[1, 2.5]"\n2,"[-3, 4e-3]"\n'],
    ['lists of numpy, with spaces and lines', 'x\n"[1.  2.5]"\n"[-3.\n 4e-3]"\n'],
    ['a byte order mark', '\ufeff1,2.5\n-3,4e-3\n'],
    ['blank lines', '\n1,2.5\n\n-3,4e-3\n\n'],
  ])('reads %s', async (_, text) => {
    expect(await read('a.csv', text)).toEqual(TWO);
    expect(await read('a.csv.gz', gzipSync(text))).toEqual(TWO);
  });

  it('takes the column that is named', async () => {
    const text = 'a,b\n"[1, 2.5]","[9]"\n"[-3, 4e-3]","[8]"\n';
    expect(await read('a.csv', text, 'a')).toEqual(TWO);
    expect(await read('a.csv', text, 'b')).toEqual([[9], [8]]);
    await expect(read('a.csv', text)).rejects.toThrow(/"column" expected one of a, b .* got none/);
    await expect(read('a.csv', text, 'c')).rejects.toThrow(/"column" expected one of "a", "b" .* got "c"/);
  });

  it.each([
    ['fewer fields', '1,2\n3\n', /row 1 \(line 2\): expected 2 fields as in the first line, got 1/, 4],
    [
      'an empty field',
      'a,b\n1,2\n3,\n',
      /row 1 \(line 3\): dimension 1: expected a finite float32, got ""/,
      8,
    ],
    ['a missing first value', 'a,b\n,1\n2,3\n', /row 0 \(line 2\): dimension 0: .* got ""/, 4],
    ['nan above numbers', 'nan,1\n2,3\n', /row 0 \(line 1\): dimension 0: .* got "nan"/, 0],
    ['a word', '1,2\n3,x\n', /dimension 1: expected a finite float32, got "x"/, 4],
    ['other bases', '1,2\n3,0x10\n', /dimension 1: expected a finite float32, got "0x10"/, 4],
    ['infinity', '1,2\n3,Infinity\n', /got "Infinity"/, 4],
    ['beyond float32', '1,2\n3,1e39\n', /got "1e39"/, 4],
    [
      'another dimension',
      'x\n"[1,2]"\n"[1]"\n',
      /row 1 \(line 3\): expected dimension 2 as in row 0, got 1/,
      10,
    ],
    ['an open quote', '1,2\n"3,4\n', /line 2: expected a closing quote/, 4],
    ['text behind a quote', '1,2\n"3"x,4\n', /line 2: expected a separator behind a closing quote/, 4],
    ['no numbers', 'a,b\nc,d\n', /expected a dimension from 1 to 65536, got 0 numbers/, 0],
    ['numpy that left out the middle', 'x\n"[1 ... 2]"\n', /got "\.\.\."/, 2],
  ])('refuses %s', async (_, text, message, offset) => {
    await expectFormatError(read('a.csv', text), message, offset);
  });
});

describe('.txt', () => {
  it.each([
    ['GloVe', 'the 1 2.5\n, -3 4e-3\n'],
    ['a first word that is a number', '7 1 2.5\nx -3 4e-3\n'],
    ['words with spaces', 'x 1 2.5\n. . . -3 4e-3\n'],
    ['the head of word2vec', '2 2\nthe 1 2.5\nx -3 4e-3\n'],
    ['spaces at the ends of lines, as fastText', '2 2\nthe 1 2.5 \nx -3 4e-3 \n'],
    ['no words', '1 2.5\n-3 4e-3\n'],
    ['tabs and comments of numpy.savetxt', '# made by hand\n1.0\t2.5\n-3\t4e-3\n'],
    ['"#" as a word', '# 1 2.5\n## -3 4e-3\n'],
    ['commas', '1,2.5\n-3,4e-3\n'],
  ])('reads %s', async (_, text) => {
    expect(await read('a.txt', text)).toEqual(TWO);
    expect(await read('a.vec', text)).toEqual(TWO);
  });

  it.each([
    ['fewer numbers', 'a 1 2\nb 3\n', /row 0 \(line 1\): expected a word and 1 numbers, got 3 fields/],
    [
      'more rows than the head says',
      '1 2\na 1 2\nb 3 4\n',
      /row 1 \(line 3\): expected 1 rows as the first line says, got more/,
    ],
    ['fewer rows than the head says', '3 2\na 1 2\nb 3 4\n', /expected 3 rows as the first line says, got 2/],
    ['a head that cannot be', '999999999 2\na 1 2\nb 3 4\n', /cannot hold the 999999999 × 2 numbers/],
    [
      'a word among numbers',
      '1 2 3\n4 x 6\n',
      /row 1 \(line 2\): dimension 1: expected a finite float32, got "x"/,
    ],
    ['words alone', 'a\nb\n', /expected a dimension from 1 to 65536, got 0 numbers/],
    ['nothing', '\n\n', /the file holds no vectors/],
  ])('refuses %s', async (_, text, message) => {
    await expectFormatError(read('a.txt', text), message);
  });
});

describe('.json and paths', () => {
  const base64 = (row: readonly number[]): string =>
    Buffer.from(bytesOf(Float32Array.from(row))).toString('base64');
  it.each([
    ['an array of arrays', TWO, undefined],
    ['an array of objects', TWO.map((embedding, id) => ({ id, embedding })), undefined],
    [
      'the answer of an embedding service',
      { data: TWO.map((embedding) => ({ embedding })), model: 'm' },
      undefined,
    ],
    ['the same in base64', { data: TWO.map((row) => ({ embedding: base64(row) })) }, undefined],
    ['base64 alone', TWO.map(base64), undefined],
    ['one name that holds all', { embeddings: TWO }, 'embeddings'],
    ['a path', { a: [{ 'b.c': { v: TWO } }] }, 'a[0].b.c.v'],
    ['a path for every element', { a: { rows: TWO.map((v) => ({ v })) } }, 'a.rows[*].v'],
    ['a path inside the elements of an array', TWO.map((v) => ({ a: [0, v] })), 'a[1]'],
    ['a name with dots of its own', TWO.map((v) => ({ 'a.b': v, a: { b: [1] } })), 'a.b'],
  ])('reads %s', async (name, value, column) => {
    const wanted = read('a.json', JSON.stringify(value), column);
    // a name with dots is found at the root of a value only
    if (name === 'a path') await expect(wanted).rejects.toThrow(/got nothing/);
    else expect(await wanted).toEqual(TWO);
  });

  it('reads lines of any of these', async () => {
    const lines = (rows: readonly unknown[]): string =>
      rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    expect(await read('a.jsonl', lines(TWO))).toEqual(TWO);
    expect(await read('a.jsonl', lines(TWO.map((row) => ({ vector: base64(row) }))))).toEqual(TWO);
    expect(await read('a.jsonl', lines([{ data: TWO.map((embedding) => ({ embedding })) }]))).toEqual(TWO);
    expect(await read('a.jsonl', lines(TWO.map((v) => ({ x: [{ v }] }))), 'x[0].v')).toEqual(TWO);
    expect(await read('a.ndjson.gz', gzipSync(lines(TWO)))).toEqual(TWO);
  });

  it('takes a head above rows without words', async () => {
    expect(await read('a.txt', '2 3\n1 2 3\n4 5 6\n')).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('refuses what is no path, and names what is missing', async () => {
    for (const column of ['', 'a..b', 'a[', 'a[x]', '.a', 'a.', 'a[-1]'])
      await expect(read('a.json', '{"a":[[1]]}', column), column).rejects.toThrow(
        /"column" expected a name or a path|got nothing/,
      );
    await expectFormatError(read('a.json', '{"a":1}'), /found: a/);
    await expectFormatError(read('a.json', '[[1,2],[3]]'), /row 1: expected dimension 2 as in row 0, got 1/);
    await expectFormatError(
      read('a.json', '[[1,2],[3,null]]'),
      /row 1: dimension 1: expected a finite float32, got null/,
    );
    await expectFormatError(read('a.json', '[]'), /the file holds no vectors/);
    await expectFormatError(read('a.json', '[[1,2]'), /expected JSON/);
    await expectFormatError(
      read('a.json', `${'['.repeat(101)}1${']'.repeat(101)}`),
      /nested at most 100 deep/,
    );
    await expectFormatError(
      read('a.json', '[{"vector":"AAAA"},{"vector":[1]}]'),
      /base64 of float32|dimension from 1/,
    );
    const failed = '{"response":{"body":{"data":[{"embedding":[1]}]}}}\n{"response":null,"error":"limit"}\n';
    await expectFormatError(
      read('a.jsonl', failed),
      /row 1 \(line 2\): expected an array of numbers in .* got nothing/,
      51,
    );
  });

  it('refuses damaged gzip', async () => {
    const bytes = gzipSync('[1,2]\n[3,4]\n'.repeat(50));
    await expectFormatError(read('a.jsonl.gz', bytes.subarray(0, 30)), /damaged gzip file/);
    const changed = Uint8Array.from(bytes);
    changed[20] = (changed[20] as number) ^ 0xff;
    await expectFormatError(read('a.jsonl.gz', changed), /./);
    // several members are one content, as `cat a.gz b.gz` makes them
    expect(await read('b.jsonl.gz', Buffer.concat([gzipSync('[1]\n'), gzipSync('[2]\n')]))).toEqual([
      [1],
      [2],
    ]);
  });
});
