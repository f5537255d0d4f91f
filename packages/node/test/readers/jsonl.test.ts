import { describe, expect, it } from 'vitest';
import { openVectors } from '../../src/readers/open-vectors.ts';
import { readAll } from '../../src/readers/vector-source.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();

async function read(text: string | Uint8Array, column?: string): Promise<number[][]> {
  const source = await openVectors(folder.write('a.jsonl', text), { column });
  try {
    const { data, n, d } = await readAll(source);
    return Array.from({ length: n }, (_, i) => [...data.subarray(i * d, (i + 1) * d)]);
  } finally {
    await source.close();
  }
}

describe('.jsonl', () => {
  it('finds "vector" or "embedding", or the column that is named', async () => {
    expect(await read('{"vector":[1,2],"embedding":[9]}\n{"vector":[3,4]}\n')).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(await read('{"id":1,"embedding":[1,2]}\n{"embedding":[3,4]}')).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(await read('{"vector":[1],"mine":[5,6]}\n', 'mine')).toEqual([[5, 6]]);
  });

  it('passes over blank lines, carriage returns and a byte order mark', async () => {
    expect(await read('\ufeff{"vector":[1]}\r\n\r\n  \n{"vector":[2]}\r\n\n')).toEqual([[1], [2]]);
  });

  it('reads files longer than one piece, in chunks of any size', async () => {
    const n = 3000;
    const lines = Array.from({ length: n }, (_, i) =>
      JSON.stringify({ text: 'é'.repeat(300), vector: [i, -i, i / 2] }),
    );
    const source = await openVectors(folder.write('long.jsonl', lines.join('\n')));
    expect([source.n, source.d]).toEqual([undefined, 3]);
    for (const rows of [1, 7, 1024, 1e9]) {
      let row = 0;
      let wrong = 0;
      for await (const chunk of source.chunks(rows)) {
        for (let i = 0; i < chunk.length; i += 3, row++)
          if (chunk[i] !== row || chunk[i + 2] !== row / 2) wrong++;
      }
      expect([row, wrong]).toEqual([n, 0]);
    }
    expect((await readAll(source, 2500)).n).toBe(2500);
    await source.close();
  });

  it.each([
    ['text that is not JSON', '{"vector":[1]}\n{"vector":[2}', /row 1 \(line 2\): expected JSON/, 15],
    [
      'a missing column',
      '{"vector":[1]}\n\n{"id":2}',
      /row 1 \(line 3\): expected an array.*got nothing/,
      16,
    ],
    ['null', '{"vector":null}', /row 0 \(line 1\): expected an array.*got null/, 0],
    ['a number for a row', '7', /expected a JSON object or an array of numbers, got 7/, 0],
    [
      'arrays after objects',
      '{"vector":[1]}\n[1]',
      /row 1 \(line 2\): expected an array of numbers in "vector", got nothing/,
      15,
    ],
    ['no column known', '{"id":1,"v":[1]}', /"vector" or "embedding".*found: id, v/, 0],
    [
      'another dimension',
      '{"vector":[1,2]}\n{"vector":[1]}',
      /row 1 \(line 2\): expected dimension 2 as in row 0, got 1/,
      17,
    ],
    ['text among numbers', '{"vector":[1,"2"]}', /dimension 1: expected a finite float32, got "2"/, 0],
    ['null among numbers', '{"vector":[null]}', /dimension 0: expected a finite float32, got null/, 0],
    ['numbers beyond float32', '{"vector":[1e39]}', /dimension 0: expected a finite float32, got 1e\+39/, 0],
    ['an empty vector', '{"vector":[]}', /expected a dimension from 1 to 65536, got 0/, 0],
    ['nothing but blank lines', '\n \n', /holds no vectors/, 3],
    ['an empty file', '', /the file is empty/, 0],
  ])('refuses %s', async (_, text, message, offset) => {
    await expectFormatError(read(text), message, offset);
  });

  it('does not take inherited names for columns', async () => {
    await expectFormatError(
      read('{"vector":[1]}', '__proto__'),
      /expected an array of numbers in "__proto__"/,
    );
    await expectFormatError(read('{"vector":[1]}', 'constructor'), /got nothing/);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"vector":[1]}\n{"a":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    await expectFormatError(read(bytes), /line 2 is not UTF-8/, 15);
  });
});
