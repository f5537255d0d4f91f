/** Bytes of version 1: the same on every engine and in every later release. */
import { crc32, createCore } from '@sagitta/core-wasm';
import { bytesOfPieces } from '@sagitta/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { documentsOf, type Encoded, nameOf, storeOf } from './token-data.ts';

const core = createCore();
afterAll(() => core.dispose());

/** CRC-32 of the codes of 60 seeded tokens of 40 dimensions in 4 documents, and of the parameters. */
const GOLDEN: readonly (readonly [Encoded, number, number])[] = [
  [{ encoding: 'float32' }, 313601548, 3155689883],
  [{ encoding: 'float16' }, 169529252, 1304560689],
  [{ encoding: 'int8' }, 2494441891, 2229079182],
  [{ encoding: 'saq', bits: 2 }, 1637418805, 2477082282],
  [{ encoding: 'saq', bits: 4 }, 1336739851, 2518239460],
  [{ encoding: 'saq', bits: 7 }, 1185858395, 2496090051],
  [{ encoding: 'rabitq', bits: 1 }, 1351813469, 988672426],
  [{ encoding: 'rabitq', bits: 4 }, 1692617203, 3133009450],
  [{ encoding: 'rabitq', bits: 5, mode: 'optimal' }, 1656764914, 3393359527],
  [{ encoding: 'bit1' }, 1351813469, 3288473757],
];

describe.each(GOLDEN.map((line) => [nameOf(line[0]), ...line] as const))(
  '%s',
  (_, encoded, codes, parameters) => {
    it('has the bytes it had', () => {
      using store = storeOf(core, encoded, documentsOf([20, 0, 7, 33], 40, 99), 'cosine');
      expect([crc32(bytesOfPieces(store.codePieces())), crc32(store.parameters())]).toEqual([
        codes,
        parameters,
      ]);
    });
  },
);
