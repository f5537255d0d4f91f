/** A dataset of an HDF5 file: its shape, type, and where its values lie. Section IV.A.2 of the format's specification. */
import { UnsupportedError } from '@sagitta/core-wasm';
import type { ByteOrder, NumberType } from '../number-type.ts';
import type { Cursor, Hdf5Bytes } from './hdf5-bytes.ts';
import { MESSAGE, type Message } from './objects.ts';

export interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

export type Storage =
  | { readonly kind: 'contiguous'; readonly address: number }
  | {
      readonly kind: 'chunked';
      /** Of the tree, or of the only chunk. */
      readonly address: number;
      readonly chunk: readonly number[];
      /** Bytes of the only chunk where there is no tree. */
      readonly single: number | undefined;
    };

export interface Dataset {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: NumberType;
  readonly order: ByteOrder;
  readonly storage: Storage;
  readonly filters: readonly Filter[];
}

const MAX_RANK = 32;

/** undefined if the object is no dataset, or none of numbers. */
export function datasetOf(bytes: Hdf5Bytes, name: string, messages: readonly Message[]): Dataset | undefined {
  const body = (type: number): Cursor | undefined => messages.find((message) => message.type === type)?.body;
  const [space, datatype, layout] = [MESSAGE.dataspace, MESSAGE.datatype, MESSAGE.layout].map(body);
  if (space === undefined || datatype === undefined || layout === undefined) return undefined;
  const shape = shapeOf(bytes, space);
  const number = numberOf(datatype);
  if (number === undefined) return undefined;
  const filters = body(MESSAGE.filters);
  return {
    name,
    shape,
    ...number,
    storage: storageOf(bytes, name, layout),
    filters: filters === undefined ? [] : filtersOf(bytes, filters),
  };
}

function shapeOf(bytes: Hdf5Bytes, body: Cursor): number[] {
  const version = body.unsigned(1);
  const rank = body.unsigned(1);
  if (version < 1 || version > 2 || rank > MAX_RANK)
    throw bytes.fail(
      `expected a dataspace of version 1 or 2, got version ${version} with ${rank} dimensions`,
    );
  body.skip(version === 1 ? 6 : 2);
  return Array.from({ length: rank }, () => body.length());
}

function numberOf(body: Cursor): { type: NumberType; order: ByteOrder } | undefined {
  const kind = body.unsigned(1) & 15;
  const flags = body.unsigned(1);
  const size = body.skip(2).unsigned(4);
  const order = (flags & 1) === 0 ? 'little' : 'big';
  // an enumeration of bytes is what h5py makes of booleans
  if (kind === 8) return size === 1 ? { type: 'bool', order: 'little' } : undefined;
  if (kind === 0) {
    const signed = (flags & 8) !== 0;
    const types: Readonly<Record<number, readonly [NumberType, NumberType]>> = {
      1: ['uint8', 'int8'],
      2: ['uint16', 'int16'],
      4: ['uint32', 'int32'],
      8: ['uint64', 'int64'],
    };
    const type = types[size]?.[signed ? 1 : 0];
    return type && { type, order };
  }
  if (kind !== 1 || (flags & 0x40) !== 0) return undefined;
  const exponentBits = body.skip(5).unsigned(1);
  if (size === 4 && exponentBits === 8) return { type: 'float32', order };
  if (size === 8 && exponentBits === 11) return { type: 'float64', order };
  if (size === 2) return { type: exponentBits === 8 ? 'bfloat16' : 'float16', order };
  return undefined;
}

function storageOf(bytes: Hdf5Bytes, name: string, body: Cursor): Storage {
  const version = body.unsigned(1);
  const kind = body.unsigned(1);
  const unsupported = (what: string): UnsupportedError =>
    new UnsupportedError(
      `${bytes.file.path}: dataset "${name}": ${what} is not read; write it without libver="latest"`,
    );
  if (version !== 3 && version !== 4) throw unsupported(`layout version ${version}`);
  if (kind === 1) return { kind: 'contiguous', address: body.address() };
  if (kind !== 2) throw unsupported(`storage ${kind === 0 ? '"compact"' : kind}`);
  if (version === 3) {
    const rank = body.unsigned(1);
    const address = body.address();
    if (rank > MAX_RANK)
      throw bytes.fail(`dataset "${name}": expected at most ${MAX_RANK} dimensions, got ${rank}`);
    const chunk = Array.from({ length: rank }, () => body.unsigned(4));
    return { kind: 'chunked', address, chunk: chunk.slice(0, -1), single: undefined };
  }
  const flags = body.unsigned(1);
  const rank = body.unsigned(1);
  const width = body.unsigned(1);
  if (rank > MAX_RANK)
    throw bytes.fail(`dataset "${name}": expected at most ${MAX_RANK} dimensions, got ${rank}`);
  const chunk = Array.from({ length: rank }, () => body.unsigned(width));
  const index = body.unsigned(1);
  if (index !== 1) throw unsupported(`chunk index ${index}`);
  const isFiltered = (flags & 2) !== 0;
  const size = isFiltered ? body.length() : Number.NaN;
  if (isFiltered) body.skip(4);
  return { kind: 'chunked', address: body.address(), chunk: chunk.slice(0, -1), single: size };
}

function filtersOf(bytes: Hdf5Bytes, body: Cursor): Filter[] {
  const version = body.unsigned(1);
  const count = body.unsigned(1);
  if (version !== 1 && version !== 2)
    throw bytes.fail(`expected a filter pipeline of version 1 or 2, got ${version}`);
  if (version === 1) body.skip(6);
  return Array.from({ length: count }, () => {
    const id = body.unsigned(2);
    const nameBytes = version === 1 || id >= 256 ? body.unsigned(2) : 0;
    const values = body.skip(2).unsigned(2);
    body.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    const filter = { id, values: Array.from({ length: values }, () => body.unsigned(4)) };
    if (version === 1 && values % 2 === 1) body.skip(4);
    return filter;
  });
}
