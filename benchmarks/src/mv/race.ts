/** All contenders in one interleaved run on one thread: recall and time a query. */
import { shareFound, type Truth } from './found.ts';

export interface Contender {
  readonly name: string;
  readonly setting: string;
  /** What is held for a document, in bytes, tokens included. */
  readonly bytesPerDocument: number;
  /** Documents, best first. */
  search(query: number): ArrayLike<number>;
}

export interface RaceRow extends Omit<Contender, 'search'> {
  readonly recall: number;
  /** Milliseconds a query: the median of the rounds' means. */
  readonly ms: number;
}

/** Queries that one contender answers before the next takes its turn. */
const TURN = 8;

export function race(
  contenders: readonly Contender[],
  queries: number,
  truth: Truth,
  k: number,
  rounds: number,
): RaceRow[] {
  const spent = contenders.map(() => new Float64Array(rounds));
  const found = contenders.map((): ArrayLike<number>[] => []);
  // round -1 warms up and is what recall is taken from
  for (let round = -1; round < rounds; round++) {
    for (let first = 0; first < queries; first += TURN) {
      const end = Math.min(queries, first + TURN);
      for (const [i, contender] of contenders.entries()) {
        const answers: ArrayLike<number>[] = [];
        const start = performance.now();
        for (let q = first; q < end; q++) answers.push(contender.search(q));
        const time = performance.now() - start;
        if (round < 0) found[i]?.push(...answers);
        else (spent[i] as Float64Array)[round] += time;
      }
    }
  }
  return contenders.map(({ name, setting, bytesPerDocument }, i) => {
    const times = (spent[i] as Float64Array).slice().sort();
    return {
      name,
      setting,
      bytesPerDocument,
      recall: shareFound(found[i] as ArrayLike<number>[], truth, k),
      ms: (times[rounds >> 1] as number) / queries,
    };
  });
}
