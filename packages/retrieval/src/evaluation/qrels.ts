/** Relevance judgements ("qrels") in the notation of TREC: a grade for each judged pair of query and document. */
import { FormatError } from '@sagitta/core-wasm';

/** Query → document → grade. Grades above 0 are relevant; what is not judged counts as 0. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Query → documents as a system ranks them, best first, each once. */
export type Rankings = ReadonlyMap<string, readonly string[]>;

/**
 * Reads lines of `query document grade`, `query iteration document grade` (TREC), or tab-separated values with a header
 * line `query-id corpus-id score` (BEIR). Blank lines are passed over. Grades are integers.
 * @throws FormatError naming line and byte (of UTF-16 text: character) on anything else, and on a pair judged twice
 */
export function parseQrels(text: string): Qrels {
  const qrels = new Map<string, Map<string, number>>();
  let offset = 0;
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const fields = line.trim() === '' ? [] : splitLine(line);
    if (fields.length > 0 && !(number === 1 && isHeader(fields))) {
      addJudgement(qrels, fields, (what) => new FormatError(`qrels: line ${number}: ${what}`, offset));
    }
    offset += line.length + 1;
  }
  return qrels;
}

/** Tabs where there are any: ids may hold spaces then. */
function splitLine(line: string): string[] {
  const trimmed = line.trim();
  return trimmed.includes('\t') ? trimmed.split('\t').map((field) => field.trim()) : trimmed.split(/\s+/);
}

function isHeader(fields: readonly string[]): boolean {
  return /^(query|q)[-_]?id$/i.test(fields[0] as string);
}

function addJudgement(
  qrels: Map<string, Map<string, number>>,
  fields: readonly string[],
  error: (what: string) => FormatError,
): void {
  if (fields.length !== 3 && fields.length !== 4) {
    throw error(`expected 3 fields (query, document, grade) or TREC's 4, got ${fields.length}`);
  }
  const [query, document, grade] = [fields[0], fields.at(-2), fields.at(-1)] as [string, string, string];
  if (!/^[+-]?\d{1,9}$/.test(grade)) {
    throw error(`expected an integer as grade, got ${JSON.stringify(grade.slice(0, 40))}`);
  }
  const ofQuery = qrels.get(query) ?? new Map<string, number>();
  qrels.set(query, ofQuery);
  if (ofQuery.has(document))
    throw error(`expected query ${query} and document ${document} once, got them twice`);
  ofQuery.set(document, Number(grade));
}
