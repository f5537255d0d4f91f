/** The published 46 documents: that exact match of the thing asked for finds the relevant ones, and nothing else. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ExactMatch {
  readonly documents: number;
  readonly queries: number;
  /** Queries whose exact matches are the relevant documents. */
  readonly solved: number;
}

/** undefined where the collection is not there. */
export function measureExactMatch(root: string | undefined): ExactMatch | undefined {
  const folder = join(root ?? '', 'limit-small');
  if (root === undefined || !existsSync(folder)) return undefined;
  const owners = new Map<string, Set<string>>();
  const documents = readLines(join(folder, 'corpus.jsonl'));
  for (const { _id: id, text } of documents) {
    const likes = /^.*? likes (.*?)\.?$/s.exec(text ?? '')?.[1];
    if (likes === undefined) throw new Error(`no likes in "${text}"`);
    for (const thing of likes.split(/, and |, | and /)) addTo(owners, thing, id as string);
    // a thing may have "and" in its name
    for (const thing of likes.split(', ')) addTo(owners, thing.replace(/^and /, ''), id as string);
  }
  const relevant = new Map<string, Set<string>>();
  for (const row of readLines(join(folder, 'qrels.jsonl'))) {
    if (Number(row.score) > 0) addTo(relevant, row['query-id'] as string, row['corpus-id'] as string);
  }
  const queries = readLines(join(folder, 'queries.jsonl'));
  const solved = queries.filter(({ _id: id, text }) => {
    const found = owners.get(/^Who likes (.*)\?$/.exec(text ?? '')?.[1] ?? '') ?? new Set();
    const wanted = relevant.get(id as string) ?? new Set();
    return found.size === wanted.size && [...wanted].every((one) => found.has(one));
  });
  return { documents: documents.length, queries: queries.length, solved: solved.length };
}

function readLines(path: string): Record<string, string | undefined>[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line): Record<string, string | undefined> => JSON.parse(line));
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key) ?? new Set();
  set.add(value);
  map.set(key, set);
}
