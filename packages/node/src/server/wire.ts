/**
 * How ids and vectors stand in JSON. An id is a string, an integer up to 2^53 - 1, or a bigint as `{"bigint":"123"}`, since JSON's
 * numbers lose its digits. A vector is an array of numbers, or a string: base64 of its little-endian float32.
 */
import { checkFinite } from '@sagitta/core-wasm';
import type { RecordId } from '@sagitta/retrieval';
import { badRequest } from './failure.ts';

/** Is an id as JSON has it. */
export type WireId = string | number | { readonly bigint: string };

/** Are the numbers of one vector, or the bytes of them as base64. */
export type WireNumbers = readonly number[] | string;

/** Are vectors of one length, or the bytes of all of them as base64. */
export type WireRows = readonly (readonly number[])[] | string;

const BYTES = 4;

export function toId(id: WireId): RecordId {
  return typeof id === 'object' ? BigInt(id.bigint) : id;
}

export function fromId(id: RecordId): WireId {
  return typeof id === 'bigint' ? { bigint: String(id) } : id;
}

/** An id in a path, which is a string unless `type` says otherwise. */
export function idOfPath(text: string, type: 'string' | 'number' | 'bigint'): RecordId {
  if (type === 'string') return text;
  if (!/^-?\d{1,20}$/.test(text)) throw badRequest(`"id" expected digits, got ${JSON.stringify(text)}`);
  return type === 'bigint' ? BigInt(text) : Number(text);
}

/** @throws RequestFailure unless there are d finite numbers */
export function toVector(label: string, value: WireNumbers | Float32Array, d: number): Float32Array {
  const vector = typeof value === 'string' ? ofBase64(label, value) : Float32Array.from(value);
  if (vector.length !== d) {
    throw badRequest(`"${label}" expected length d = ${d}, got ${vector.length}`);
  }
  return finite(label, vector, d);
}

/** n × d numbers. @throws RequestFailure naming the row of another length */
export function toRows(label: string, value: WireRows | Float32Array, d: number): Float32Array {
  if (typeof value === 'string') return toRows(label, ofBase64(label, value), d);
  if (value instanceof Float32Array) {
    if (value.length % d === 0) return finite(label, value, d);
    throw badRequest(`"${label}" expected rows of d = ${d} numbers, got ${value.length} numbers`);
  }
  const rows = new Float32Array(value.length * d);
  for (const [i, row] of value.entries()) {
    if (row.length !== d) throw badRequest(`"${label}[${i}]" expected length d = ${d}, got ${row.length}`);
    rows.set(row, i * d);
  }
  return finite(label, rows, d);
}

/** Numbers beyond float32 have become infinite here. */
function finite(label: string, values: Float32Array, d: number): Float32Array {
  try {
    checkFinite(label, values, d);
  } catch (error) {
    throw badRequest((error as RangeError).message);
  }
  return values;
}

function ofBase64(label: string, text: string): Float32Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw badRequest(`"${label}" expected base64 of float32, got other characters`);
  }
  return ofBytes(
    label,
    Uint8Array.from(binary, (character) => character.charCodeAt(0)),
  );
}

/** Little-endian float32, copied: the bytes may begin anywhere. */
export function ofBytes(label: string, bytes: Uint8Array): Float32Array {
  if (bytes.length % BYTES !== 0) {
    throw badRequest(`"${label}" expected float32 of ${BYTES} bytes, got ${bytes.length} bytes`);
  }
  return new Float32Array(bytes.slice().buffer);
}
