import { describe, expect, it } from 'vitest';
import { openTokenSets } from '../../src/token-sets/open-token-sets.ts';
import { readAllTokenSets } from '../../src/token-sets/token-set-source.ts';
import { expectFormatError } from '../support/expect-format-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { readSets } from '../support/token-sets.ts';

const folder = temporaryFolder();
const open = (text: string, column?: string) => openTokenSets(folder.write('a.jsonl', text), { column });

describe('.jsonl of token sets', () => {
  it('reads bare arrays and objects with ids and metadata', async () => {
    expect(await readSets(await open('[]\n[[1,2],[3,4]]\n\n[[5,6]]'))).toEqual([
      [],
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6]],
    ]);
    const all = await readAllTokenSets(
      await open(
        '{"id":"a","tokens":[[1,2]],"metadata":{"year":1999}}\n{"_id":7,"vectors":[]}\n{"embeddings":[[3,4]]}\n',
      ),
    );
    expect(all.ids).toEqual(['a', 7, 2]);
    expect(all.metadata).toEqual([{ year: 1999 }, undefined, undefined]);
    expect([...all.tokens.offsets]).toEqual([0, 1, 1, 2]);
    expect(await readSets(await open('{"tokens":[[9]],"mine":[[1],[2]]}', 'mine'))).toEqual([[[1], [2]]]);
  });

  it('refuses other lines with their place', async () => {
    const bad = (text: string, message: RegExp, offset?: number) =>
      expectFormatError(open(text).then(readSets), message, offset);
    await bad(
      '[[1,2]]\n[[1]]',
      /set 1 \(line 2\): token 0: expected 2 numbers as in the first token, got 1/,
      8,
    );
    await bad('[[1,2]]\n{"x":[]}', /expected an array of arrays in "tokens", .* found: x/, 8);
    await bad('[[1,"2"]]', /token 0: dimension 1: expected a finite float32, got "2"/);
    await bad('[[1,1e39]]', /expected a finite float32/);
    await bad('[[1,2]]\n7', /expected a JSON object or an array of arrays/);
    await bad('[[1,2]', /expected JSON/);
    await bad('[[]]', /expected 1 to 65536 numbers, got an array of 0/);
    await bad('[]\n', /holds no tokens/);
    await bad('{"id":null,"tokens":[[1]]}', /expected a string or a number as id, got null/);
  });
});
