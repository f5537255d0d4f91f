// Seeded input and hashes, by integers and web-standard globals only.

/** xorshift32: 32-bit integers from a seed that is not zero. */
export function integers(seed) {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Integers in [-100, 100] times `unit`. */
export function fill(array, seed, unit = 1) {
  const next = integers(seed);
  for (let i = 0; i < array.length; i++) array[i] = ((next() % 201) - 100) * unit;
}

/** n × d fractions whose energy falls with the dim, so that bit allocation has something to decide. */
export function skewedRows(n, d, seed) {
  const rows = new Float32Array(n * d);
  fill(rows, seed, 1 / 7);
  for (let i = 0; i < rows.length; i++) rows[i] /= 1 + (i % d) / 8;
  return rows;
}

/** SHA-256 in hexadecimal of an array's bytes. Takes its copy before it waits: the view may die with a scope. */
export async function hash(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
