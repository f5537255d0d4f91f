/** Bodies of requests: read within a size and a time, as JSON or as float32. */
import type { Context } from 'hono';
import { badRequest, RequestFailure } from './failure.ts';
import type { SchemaOf } from './schemas.ts';
import { validate } from './validate.ts';
import { ofBytes } from './wire.ts';

/** How much is read, and for how long. */
export interface BodyLimits {
  readonly bytes: number;
  readonly milliseconds: number;
}

const JSON_TYPE = 'application/json';
export const FLOATS_TYPE = 'application/octet-stream';

/** A body of JSON, or one of float32 that stands for its member `label` beside the others, which `options` of the URL holds. */
export type Body<T, O> =
  | { readonly kind: 'json'; readonly value: T }
  | { readonly kind: 'floats'; readonly floats: Float32Array; readonly value: O };

/** @throws RequestFailure: 400, 408, 413, 415 */
export async function readBody<T, O>(
  c: Context,
  limits: BodyLimits,
  schema: SchemaOf<T>,
  floats: { readonly label: string; readonly options: SchemaOf<O> } | undefined,
): Promise<Body<T, O>> {
  if (!floats) return { kind: 'json', value: await readJson(c, limits, schema) };
  if (typeOf(c) !== FLOATS_TYPE)
    return { kind: 'json', value: await readJson(c, limits, schema, FLOATS_TYPE) };
  const options = c.req.query('options') ?? '{}';
  const value = validate(floats.options, parseJson('options', options), 'options');
  return { kind: 'floats', floats: ofBytes(floats.label, await readBytes(c, limits)), value };
}

/** @throws RequestFailure: 400, 408, 413, 415 */
export async function readJson<T>(
  c: Context,
  limits: BodyLimits,
  schema: SchemaOf<T>,
  other?: string,
): Promise<T> {
  const type = typeOf(c);
  if (type !== JSON_TYPE) {
    const wanted = other === undefined ? JSON_TYPE : `${JSON_TYPE} or ${other}`;
    throw new RequestFailure(415, `"content-type" expected ${wanted}, got ${type === '' ? 'none' : type}`);
  }
  const bytes = await readBytes(c, limits);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRequest('"body" expected UTF-8, got other bytes');
  }
  return validate(schema, parseJson('body', text), 'body');
}

function typeOf(c: Context): string {
  return ((c.req.header('content-type') ?? '').split(';')[0] as string).trim().toLowerCase();
}

function parseJson(label: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`"${label}" expected JSON, got ${(error as SyntaxError).message}`);
  }
}

async function readBytes(c: Context, limits: BodyLimits): Promise<Uint8Array> {
  const declared = c.req.header('content-length');
  if (declared !== undefined && Number(declared) > limits.bytes) throw tooLarge(limits, declared);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `"body" expected to come within ${limits.milliseconds} ms, got only a part of it`;
      reject(new RequestFailure(408, message, { connection: 'close' }));
    }, limits.milliseconds);
  });
  try {
    // a declared length is what the runtime reads at most
    const all =
      declared === undefined
        ? collect(c, limits)
        : c.req.arrayBuffer().then((buffer) => new Uint8Array(buffer));
    return await Promise.race([all, late]);
  } catch (error) {
    if (error instanceof RequestFailure) throw error;
    throw badRequest('"body" expected to come whole, got an end before that');
  } finally {
    clearTimeout(timer);
  }
}

async function collect(c: Context, limits: BodyLimits): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = c.req.raw.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limits.bytes) {
      await reader.cancel();
      throw tooLarge(limits, 'more');
    }
    pieces.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function tooLarge({ bytes }: BodyLimits, got: string): RequestFailure {
  return new RequestFailure(413, `"body" expected at most ${bytes} bytes, got ${got}`, {
    connection: 'close',
  });
}
