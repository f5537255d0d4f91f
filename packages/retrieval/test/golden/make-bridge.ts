/** The bridge whose file is kept; nothing here may change. */
import { fileURLToPath } from 'node:url';
import type { Core } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { type Bridge, trainBridge } from '../../src/bridge/index.ts';

export const GOLDEN_BRIDGE: string = fileURLToPath(new URL('bridge.v1.sgb', import.meta.url));

const PAIRS = 120;
const D_QUERY = 9;
const D_BASE = 6;

/** Sums of the base's coordinates with a little noise: what has another dimension and much in common. */
export function goldenPairs(): {
  query: { data: Float32Array; d: number };
  base: { data: Float32Array; d: number };
} {
  const base = gaussianRows(PAIRS, D_BASE, 41);
  const noise = gaussianRows(PAIRS, D_QUERY, 42);
  const query = Float32Array.from({ length: PAIRS * D_QUERY }, (_, at) => {
    const [i, j] = [Math.floor(at / D_QUERY), at % D_QUERY];
    const row = base.subarray(i * D_BASE, (i + 1) * D_BASE);
    return (row[j % D_BASE] as number) - (row[(2 * j + 1) % D_BASE] as number) + 0.25 * (noise[at] as number);
  });
  return { query: { data: query, d: D_QUERY }, base: { data: base, d: D_BASE } };
}

export function makeGoldenBridge(core: Core): Bridge {
  return trainBridge(core, goldenPairs());
}
