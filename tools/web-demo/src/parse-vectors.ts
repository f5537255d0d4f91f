/** Vectors from the bytes of a dropped file: .npy (f4, f8, i1, u1), .fvecs, .bvecs, .jsonl with a vector a line. */

export interface ParsedVectors {
  /** n × d. */
  readonly data: Float32Array;
  readonly d: number;
  /** A text a row, where the file has one. */
  readonly labels?: readonly string[];
}

const MAX_VALUES = 2 ** 28;

/** @throws RangeError with the name of the file, what was expected and what came */
export function parseVectors(name: string, bytes: ArrayBuffer): ParsedVectors {
  const parsed = parse(name, bytes);
  const { data, d } = parsed;
  if (data.length === 0) throw new RangeError(`${name}: expected at least one vector, got none`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new RangeError(`${name}: expected finite values, got ${data[bad]} in row ${Math.floor(bad / d)}`);
  return parsed;
}

function parse(name: string, bytes: ArrayBuffer): ParsedVectors {
  const ending = name.toLowerCase().split('.').pop();
  if (ending === 'npy') return parseNpy(name, bytes);
  if (ending === 'fvecs') return parseXvecs(name, bytes, 4);
  if (ending === 'bvecs') return parseXvecs(name, bytes, 1);
  return parseJsonl(name, new TextDecoder().decode(bytes));
}

function parseNpy(name: string, bytes: ArrayBuffer): ParsedVectors {
  const view = new DataView(bytes);
  const magic = String.fromCharCode(...new Uint8Array(bytes, 0, Math.min(6, bytes.byteLength)));
  if (magic !== '\x93NUMPY' || bytes.byteLength < 12) throw new RangeError(`${name}: expected a NumPy file`);
  const isFirst = view.getUint8(6) === 1;
  const length = isFirst ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = (isFirst ? 10 : 12) + length;
  if (start > bytes.byteLength) throw new RangeError(`${name}: the header is cut short`);
  const header = new TextDecoder().decode(new Uint8Array(bytes, start - length, length));
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const shape = /'shape':\s*\((\d+),\s*(\d+),?\s*\)/.exec(header);
  if (!shape || header.includes("'fortran_order': True")) {
    throw new RangeError(`${name}: expected a matrix in C order, got ${header.trim()}`);
  }
  const d = Number(shape[2]);
  const count = Number(shape[1]) * d;
  const width = Number(type.slice(2));
  if (d < 1 || count > MAX_VALUES || start + count * width > bytes.byteLength) {
    throw new RangeError(
      `${name}: expected ${count} values of ${type}, got ${bytes.byteLength - start} bytes`,
    );
  }
  const readers: Record<string, (at: number) => number> = {
    '<f4': (at) => view.getFloat32(at, true),
    '<f8': (at) => view.getFloat64(at, true),
    '|u1': (at) => view.getUint8(at),
    '|i1': (at) => view.getInt8(at),
  };
  const read = readers[type];
  if (!read) throw new RangeError(`${name}: expected <f4, <f8, |u1 or |i1, got ${type}`);
  return { data: Float32Array.from({ length: count }, (_, i) => read(start + i * width)), d };
}

function parseXvecs(name: string, bytes: ArrayBuffer, width: 1 | 4): ParsedVectors {
  const view = new DataView(bytes);
  const d = bytes.byteLength >= 4 ? view.getInt32(0, true) : 0;
  const stride = 4 + d * width;
  if (d < 1 || d > 65_536 || bytes.byteLength % stride !== 0) {
    throw new RangeError(`${name}: expected rows of ${d} values, got ${bytes.byteLength} bytes`);
  }
  const n = bytes.byteLength / stride;
  const data = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const at = i * stride;
    if (view.getInt32(at, true) !== d) throw new RangeError(`${name}: row ${i} expected ${d} values`);
    for (let j = 0; j < d; j++) {
      data[i * d + j] = width === 4 ? view.getFloat32(at + 4 + 4 * j, true) : view.getUint8(at + 4 + j);
    }
  }
  return { data, d };
}

function parseJsonl(name: string, text: string): ParsedVectors {
  const rows: number[][] = [];
  const labels: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const value: unknown = JSON.parse(line);
    const fields: Partial<Record<string, unknown>> =
      value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : { vector: value };
    const vector = fields['vector'] ?? fields['embedding'] ?? fields['values'];
    if (!Array.isArray(vector)) throw new RangeError(`${name}: line ${i + 1} expected a "vector", got none`);
    if (rows[0] && vector.length !== rows[0].length) {
      throw new RangeError(`${name}: line ${i + 1} expected ${rows[0].length} values, got ${vector.length}`);
    }
    rows.push(vector.map(Number));
    labels.push(String(fields['text'] ?? fields['title'] ?? fields['id'] ?? `row ${rows.length - 1}`));
  }
  const d = rows[0]?.length ?? 1;
  const data = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) data.set(row, i * d);
  return { data, d, labels };
}

/** Whether a file holds vectors rather than text. JSON lines hold vectors if the first one does. */
export function holdsVectors(name: string, start: string): boolean {
  if (/\.(npy|fvecs|bvecs)$/i.test(name)) return true;
  return /\.jsonl?$/i.test(name) && /^\s*(\[|\{[^\n]*"(vector|embedding|values)"\s*:\s*\[)/.test(start);
}
