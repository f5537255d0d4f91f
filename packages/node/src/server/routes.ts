/** The routes of a collection. */
import { checkInteger } from '@sagitta/core-wasm';
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import { ReadOnlyError } from '@sagitta/retrieval/collection';
import * as v from 'valibot';
import { type BodyLimits, readBody, readJson } from './body.ts';
import { badRequest, type FailureStatus, RequestFailure } from './failure.ts';
import type { Gauge } from './metrics.ts';
import { type AnyHit, type ServedCollection, type WiredBatch, wireOf } from './record-wire.ts';
import type { Route, ServerContext } from './route.ts';
import {
  type BatchBody,
  DEFAULT_K,
  DELETE,
  DELETED,
  HEALTH,
  hitsSchema,
  IDS,
  MOST_QUERIES,
  MOST_RESULTS,
  RECORD_OPTIONS,
  RECORD_QUERY,
  REPORT,
  type WireSearchOptions,
} from './schemas.ts';
import { validate } from './validate.ts';
import { fromId, idOfPath, toId } from './wire.ts';

const READS: readonly FailureStatus[] = [401, 403, 429, 500, 503];
const BODIES: readonly FailureStatus[] = [400, ...READS, 408, 413, 415];
const WRITES: readonly FailureStatus[] = [...BODIES, 507];
const JSON_TYPE = 'application/json';

