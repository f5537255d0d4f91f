/**
 * A search as an HTTP answer: POST with JSON `{ vector, k?, nprobe? }` gives JSON `{ ids, scores, metric, ms }`. What the
 * client sent wrong is status 400 with `{ error }`; anything else is the worker's to handle.
 */
import { checkInteger, checkOneOf, metricQuery } from '@sagitta/core-wasm';
import type { IvfIndex, PagedIndex } from '@sagitta/retrieval';

/** What clients may ask for; they cost time. */
export interface SearchLimits {
  /** Default 100. */
  readonly k?: number;
  /** Default 256. */
  readonly nprobe?: number;
}

const DEFAULT_K = 10;
const DEFAULT_NPROBE = 16;

/** Answers a search request over HTTP, within limits. */
export async function answerSearch(
  request: Request,
  index: IvfIndex | PagedIndex,
  limits: SearchLimits = {},
): Promise<Response> {
  if (request.method !== 'POST') return failure(405, `"method" expected POST, got ${request.method}`);
  let asked: { vector: Float32Array; k: number; nprobe: number };
  try {
    asked = parse(await request.text(), index, limits);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) {
      return failure(400, error.message);
    }
    throw error;
  }
  const start = performance.now();
  const { ids, scores } = await index.search(asked.vector, asked.k, { nprobe: asked.nprobe });
  const ms = performance.now() - start;
  return Response.json({ ids: [...ids], scores: [...scores], metric: index.metric, ms });
}

function failure(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

function parse(
  text: string,
  { d, metric }: Pick<IvfIndex, 'd' | 'metric'>,
  limits: SearchLimits,
): { vector: Float32Array; k: number; nprobe: number } {
  const body: unknown = JSON.parse(text);
  if (body === null || typeof body !== 'object') {
    throw new TypeError(`"body" expected an object, got ${body === null ? 'null' : typeof body}`);
  }
  const given: Partial<Record<string, unknown>> = { ...body };
  for (const name of Object.keys(given)) checkOneOf('field', name, ['vector', 'k', 'nprobe']);
  const { vector, k = DEFAULT_K, nprobe = DEFAULT_NPROBE } = given;
  if (!Array.isArray(vector) || !vector.every((value) => typeof value === 'number')) {
    throw new TypeError('"vector" expected an array of numbers');
  }
  if (vector.length !== d) throw new RangeError(`"vector" expected length d = ${d}, got ${vector.length}`);
  const values = Float32Array.from(vector);
  if (!values.every(Number.isFinite)) throw new RangeError('"vector" expected finite float32 values');
  // refused here what a search would refuse
  metricQuery(metric, values, d, 'vector');
  return {
    vector: values,
    k: checkInteger('k', Number(k), 1, limits.k ?? 100),
    nprobe: checkInteger('nprobe', Number(nprobe), 1, limits.nprobe ?? 256),
  };
}
