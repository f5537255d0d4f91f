/** The OpenAPI document: every route and status that the app answers is in it, and answers are as it says. */
import type { JsonValue } from '@sagitta/retrieval';
import { type Collection, StorageError } from '@sagitta/retrieval/collection';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp } from '../../src/server/index.ts';
import type { ServerApp } from '../../src/server/route.ts';
import { ask, bytesOf, places, row } from './support.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly minimum?: number;
  readonly pattern?: string;
}
interface Content {
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
  readonly security?: readonly object[];
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes?: object;
  };
}

const { filled } = places();
let c: Collection<JsonValue>;
let app: ServerApp;
let document: Document;
beforeAll(async () => {
  c = await filled();
  app = createApp(c);
  document = (await ask<Document>(app, 'GET', '/openapi.json')).body;
});
afterAll(() => c.close());

/** What of JSON Schema the document uses; a keyword that is none of these is an error. */
const KEYWORDS = new Set([
  '$ref',
  'type',
  'const',
  'enum',
  'anyOf',
  'items',
  'properties',
  'required',
  'additionalProperties',
  'minimum',
  'maximum',
  'pattern',
  'format',
  'description',
]);

function problems(schema: Schema, value: unknown, at = ''): string[] {
  const unknown = Object.keys(schema).filter((name) => !KEYWORDS.has(name));
  if (unknown.length > 0) return [`${at}: unknown keywords ${unknown}`];
  if (schema.$ref)
    return problems(
      document.components.schemas[schema.$ref.split('/').at(-1) as string] as Schema,
      value,
      at,
    );
  if (schema.anyOf) {
    return schema.anyOf.some((one) => problems(one, value, at).length === 0) ? [] : [`${at}: none of anyOf`];
  }
  const found: string[] = [];
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const isKind = schema.type === kind || (schema.type === 'integer' && Number.isInteger(value));
  if (schema.type && !isKind) return [`${at}: expected ${schema.type}, got ${kind}`];
  if ('const' in schema && value !== schema.const) found.push(`${at}: expected ${schema.const}`);
  if (schema.enum && !schema.enum.includes(value)) found.push(`${at}: expected one of ${schema.enum}`);
  if (schema.minimum !== undefined && (value as number) < schema.minimum) found.push(`${at}: too small`);
  if (schema.pattern && !new RegExp(schema.pattern).test(value as string)) found.push(`${at}: pattern`);
  if (Array.isArray(value) && schema.items) {
    for (const [i, one] of value.entries()) found.push(...problems(schema.items, one, `${at}[${i}]`));
  }
  if (kind === 'object') {
    const members = value as Readonly<Record<string, unknown>>;
    for (const name of schema.required ?? []) if (!(name in members)) found.push(`${at}.${name}: missing`);
    for (const [name, one] of Object.entries(members)) {
      const known = schema.properties?.[name];
      if (known) found.push(...problems(known, one, `${at}.${name}`));
      else if (schema.additionalProperties === false) found.push(`${at}.${name}: not known`);
    }
  }
  return found;
}

type Asked = readonly [
  method: string,
  path: string,
  pattern: string,
  status: number,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
];

/** The answer has the status, the document has it for the route, and what it says fits. */
async function expectDocumented(
  to: ServerApp,
  [method, path, pattern, status, body, headers]: Asked,
): Promise<void> {
  const answer = await ask<unknown>(to, method, path, body, headers);
  const label = `${method} ${path} ${status}`;
  expect(answer.status, label).toBe(status);
  const content = document.paths[pattern]?.[method.toLowerCase()]?.responses[String(status)]?.content;
  expect(content, `${label} is documented`).toBeDefined();
  const type = (answer.headers.get('content-type') as string).split(';')[0] as string;
  const schema = content?.[type]?.schema;
  expect(schema, `${label} is documented as ${type}`).toBeDefined();
  if (pattern !== '/openapi.json') expect(problems(schema as Schema, answer.body), label).toEqual([]);
}

