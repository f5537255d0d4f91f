/** IEEE 754 half precision to float32, exact for every one of the 65,536 patterns. */

/** Writes the float32 of each half-precision pattern in `halves` into `out`, which has the same length. */
export function decodeFloat16(halves: Uint16Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i] as number;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 1023;
    // the exponent's bias grows from 15 to 127; 31 marks infinities and NaN in half precision, 255 in float32
    if (exponent === 31) bits[i] = sign | 0x7f800000 | (mantissa << 13);
    else if (exponent !== 0) bits[i] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else out[i] = (sign === 0 ? mantissa : -mantissa) / (1 << 24);
  }
}
