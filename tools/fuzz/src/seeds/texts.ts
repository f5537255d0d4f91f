/** Judgements in the three notations. */
import type { Seed } from '../reader.ts';

export function qrelsSeeds(): Seed[] {
  const texts = [
    'q1 d1 1\nq1 d2 0\nq2 d1 2\n',
    'q1 0 d1 1\nq1 0 d2 -1\n',
    'query-id\tcorpus-id\tscore\nq 1\td 1\t1\n',
  ];
  return texts.map((text, i) => ({ name: `${i}`, bytes: new TextEncoder().encode(text) }));
}