export function collectionRoutes(
  collection: ServedCollection,
  limits: BodyLimits,
  isReadOnly: boolean,
): readonly Route[] {
  const { d, metric } = collection;
  const wire = wireOf(collection);
  const hits = hitsSchema(metric);
  const json = (description: string, schema: v.GenericSchema) => ({ description, type: JSON_TYPE, schema });
  const asFloats = { label: 'query', options: wire.options };
  const severalFloats = wire.isOneLength ? { label: 'queries', options: wire.options } : undefined;
  const recordFloats = wire.isOneLength ? { label: wire.name, options: RECORD_OPTIONS } : undefined;

  async function search(c: ServerContext): Promise<Response> {
    const body = await readBody(c, limits, wire.search, asFloats);
    const { k = DEFAULT_K } = body.value;
    if (body.kind === 'floats') return answer(await wire.find(body.floats, body.value, k));
    const { query, id, text } = body.value;
    if ([query, id, text].filter((one) => one !== undefined).length !== 1) {
      throw badRequest('"query" expected one of it, "id" and "text", got none or several');
    }
    if (query !== undefined) return answer(await wire.find(query, body.value, k));
    if (text !== undefined) {
      const [found] = await wire.findWords([words('text', text)], body.value, k);
      return answer(found as AnyHit[]);
    }
    const like = toId(id as NonNullable<typeof id>);
    await mustHave(like);
    const found = await wire.findLike(like, body.value, k + 1);
    return answer(found.filter((hit) => hit.id !== like).slice(0, k));

    async function answer(hits: readonly AnyHit[]): Promise<Response> {
      const [first] = await wireHits([hits], body.value);
      return c.json({ hits: first });
    }
  }

  /** @throws RequestFailure where there is nothing that knows words */
  function words<T>(label: string, given: T): T {
    if (collection.textModel) return given;
    throw badRequest(`"${label}" expected a collection with a text model, got one of ${wire.name} alone`);
  }

  async function searchBatch(c: ServerContext): Promise<Response> {
    const body = await readBody(c, limits, wire.batch, severalFloats);
    const { k = DEFAULT_K } = body.value;
    const { count, run } =
      body.kind === 'floats' ? wire.batchOf(body.floats, body.value, k) : batchOf(body.value, k);
    if (checkInteger('queries', count, 1, MOST_QUERIES) * k > MOST_RESULTS) {
      throw badRequest(
        `"k" expected at most ${MOST_RESULTS} results in all, got ${count} queries with ${k} each`,
      );
    }
    return c.json({ results: await wireHits(await run(), body.value) });
  }

  function batchOf(body: BatchBody, k: number): WiredBatch {
    const { queries, texts } = body;
    if ((queries === undefined) === (texts === undefined)) {
      throw badRequest('"queries" expected either it or "texts", got both or neither');
    }
    if (queries !== undefined) return wire.batchOf(queries, body, k);
    const asked = words('texts', texts as readonly string[]);
    return { count: asked.length, run: () => wire.findWords(asked, body, k) };
  }

  async function put(c: ServerContext, kind: 'add' | 'upsert'): Promise<Response> {
    mustWrite(kind);
    const body = await readBody(c, limits, wire.records, recordFloats);
    const given = body.kind === 'floats' ? body.floats : body.value[wire.name];
    const ids = body.value.ids?.map(toId);
    const metadata = body.value.metadata as readonly JsonValue[] | undefined;
    const texts = body.value.texts?.map((text) => text ?? undefined);
    if (given === undefined && !(texts && collection.textModel)) {
      throw badRequest(
        `"${wire.name}" expected them${collection.textModel ? ', or "texts"' : ''}, got nothing`,
      );
    }
    const rows = {
      ...(given !== undefined && wire.valuesOf(given)),
      ...(ids && { ids }),
      ...(metadata && { metadata }),
      ...(texts && { texts }),
    };
    if (kind === 'upsert') return c.json({ ids: (await collection.upsert(rows)).map(fromId) });
    return c.json({ ids: (await collection.add(rows)).map(fromId) }, 201);
  }

  async function remove(c: ServerContext): Promise<Response> {
    mustWrite('delete');
    const { ids } = await readJson(c, limits, DELETE);
    return c.json({ deleted: await collection.delete(ids.map(toId)) });
  }

  async function get(c: ServerContext): Promise<Response> {
    const { type = 'string', vector } = validate(RECORD_QUERY, c.req.query(), 'query');
    const id = idOfPath(c.req.param('id') as string, type);
    const record = await collection.get(id);
    if (!record) throw notThere(id);
    const { metadata, text } = record;
    return c.json({
      id: fromId(id),
      ...(metadata !== undefined && { metadata }),
      ...(text !== undefined && { text }),
      ...(vector === 'true' && (await wire.kept(id))),
    });
  }

  async function report(c: ServerContext): Promise<Response> {
    const { foldError, segments, n, tail, memoryBytes } = await collection.report();
    return c.json({
      kind: wire.name,
      metric,
      d,
      n,
      isReadOnly,
      keepsTexts: collection.keepsTexts,
      hasTextModel: collection.textModel !== undefined,
      tail,
      segments: segments.map((segment) => ({ ...segment })),
      foldError: foldError?.message ?? null,
      memoryBytes,
    });
  }

  async function mustHave(id: RecordId): Promise<void> {
    if (!(await collection.has(id))) throw notThere(id);
  }

  function mustWrite(method: string): void {
    if (isReadOnly) throw new ReadOnlyError(collection.name, method, 'for reading');
  }

  return [
    {
      method: 'post',
      path: '/search',
      summary:
        'Finds the k best records for a vector, for words, or for the vector of a record, which is left out then.',
      body: { json: wire.search, floats: asFloats },
      status: 200,
      answer: json('The best first.', v.strictObject({ hits })),
      failures: [...BODIES, 404],
      handle: search,
    },
    {
      method: 'post',
      path: '/search/batch',
      summary: 'Finds the k best records for each of several vectors, or of several texts.',
      body: { json: wire.batch, ...(severalFloats && { floats: severalFloats }) },
      status: 200,
      answer: json('Of each query the best first.', v.strictObject({ results: v.array(hits) })),
      failures: BODIES,
      handle: searchBatch,
    },
    {
      method: 'post',
      path: '/records',
      summary:
        'Adds records, all or none; answered when they are on the disk. Without ids they get row numbers.',
      body: { json: wire.records, ...(recordFloats && { floats: recordFloats }) },
      status: 201,
      answer: json('Their ids.', IDS),
      failures: [...WRITES, 409],
      handle: (c) => put(c, 'add'),
    },
    {
      method: 'put',
      path: '/records',
      summary: 'Adds records, or replaces those whose id is there; answered when they are on the disk.',
      body: { json: wire.records, ...(recordFloats && { floats: recordFloats }) },
      status: 200,
      answer: json('Their ids.', IDS),
      failures: WRITES,
      handle: (c) => put(c, 'upsert'),
    },
    {
      method: 'delete',
      path: '/records',
      summary: 'Takes records out; ids that are not there are passed over.',
      body: { json: DELETE },
      status: 200,
      answer: json('How many there were.', DELETED),
      failures: WRITES,
      handle: remove,
    },
    {
      method: 'get',
      path: '/records/{id}',
      summary: "Gives a record's metadata and text, and with vector=true its vector or tokens.",
      query: RECORD_QUERY,
      status: 200,
      answer: json('The record.', wire.record),
      failures: [400, ...READS, 404],
      handle: get,
    },
    {
      method: 'get',
      path: '/report',
      summary: 'Says how the collection does: segments, tail, memory.',
      status: 200,
      answer: json('The report.', REPORT),
      failures: READS,
      handle: report,
    },
    {
      method: 'get',
      path: '/health',
      summary: 'Answers while the server runs.',
      isOpen: true,
      status: 200,
      answer: json('It runs.', HEALTH),
      failures: [403, 500],
      handle: (c) => c.json({ status: 'ok' }),
    },
  ];

  async function wireHits(
    results: readonly (readonly AnyHit[])[],
    { withTexts = false }: WireSearchOptions,
  ): Promise<object[][]> {
    const made: object[][] = [];
    for (const hits of results) {
      const texts = withTexts ? await collection.texts(hits.map(({ id }) => id)) : [];
      made.push(hits.map((hit, i) => wireHit(hit, texts[i])));
    }
    return made;
  }

  function wireHit({ id, metadata, ...score }: AnyHit, text: string | undefined): object {
    return {
      id: fromId(id),
      ...score,
      ...(metadata !== undefined && { metadata }),
      ...(text !== undefined && { text }),
    };
  }
}

function notThere(id: RecordId): RequestFailure {
  const name = typeof id === 'string' ? JSON.stringify(id) : `${id}`;
  return new RequestFailure(404, `"id" expected a record's id, got ${name}`);
}

/** What /metrics tells of the collection. */
export async function collectionGauges(collection: ServedCollection): Promise<readonly Gauge[]> {
  const { n, tail, segments, memoryBytes, foldError } = await collection.report();
  return [
    { name: 'sagitta_records', help: 'Records in the collection.', value: n },
    { name: 'sagitta_tail_records', help: 'Records that are in no segment yet.', value: tail },
    { name: 'sagitta_segments', help: 'Segments.', value: segments.length },
    {
      name: 'sagitta_segment_bytes',
      help: 'Bytes of the files of segments.',
      value: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    },
    { name: 'sagitta_memory_bytes', help: 'WebAssembly memory in use.', value: memoryBytes },
    {
      name: 'sagitta_fold_failed',
      help: '1 where the last fold or merge ended with an error.',
      value: foldError ? 1 : 0,
    },
  ];
}
