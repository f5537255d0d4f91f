/** Rows around 64 centres, for benches of collections. */

/** @returns rows of d numbers, `count` at each call, one after the other of the stream */
export function clusteredRows(random, d) {
  const centres = Float32Array.from({ length: 64 * d }, () => random.nextUnit() - 0.5);
  return (count) => {
    const out = new Float32Array(count * d);
    for (let i = 0; i < count; i++) {
      const centre = d * random.nextBelow(64);
      for (let j = 0; j < d; j++) out[i * d + j] = centres[centre + j] + 0.6 * (random.nextUnit() - 0.5);
    }
    return out;
  };
}
