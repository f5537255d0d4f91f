// Sagitta's VectorIndex through @sagitta/node: SAQ codes, float32 vectors nowhere but where a rerank asks for them.
import { mkdirSync } from 'node:fs';
import { buildVectorIndex, createCore, loadVectorIndexFile, saveIndexFile } from '@sagitta/node';

export const installs = ['@sagitta/node'];

const EFS = [16, 32, 64, 96, 128, 256].map((ef) => ({ name: `ef ${ef}`, ef }));
const NPROBES = [4, 8, 12, 24, 48, 96].map((nprobe) => ({ name: `nprobe ${nprobe}`, nprobe }));
export const variants = [
  { name: 'flat, 4 bits', options: { index: 'flat', bits: 4 }, settings: [{ name: '' }] },
  { name: 'lists, 4 bits', options: { index: 'ivf', bits: 4 }, settings: NPROBES },
  { name: 'lists, 8 bits', options: { index: 'ivf', bits: 8 }, settings: NPROBES },
  { name: 'graph, 4 bits', options: { index: 'graph', bits: 4 }, settings: EFS },
  { name: 'graph, 8 bits', options: { index: 'graph', bits: 8 }, settings: EFS },
];

const fileIn = (folder) => `${folder}/index.sag`;

export async function build({ n, d, rows, folder }, { options }) {
  const vectors = new Float32Array(n * d);
  const metadata = [];
  for await (const piece of rows) {
    vectors.set(piece.vectors, piece.first * d);
    for (const draw of piece.draws) metadata.push({ draw });
  }
  const own = { d, metric: 'l2', indexed: ['draw'], ...options };
  const index = buildVectorIndex(createCore(), { vectors, metadata }, own);
  return {
    save() {
      mkdirSync(folder, { recursive: true });
      return saveIndexFile(fileIn(folder), index);
    },
  };
}

export async function open({ folder }) {
  const index = await loadVectorIndexFile(createCore(), fileIn(folder));
  let options;
  return {
    use({ name, ...wanted }) {
      options = wanted;
    },
    search: (query, k, below) =>
      index.searchIds(
        query,
        k,
        below === undefined ? options : { ...options, filter: { draw: { lt: below } } },
      ).ids,
    batch: (queries, k) => index.searchBatch(queries, k, options).map((hits) => hits.map(({ id }) => id)),
  };
}
