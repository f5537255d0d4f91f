/**
 * Which bits of a code a walk reads first: the leading components (8, 4, 2 and 1 bits wide: assembly/code-pack.ts of the core)
 * of the leading segments, so many as a head has room for. One after the other the component comes in that takes most off the
 * error of the estimate for its bytes. Of what is unread a segment's share of the energy is lost against its share of the query's:
 * error² = Σ_s E_s · eps2(bits_s) · E_s / dims_s.
 */
import { eps2 } from './code-quality.ts';
import { FACTOR_BITS, NORM_BITS, type SaqSegment } from './layout.ts';

/** Bytes that a head takes, unless one component more is needed: a head of less than half of that is no guide. */
const HEAD_BYTES = 160;

/** Bits of the first components together, up to 8. */
function prefixes(bits: number): number[] {
  const out: number[] = [];
  let read = 0;
  for (const width of [8, 4, 2, 1]) {
    if (bits - read < width) continue;
    read += width;
    if (read <= 8) out.push(read);
  }
  return out;
}

/** Bits of each coded segment that lie in heads; none behind the first segment that has none. shares — see SaqModel. */
export function headBits(coded: readonly SaqSegment[], shares: Float32Array): number[] {
  const chosen = coded.map(() => 0);
  let left = HEAD_BYTES - NORM_BITS / 8;
  for (;;) {
    let best: { readonly s: number; readonly bits: number; readonly cost: number } | undefined;
    let most = 0;
    for (const [s, segment] of coded.entries()) {
      const now = chosen[s] as number;
      const energy = (shares[s] as number) ** 2 - (shares[s + 1] as number) ** 2;
      for (const bits of prefixes(segment.bits)) {
        if (bits <= now) continue;
        const cost = ((bits - now) * segment.dims + (now === 0 ? FACTOR_BITS : 0)) / 8;
        if (cost > left && left < HEAD_BYTES / 2) continue;
        const lost = eps2(now, segment.dims) - eps2(bits, segment.dims);
        const gain = (energy * energy * lost) / segment.dims / cost;
        if (gain <= most) continue;
        most = gain;
        best = { s, bits, cost };
      }
      // what lies behind a segment that has none comes after it
      if (now === 0) break;
    }
    if (!best) break;
    chosen[best.s] = best.bits;
    left -= best.cost;
  }
  // a head is never empty where there is a code
  const [first] = coded;
  if (first && chosen[0] === 0) chosen[0] = Math.min(8, first.bits);
  return chosen;
}
