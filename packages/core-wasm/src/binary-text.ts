/**
 * Bytes as printable ASCII, for the binaries that entries inline.
 *
 * Base64 spreads three bytes over four characters, so that gzip no longer sees what repeats in WebAssembly code. Here a
 * byte is one character or two and stays aligned: 26.8 kB of kernels gzip to 10.1 kB instead of 13.8 (9.8 as a file).
 *
 * The alphabet has N = 88 characters: ASCII 33 to 126 without the quotes `"`, `'`, the backtick, `\`, `$` and `<`, so that
 * no quoting and no HTML parser touches it. The last P = 2 are prefixes. A byte b < N − P is character b; a larger one is
 * prefix ⌊(b − (N − P)) / N⌋ and then character (b − (N − P)) mod N. scripts/binary-text.mjs writes it.
 */
const ALPHABET = '!#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~';
const NUM_CHARACTERS = 88;
const NUM_SINGLE = 86;

/**
 * @param text - what encodeBinaryText wrote
 * @param byteLength - of the bytes; the text is longer
 * @throws RangeError if the text holds another number of bytes
 */
export function decodeBinaryText(text: string, byteLength: number): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(128);
  for (let i = 0; i < NUM_CHARACTERS; i++) values[ALPHABET.charCodeAt(i)] = i;
  const bytes = new Uint8Array(byteLength);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let value = values[text.charCodeAt(i)] as number;
    if (value >= NUM_SINGLE) {
      value = NUM_SINGLE + (value - NUM_SINGLE) * NUM_CHARACTERS + (values[text.charCodeAt(++i)] as number);
    }
    bytes[at++] = value;
  }
  if (at !== byteLength) throw new RangeError(`"text" expected ${byteLength} bytes, got ${at}`);
  return bytes;
}
