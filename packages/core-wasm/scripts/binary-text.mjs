// Bytes as printable ASCII: the writing half of src/binary-text.ts, where the format is described.
const ALPHABET = '!#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~';
const NUM_SINGLE = ALPHABET.length - 2;

/** @param {Uint8Array} bytes */
export function encodeBinaryText(bytes) {
  let text = '';
  for (const byte of bytes) {
    if (byte < NUM_SINGLE) {
      text += ALPHABET[byte];
    } else {
      const rest = byte - NUM_SINGLE;
      text += ALPHABET[NUM_SINGLE + Math.floor(rest / ALPHABET.length)] + ALPHABET[rest % ALPHABET.length];
    }
  }
  return text;
}
