/** A collection of texts with questions and judgements, of the folder that SAGITTA_DATA points to. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseQrels, type Qrels } from '@sagitta/retrieval/evaluation';

export interface TextCollection {
  readonly name: string;
  readonly documentIds: readonly string[];
  readonly texts: readonly string[];
  readonly queryIds: readonly string[];
  readonly questions: readonly string[];
  readonly qrels: Qrels;
}

export async function loadTexts(root: string, name: 'ir-vaswani' | 'ir-cranfield'): Promise<TextCollection> {
  const read = (file: string): Promise<string> => readFile(join(root, name, file), 'utf8');
  const lines = async (file: string): Promise<Record<string, string>[]> =>
    (await read(file))
      .trim()
      .split('\n')
      .map((line): Record<string, string> => JSON.parse(line));
  const documents = await lines('corpus.jsonl');
  const queries = await lines('queries.jsonl');
  return {
    name,
    documentIds: documents.map((document) => document._id as string),
    // Cranfield's texts begin with their titles
    texts: documents.map(({ title = '', text = '' }) => (text.startsWith(title) ? text : `${title} ${text}`)),
    queryIds: queries.map((query) => query._id as string),
    questions: queries.map((query) => query.text as string),
    qrels: parseQrels(await read('qrels.tsv')),
  };
}
