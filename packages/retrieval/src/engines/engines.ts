/** What engines of single vectors take: dimensions of a vector, and how its inner product is asked for. */
import { checkOneOf } from '@sagitta/core-wasm';
import { MUVERA_PRESETS, type MuveraPreset } from '../muvera/index.ts';

/** Describes an engine of single vectors, as of the version that is named. */
export interface VectorEngine {
  readonly version: string;
  /** Dimensions of an indexed vector at most. */
  readonly maxDimensions: number;
  /** What its index calls the inner product. */
  readonly innerProduct: string;
}

/** Names an engine. */
export type EngineName = 'lancedb' | 'pgvector' | 'opensearch' | 'qdrant' | 'milvus' | 'weaviate';

/** Lists engines that an FDE goes into. */
export const ENGINES: Readonly<Record<EngineName, VectorEngine>> = {
  lancedb: { version: '0.39.0', maxDimensions: 65_536, innerProduct: 'dot' },
  pgvector: { version: '0.8', maxDimensions: 4000, innerProduct: 'halfvec_ip_ops' },
  opensearch: { version: '3', maxDimensions: 16_000, innerProduct: 'innerproduct' },
  qdrant: { version: '1.19', maxDimensions: 65_536, innerProduct: 'Dot' },
  milvus: { version: '2.6', maxDimensions: 32_768, innerProduct: 'IP' },
  weaviate: { version: '1.31', maxDimensions: 65_535, innerProduct: 'dot' },
};

const NAMES = Object.keys(ENGINES) as EngineName[];

/** The longest preset of MuveraFde that an engine takes. @throws RangeError on an engine that is none */
export function enginePreset(name: EngineName): MuveraPreset {
  const { maxDimensions } = ENGINES[checkOneOf('name', name, NAMES)];
  const lengths = Object.keys(MUVERA_PRESETS).map(Number) as MuveraPreset[];
  return Math.max(...lengths.filter((length) => length <= maxDimensions)) as MuveraPreset;
}

/** @throws RangeError where an engine does not take vectors of that length */
export function checkEngineLength(name: EngineName, length: number): void {
  const { maxDimensions } = ENGINES[name];
  if (length <= maxDimensions) return;
  throw new RangeError(
    `"codec" expected an encoder of at most ${maxDimensions} numbers for ${name}, got ${length}`,
  );
}
