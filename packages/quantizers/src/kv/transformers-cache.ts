/**
 * Caches as Transformers.js has them: a record of tensors `past_key_values.{layer}.key` and `.value` of [1, heads, tokens, head
 * dims], float32 or float16. Told by shape alone: nothing of that library is needed here.
 */
import { KV_PARTS, type KvLayer, type KvShape } from './shape.ts';

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
  let shape: KvShape | undefined;
  const tensor = (name: string): Float32Array | Uint16Array => {
    const { dims, type, data } = cache[name] ?? missing(name);
    const [batch, heads, tokens, headDims] = dims;
    const own = dims.length === 4 && batch === 1 ? ({ heads, tokens, headDims } as KvShape) : undefined;
    const wanted = shape
      ? `[1, ${shape.heads}, ${shape.tokens}, ${shape.headDims}]`
      : '[1, heads, tokens, head dims]';
    const isAlike =
      shape === undefined ||
      (['heads', 'tokens', 'headDims'] as const).every((one) => own?.[one] === shape?.[one]);
    if (!own || !isAlike) throw new RangeError(`"${name}" expected dims ${wanted}, got [${dims.join(', ')}]`);
    shape ??= own;
    if (type === 'float32' && data instanceof Float32Array) return data;
    if (type === 'float16' && data instanceof Uint16Array) return data;
    if (
      type === 'float16' &&
      ArrayBuffer.isView(data) &&
      Object.prototype.toString.call(data) === '[object Float16Array]'
    ) {
      return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) as Uint16Array;
    }
    throw new RangeError(
      `"${name}" expected float32 in a Float32Array or float16, got ${type} in ${Object.prototype.toString.call(data)}`,
    );
  };
  const layers = Array.from({ length: count }, (_, layer): KvLayer => {
    const [key, value] = KV_PARTS.map((part) => tensor(`past_key_values.${layer}.${part}`)) as [
      Float32Array,
      Float32Array,
    ];
    return { key, value };
  });
  return { layers, shape: shape as unknown as KvShape };
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

function missing(name: string): never {
  throw new RangeError(`"cache" expected a tensor ${name}, got none`);
}
