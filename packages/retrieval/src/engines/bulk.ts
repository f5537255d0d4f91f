/**
 * Lines and bodies for engines that are reached over HTTP: what creates a collection of documents, and what fills it. Token codes go
 * along as base64; a client asks for candidates with them and ranks by codec.rerank.
 */
import type { JsonValue } from '../records/json.ts';
import type { MultiVectorCodec } from './codec.ts';
import { codedDocuments, type EngineDocuments, metadataText } from './documents.ts';
import { checkEngineLength, ENGINES } from './engines.ts';

/** Engines whose bodies are made here. They follow the engines' documentation; none of them was run against these. */
export type BulkEngine = 'opensearch' | 'qdrant' | 'milvus' | 'weaviate';

/** Gives the body that creates a collection for the documents of a codec: of an index, a collection, or a class. */
export function bulkSchema(engine: BulkEngine, codec: MultiVectorCodec, name: string): JsonValue {
  checkEngineLength(engine, codec.length);
  const { innerProduct } = ENGINES[engine];
  const dimension = codec.length;
  switch (engine) {
    case 'opensearch':
      return {
        settings: { index: { knn: true } },
        mappings: {
          properties: {
            fde: {
              type: 'knn_vector',
              dimension,
              method: { name: 'hnsw', engine: 'faiss', space_type: innerProduct },
            },
            codes: { type: 'binary', doc_values: false, store: true },
            metadata: { type: 'object', enabled: true },
          },
        },
      };
    case 'qdrant':
      return { vectors: { fde: { size: dimension, distance: innerProduct } } };
    case 'milvus':
      return {
        collectionName: name,
        schema: {
          fields: [
            {
              fieldName: 'id',
              dataType: 'VarChar',
              isPrimary: true,
              elementTypeParams: { max_length: 65_535 },
            },
            { fieldName: 'fde', dataType: 'FloatVector', elementTypeParams: { dim: dimension } },
            { fieldName: 'codes', dataType: 'VarChar', elementTypeParams: { max_length: 65_535 } },
            { fieldName: 'metadata', dataType: 'JSON' },
          ],
        },
        indexParams: [{ fieldName: 'fde', indexName: 'fde', metricType: innerProduct }],
      };
    case 'weaviate':
      return {
        class: name,
        vectorizer: 'none',
        vectorIndexConfig: { distance: innerProduct },
        properties: [
          { name: 'name', dataType: ['text'] },
          { name: 'codes', dataType: ['blob'] },
          { name: 'metadata', dataType: ['text'] },
        ],
      };
  }
}

/** Characters of a value that Milvus holds at most. */
const MILVUS_CHARACTERS = 65_535;

/**
 * Lines of JSON, one or two a document: of opensearch for `_bulk`, of qdrant points, of milvus rows, of weaviate objects of `name`.
 * @throws RangeError on codes that are too long for the engine; as codec.encode does
 */
export function* bulkLines<M = JsonValue>(
  engine: BulkEngine,
  codec: MultiVectorCodec,
  documents: EngineDocuments<M>,
  { name = 'Document', first = 0 }: { readonly name?: string; readonly first?: number } = {},
): Generator<string, void, undefined> {
  checkEngineLength(engine, codec.length);
  let place = first;
  for (const { id, fde, codes, metadata } of codedDocuments(codec, documents)) {
    const vector = Array.from(fde);
    const kept = { codes: base64(codes), metadata: metadata ?? null };
    switch (engine) {
      case 'opensearch':
        yield `${JSON.stringify({ index: { _index: name, _id: id } })}\n${JSON.stringify({ fde: vector, ...kept })}\n`;
        break;
      case 'qdrant':
        // its ids are numbers or UUIDs: the name is in the payload
        yield `${JSON.stringify({ id: place, vector: { fde: vector }, payload: { name: id, ...kept } })}\n`;
        break;
      case 'milvus':
        if (kept.codes.length > MILVUS_CHARACTERS) {
          throw new RangeError(
            `"tokens" expected codes of at most ${MILVUS_CHARACTERS} characters of base64 for milvus, got ${kept.codes.length} of ${JSON.stringify(id)}`,
          );
        }
        yield `${JSON.stringify({ id, fde: vector, ...kept })}\n`;
        break;
      case 'weaviate':
        yield `${JSON.stringify({ class: name, vector, properties: { name: id, codes: kept.codes, metadata: metadataText(metadata) } })}\n`;
        break;
    }
    place++;
  }
}

/** Bytes as base64, in every runtime. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
