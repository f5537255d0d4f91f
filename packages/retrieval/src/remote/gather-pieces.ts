/** Small pieces joined into runs, so that writing a file takes few calls. */

/**
 * Joins small pieces into runs, so that writing a file takes few calls.
 * @returns runs of about `bytes` bytes, good until the next one is asked for; a piece as long as that goes through as it is
 */
export async function* gatherPieces(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  let length = 0;
  for await (const piece of pieces) {
    if (length + piece.length > bytes && length > 0) {
      yield buffer.subarray(0, length);
      length = 0;
    }
    if (piece.length >= bytes) yield piece;
    else {
      buffer.set(piece, length);
      length += piece.length;
    }
  }
  if (length > 0) yield buffer.subarray(0, length);
}
