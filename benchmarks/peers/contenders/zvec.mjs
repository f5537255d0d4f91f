// Zvec, native, on the disk: a graph over float32, or over RaBitQ codes.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import zvec from '@zvec/zvec';
import { EFS, GRAPH } from '../graph-settings.mjs';
import { rowsOf } from '../rows.mjs';

const { ZVecCollectionSchema, ZVecCreateAndOpen, ZVecDataType, ZVecIndexType, ZVecInitialize, ZVecLogLevel } =
  zvec;
const { ZVecMetricType, ZVecOpen } = zvec;

export const installs = ['@zvec/zvec'];
export const variants = [
  { name: 'HNSW', indexType: ZVecIndexType.HNSW, settings: EFS },
  { name: 'HNSW_RABITQ', indexType: ZVecIndexType.HNSW_RABITQ, settings: EFS },
];

ZVecInitialize({ logLevel: ZVecLogLevel.ERROR });

export async function build({ d, rows, folder }, { indexType }) {
  mkdirSync(dirname(folder), { recursive: true });
  const collection = ZVecCreateAndOpen(
    folder,
    new ZVecCollectionSchema({
      name: 'vectors',
      vectors: {
        name: 'vector',
        dataType: ZVecDataType.VECTOR_FP32,
        dimension: d,
        indexParams: { indexType, metricType: ZVecMetricType.L2, ...GRAPH },
      },
      fields: {
        name: 'draw',
        dataType: ZVecDataType.INT32,
        indexParams: { indexType: ZVecIndexType.INVERT, enableRangeOptimization: true },
      },
    }),
  );
  for await (const piece of rows) {
    const status = collection.insertSync(
      rowsOf(piece, d).map((vector, i) => ({
        id: String(piece.first + i),
        vectors: { vector },
        fields: { draw: piece.draws[i] },
      })),
    );
    const failed = status.find(({ ok }) => !ok);
    if (failed) throw new Error(`zvec: ${failed.code} ${failed.message}`);
  }
  await collection.optimize();
  return { save: () => collection.closeSync() };
}

export async function open({ folder }, { indexType }) {
  const collection = ZVecOpen(folder, { readOnly: true });
  let params;
  return {
    use({ ef }) {
      params = { indexType, ef };
    },
    search: (vector, topk, below) =>
      collection
        .querySync({
          fieldName: 'vector',
          vector,
          topk,
          params,
          outputFields: [],
          ...(below !== undefined && { filter: `draw < ${below}` }),
        })
        .map(({ id }) => id),
    close: () => collection.closeSync(),
  };
}
