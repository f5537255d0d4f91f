/**
 * .safetensors: a length (uint64, little-endian), that many bytes of JSON with the tensors' types, shapes and places, then
 * their values.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { fixedRowSource, plainLayout } from './fixed-rows.ts';
import { parseJson } from './json-text.ts';
import { bytesOf, type NumberType } from './number-type.ts';
import type { RandomVectorSource } from './vector-source.ts';

/** The format's own limit is 100 MB; headers of embeddings have a few entries. */
const MAX_HEADER_BYTES = 1 << 24;

const TYPES: Readonly<Record<string, NumberType>> = {
  BOOL: 'bool',
  I8: 'int8',
  U8: 'uint8',
  I16: 'int16',
  U16: 'uint16',
  I32: 'int32',
  U32: 'uint32',
  I64: 'int64',
  U64: 'uint64',
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

interface Tensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * @param column the tensor's name; it may be left out where only one is a matrix
 * @throws RangeError if there is no such matrix or several; FormatError on damage
 */
export async function openSafetensors(file: DataFile, column?: string): Promise<RandomVectorSource> {
  const { path } = file;
  const { tensors, dataOffset } = await readHeader(file);
  const matrices = tensors.filter(({ shape }) => shape.length === 2);
  const names = matrices.map(({ name }) => name);
  const found = matrices.filter(({ name }) => column === undefined || name === column);
  const [tensor] = found;
  if (tensor === undefined || found.length > 1) {
    const all =
      names.length > 0 ? `one of ${names.slice(0, 20).join(', ')}` : 'a matrix, of which there is none,';
    throw new RangeError(`"column" expected ${all} in ${path}, got ${column ?? 'none'}`);
  }
  const fail = (what: string): FormatError => new FormatError(`${path}: tensor "${tensor.name}": ${what}`, 8);
  const type = TYPES[tensor.type];
  if (type === undefined)
    throw fail(`expected a type of ${Object.keys(TYPES).join(', ')}, got ${tensor.type}`);
  const [n, d] = tensor.shape as [number, number];
  if (d < 1 || d > MAX_DIMENSION) throw fail(`expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`);
  if (n < 1) throw fail('row 0: it holds no vectors');
  const bytes = tensor.end - tensor.start;
  if (n * d * bytesOf(type) !== bytes || dataOffset + tensor.end > file.size) {
    throw fail(
      `expected ${n * d * bytesOf(type)} bytes inside the file for shape (${n}, ${d}), got ${bytes} up to ${dataOffset + tensor.end} of ${file.size}`,
    );
  }
  const start = dataOffset + tensor.start;
  // row numbers and bytes in errors are those of the file
  return fixedRowSource(file, plainLayout(path, { n, d, dataOffset: start }, type));
}

async function readHeader(file: DataFile): Promise<{ tensors: Tensor[]; dataOffset: number }> {
  const { path } = file;
  const fail = (what: string): FormatError => new FormatError(`${path}: .safetensors header: ${what}`, 8);
  if (file.size < 8) throw new FormatError(`${path}: expected a header of 8 bytes, got ${file.size}`, 0);
  const head = new Uint8Array(8);
  await file.read(head, 0);
  const length = new DataView(head.buffer).getBigUint64(0, true);
  const most = Math.min(MAX_HEADER_BYTES, file.size - 8);
  if (length > BigInt(most))
    throw new FormatError(`${path}: expected a header of at most ${most} bytes, got ${length}`, 0);
  const text = new Uint8Array(Number(length));
  await file.read(text, 8);
  const header = parseJson(new TextDecoder().decode(text), (what) => fail(what));
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw fail('expected an object');
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([name, entry]): Tensor =>
        tensorOf(name, entry) ?? raise(fail(`tensor "${name}": expected dtype, shape and data_offsets`)),
    );
  return { tensors, dataOffset: 8 + text.length };
}

function raise(error: Error): never {
  throw error;
}

function tensorOf(name: string, entry: unknown): Tensor | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const type: unknown = Reflect.get(entry, 'dtype');
  const shape = counts(Reflect.get(entry, 'shape'));
  const offsets = counts(Reflect.get(entry, 'data_offsets'));
  const [start, end] = offsets ?? [];
  if (typeof type !== 'string' || shape === undefined || start === undefined || end === undefined)
    return undefined;
  return offsets?.length === 2 && start <= end ? { name, type, shape, start, end } : undefined;
}

function counts(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0)
    ? value
    : undefined;
}
