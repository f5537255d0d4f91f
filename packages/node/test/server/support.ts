/** A collection of a few records, and what tests of the server ask of it. */
import { join } from 'node:path';
import type { Metric } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import type { Collection } from '@sagitta/retrieval/collection';
import { clusteredRows } from '@sagitta/testing';
import type { ServerApp } from '../../src/server/route.ts';
import { collectionsIn, type Opener } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

export const D = 8;
export const N = 300;
export const vectors: Float32Array = clusteredRows(2000, D, { seed: 5, clusters: 12, spread: 0.4 });
export const row = (i: number): Float32Array => vectors.slice(i * D, (i + 1) * D);

export interface Places {
  readonly open: Opener;
  /** A collection with n0 … n299 and a bigint, a number and a string that looks like one. */
  filled(metric?: Metric): Promise<Collection<JsonValue>>;
  fresh(): string;
}

export function places(): Places {
  const folder = temporaryFolder();
  const open = collectionsIn(temporaryFolder().path);
  let made = 0;
  const fresh = (): string => join(folder.path, `c${made++}`);
  const filled = async (metric: Metric = 'cosine'): Promise<Collection<JsonValue>> => {
    const c = await open<JsonValue>(fresh(), { d: D, metric, quantizer: 'float32' });
    await c.add({
      ids: Array.from({ length: N }, (_, i) => `n${i}`),
      vectors: vectors.subarray(0, N * D),
      metadata: Array.from({ length: N }, (_, i) => ({ group: i % 7 })),
    });
    await c.add({
      ids: [5, 2n ** 60n + 1n, '5'],
      vectors: [row(N), row(N + 1), row(N + 2)],
      metadata: [{ is: 'number' }, { is: 'bigint' }, { is: 'string' }],
    });
    return c;
  };
  return { open, filled, fresh };
}

export interface Reply<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}
export interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly requestId: string };
}
export interface WireHits {
  readonly hits: readonly {
    readonly id: unknown;
    readonly similarity: number;
    readonly metadata?: unknown;
  }[];
}

/** Where requests go: to an app, or to an address. */
export type Target = ServerApp | string;

export async function ask<T = Failure>(
  target: Target,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply<T>> {
  const isBytes = body instanceof Uint8Array;
  const type = isBytes ? 'application/octet-stream' : 'application/json';
  const init = {
    method,
    headers: { ...(body !== undefined && { 'content-type': type }), ...headers },
    ...(body !== undefined && {
      body: (isBytes ? body : typeof body === 'string' ? body : JSON.stringify(body)) as BodyInit,
    }),
  };
  const response =
    typeof target === 'string' ? await fetch(`${target}${path}`, init) : await target.request(path, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as T,
  };
}

export const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.slice().buffer);
export const base64Of = (values: Float32Array): string => Buffer.from(bytesOf(values)).toString('base64');
