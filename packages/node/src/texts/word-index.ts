/** An index by words of a collection's texts, made when it is asked: so it never lags behind what any writer wrote. */
import type { JsonValue } from '@sagitta/retrieval';
import type { KeptRecord } from '@sagitta/retrieval/collection';
import { LexicalIndex } from '@sagitta/retrieval/text';
import { searchedText } from './passages.ts';

/** Records at a time. */
const CHUNK = 1024;

/** Of all records with a text; a passage's title counts as part of it. */
export async function wordIndexOf(collection: {
  iterate(): AsyncIterable<KeptRecord>;
}): Promise<LexicalIndex> {
  const index = new LexicalIndex();
  let [ids, texts, metadata]: [(string | number | bigint)[], string[], (JsonValue | undefined)[]] = [
    [],
    [],
    [],
  ];
  const add = (): void => {
    index.add({ ids, texts, metadata });
    [ids, texts, metadata] = [[], [], []];
  };
  for await (const record of collection.iterate()) {
    if (record.text === undefined) continue;
    ids.push(record.id);
    texts.push(searchedText({ title: titleOf(record.metadata), text: record.text }));
    metadata.push(record.metadata);
    if (ids.length === CHUNK) add();
  }
  add();
  return index;
}

function titleOf(metadata: JsonValue | undefined): string {
  const isRecord = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  const { title } = (isRecord ? metadata : {}) as Readonly<Record<string, JsonValue>>;
  return typeof title === 'string' ? title : '';
}