const one = [[...row(1)]];
const ROUTES: readonly Asked[] = [
  ['POST', '/search', '/search', 200, { query: [...row(1)], k: 3, filter: { group: 1 } }],
  ['POST', '/search', '/search', 200, { id: { bigint: String(2n ** 60n + 1n) } }],
  ['POST', '/search', '/search', 200, bytesOf(row(1))],
  ['POST', '/search', '/search', 400, {}],
  ['POST', '/search', '/search', 404, { id: 'gone' }],
  ['POST', '/search', '/search', 415, 'x', { 'content-type': 'text/plain' }],
  ['POST', '/search/batch', '/search/batch', 200, { queries: one }],
  ['POST', '/search/batch', '/search/batch', 400, { queries: [] }],
  ['POST', '/records', '/records', 201, { ids: ['o'], vectors: one, metadata: [{ a: [null] }] }],
  ['POST', '/records', '/records', 409, { ids: ['o'], vectors: one }],
  ['PUT', '/records', '/records', 200, { ids: ['o', { bigint: '9' }], vectors: [...one, ...one] }],
  ['PUT', '/records', '/records', 400, { vectors: [[1]] }],
  ['GET', '/records/o?vector=true', '/records/{id}', 200],
  ['GET', '/records/gone', '/records/{id}', 404],
  ['GET', '/records/x?type=number', '/records/{id}', 400],
  ['DELETE', '/records', '/records', 200, { ids: ['o', { bigint: '9' }] }],
  ['DELETE', '/records', '/records', 415, 'x', { 'content-type': 'text/plain' }],
  ['GET', '/report', '/report', 200],
  ['GET', '/health', '/health', 200],
  ['GET', '/metrics', '/metrics', 200],
  ['GET', '/openapi.json', '/openapi.json', 200],
  ['GET', '/', '/', 200],
];

it.each(ROUTES.map((asked) => ({ asked, name: asked.slice(0, 4).join(' ') })))(
  'has $name',
  async ({ asked }) => {
    await expectDocumented(app, asked);
  },
);

it('has every route that was asked here, and no other', () => {
  const asked = new Set(ROUTES.map(([method, , pattern]) => `${method.toLowerCase()} ${pattern}`));
  const there = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  expect(new Set(there)).toEqual(asked);
});

it('has what limits and the storage refuse, on every route that they concern', async () => {
  const guarded = createApp(c, { token: 'secret' });
  const small = createApp(c, { maxBody: 4 });
  const reading = createApp(c, { readOnly: true });
  const closed = await filled();
  await closed.close();
  const gone = createApp(closed);
  const full = createApp(
    new Proxy(c, { get: (from, name) => (name === 'upsert' ? refuse : read(from, name)) }),
  );
  for (const [path, operations] of Object.entries(document.paths)) {
    if (['/', '/health', '/openapi.json'].includes(path)) continue;
    for (const [name, { requestBody }] of Object.entries(operations)) {
      const method = name.toUpperCase();
      const url = path.replace('{id}', 'n1');
      const body = requestBody && { ids: ['n1'], vectors: one };
      await expectDocumented(guarded, [method, url, path, 401, body]);
      if (requestBody) await expectDocumented(small, [method, url, path, 413, body]);
      if (path === '/records') await expectDocumented(reading, [method, url, path, 403, body]);
      if (!requestBody) await expectDocumented(gone, [method, url, path, 503]);
    }
  }
  await expectDocumented(full, ['PUT', '/records', '/records', 507, { vectors: one }]);
});

function refuse(): Promise<never> {
  return Promise.reject(new StorageError('x', 'expected room on the disk, got none', { code: 'ENOSPC' }));
}
function read(from: Collection<JsonValue>, name: string | symbol): unknown {
  const value: unknown = Reflect.get(from, name, from);
  return typeof value === 'function' ? value.bind(from) : value;
}

it('says that a token is asked for, where it is', async () => {
  const guarded = (await ask<Document>(createApp(c, { token: 'x' }), 'GET', '/openapi.json')).body;
  expect(guarded.components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } });
  expect(guarded.paths['/search']?.['post']?.security).toEqual([{ token: [] }]);
  expect(guarded.paths['/health']?.['get']?.security).toBeUndefined();
  expect(document.components.securitySchemes).toBeUndefined();
});

it('describes requests by what validates them', () => {
  const search = document.paths['/search']?.['post'];
  const json = search?.requestBody?.content['application/json']?.schema as Schema;
  expect(problems(json, { query: [1, 2], k: 3, filter: { a: 1 }, rerank: false })).toEqual([]);
  expect(problems(json, { query: ['a'] })).not.toEqual([]);
  expect(problems(json, { k: 0 })).not.toEqual([]);
  expect(problems(json, { K: 1 })).toEqual(['.K: not known']);
  expect(search?.requestBody?.content['application/octet-stream']).toBeDefined();
  expect(search?.parameters?.map(({ name }) => name)).toEqual(['options']);
  expect(document.paths['/records/{id}']?.['get']?.parameters?.map(({ name }) => name)).toEqual([
    'id',
    'type',
    'vector',
  ]);
});
