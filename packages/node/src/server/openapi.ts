/** The OpenAPI 3.1 document of the routes, made of the schemas that they validate by. */
import type { JsonSchema } from '@valibot/to-json-schema';
import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { FLOATS_TYPE } from './body.ts';
import { CODES, type FailureStatus } from './failure.ts';
import type { Route } from './route.ts';
import { FAILURE, FILTER } from './schemas.ts';

const JSON_TYPE = 'application/json';

/** What failures are, where they are described. */
const FAILURES: Readonly<Record<FailureStatus, string>> = {
  400: 'Something is malformed, of the wrong kind, length or range, or unknown; the message names it.',
  401: 'The bearer token is missing or another.',
  403: 'The collection is served for reading, or the host name is none of this server.',
  404: 'There is no such record or path.',
  405: 'The path has other methods.',
  408: 'The request did not come in time.',
  409: 'A record with such an id is there; nothing was added.',
  413: 'The body is too large.',
  415: 'The body is of another type.',
  429: 'As many requests as may run are running; Retry-After says when to try again.',
  500: 'The server failed.',
  503: 'The collection is closed, or its storage refuses.',
  507: 'The disk is full, or memory is.',
};

/** @param hasToken - whether requests carry a bearer token */
export function openApiDocument(routes: readonly Route[], version: string, hasToken: boolean): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method] = operation(route, hasToken);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sagitta collection', version },
    paths,
    components: {
      schemas: { Failure: schemaOf(FAILURE) },
      ...(hasToken && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

function operation(
  { summary, body, query, path, status, answer, failures, isOpen }: Route,
  hasToken: boolean,
): object {
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = query ? parametersOf(schemaOf(query)) : [];
  const options = body?.floats && {
    name: 'options',
    in: 'query',
    description: `With a body of float32: what JSON has beside "${body.floats.label}".`,
    content: { [JSON_TYPE]: { schema: schemaOf(body.floats.options) } },
  };
  const parameters = [...inPath, ...inQuery, ...(options ? [options] : [])];
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBody(body) }),
    responses: {
      [status]: {
        description: answer.description,
        content: { [answer.type]: { schema: answerSchema(answer.schema) } },
      },
      ...Object.fromEntries(failures.map((one) => [one, failure(one)])),
    },
    ...(hasToken && !isOpen && { security: [{ token: [] }] }),
  };
}

function requestBody({ json, floats }: NonNullable<Route['body']>): object {
  const binary = floats && {
    [FLOATS_TYPE]: {
      schema: { type: 'string', format: 'binary', description: `Little-endian float32: "${floats.label}".` },
    },
  };
  return { required: true, content: { [JSON_TYPE]: { schema: schemaOf(json) }, ...binary } };
}

function answerSchema(schema: v.GenericSchema | undefined): object {
  return schema ? schemaOf(schema) : { type: 'string' };
}

function failure(status: FailureStatus): object {
  const schema = { $ref: '#/components/schemas/Failure' };
  return { description: `${CODES[status]}: ${FAILURES[status]}`, content: { [JSON_TYPE]: { schema } } };
}

function parametersOf({ properties = {} }: JsonSchema): readonly object[] {
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}

function schemaOf(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    overrideSchema: ({ valibotSchema }) => (valibotSchema === FILTER ? { type: 'object' } : undefined),
  });
  return rest;
}
