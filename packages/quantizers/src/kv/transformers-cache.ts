/**
 * Caches as Transformers.js has them: a record of tensors `past_key_values.{layer}.key` and `.value` of [1, heads, tokens, head
 * dims], float32 or float16. Told by shape alone: nothing of that library is needed here.
 */
import { KV_PARTS, type KvLayer, type KvPart, type KvShape } from './shape.ts';

/** What is taken of a tensor. */
export interface KvTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Float32Array, or halves as Uint16Array or Float16Array. */
  readonly data: unknown;
}

/** A record of tensors by name; entries of other names are passed over. */
export type KvCache = Readonly<Record<string, KvTensor>>;

const NAME = /^past_key_values\.(\d+)\.(key|value)$/;

/**
 * Takes the layers of a cache, for packKv; its arrays, not copied.
 * @throws RangeError on a layer that is missing, tensors of other sizes or types, or more than one sequence
 */
export function layersOfCache(cache: KvCache): { layers: KvLayer[]; shape: KvShape } {
  const count = 1 + Math.max(-1, ...Object.keys(cache).map((name) => Number(NAME.exec(name)?.[1] ?? -1)));
  if (count === 0) {
    throw new RangeError(
      '"cache" expected tensors past_key_values.0.key, past_key_values.0.value and so on, got none',
    );
  }
  const first = tensorOf(cache, 'past_key_values.0.key');
  const [batch, heads = 0, tokens = 0, headDims = 0, ...more] = first.dims;
  if (batch !== 1 || headDims === 0 || more.length > 0)
    refuseDims('past_key_values.0.key', first, 'heads, tokens, head dims');
  const layers = Array.from({ length: count }, (_, layer): KvLayer => {
    const part = (name: KvPart): Float32Array | Uint16Array => {
      const label = `past_key_values.${layer}.${name}`;
      const tensor = tensorOf(cache, label);
      const isAlike = tensor.dims.length === 4 && tensor.dims.every((size, i) => size === first.dims[i]);
      return isAlike ? dataOf(label, tensor) : refuseDims(label, tensor, `${heads}, ${tokens}, ${headDims}`);
    };
    return { key: part('key'), value: part('value') };
  });
  return { layers, shape: { heads, tokens, headDims } };
}

/**
 * Makes the record of tensors again. tensor — makes one, as `(type, data, dims) => new Tensor(type, data, dims)` does.
 */
export function cacheOfLayers<T>(
  layers: readonly KvLayer[],
  { heads, tokens, headDims }: KvShape,
  tensor: (type: 'float32' | 'float16', data: Float32Array | Uint16Array, dims: number[]) => T,
): Record<string, T> {
  return Object.fromEntries(
    layers.flatMap((layer, i) =>
      KV_PARTS.map((part): [string, T] => {
        const data = layer[part];
        const type = data instanceof Uint16Array ? 'float16' : 'float32';
        return [`past_key_values.${i}.${part}`, tensor(type, data, [1, heads, tokens, headDims])];
      }),
    ),
  );
}

function tensorOf(cache: KvCache, name: string): KvTensor {
  const tensor = cache[name];
  if (tensor === undefined) throw new RangeError(`"cache" expected a tensor ${name}, got none`);
  return tensor;
}

function refuseDims(name: string, { dims }: KvTensor, wanted: string): never {
  throw new RangeError(`"${name}" expected dims [1, ${wanted}], got [${dims.join(', ')}]`);
}

function dataOf(name: string, { type, data }: KvTensor): Float32Array | Uint16Array {
  if (type === 'float32' && data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) return data;
  const kind = Object.prototype.toString.call(data);
  if (type === 'float16' && ArrayBuffer.isView(data) && kind === '[object Float16Array]') {
    return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  }
  throw new RangeError(`"${name}" expected float32 in a Float32Array or float16, got ${type} in ${kind}`);
}
