/** Texts that are read whole. */
import { FormatError } from '@sagitta/core-wasm';
import { parseQrels } from '@sagitta/retrieval/evaluation';
import { check, type FuzzReader } from '../reader.ts';

function useQrels(bytes: Uint8Array): void {
  let count = 0;
  for (const [, grades] of parseQrels(new TextDecoder().decode(bytes))) {
    for (const [, grade] of grades) {
      check(Number.isSafeInteger(grade), `a grade is ${grade}`);
      count++;
    }
  }
  if (count === 0) throw new FormatError('no judgement');
}

export const TEXT_READERS: readonly FuzzReader[] = [
  {
    name: 'qrels',
    seeds: 'qrels',
    read: useQrels,
    words: ['\t', '\n', ' ', '0', '-1', '1e9', 'query-id\t', '\u2028'],
  },
];
