// Sagitta's collection in a folder: codes in memory, float32 vectors in the files, read for a rerank.
import { openCollection } from '@sagitta/node/collection';

export const installs = ['@sagitta/node'];
export const variants = [
  {
    name: '4 bits',
    settings: [
      { name: 'nprobe 16', nprobe: 16 },
      { name: 'nprobe 16, rerank 20', nprobe: 16, rerank: { candidates: 20 } },
      { name: 'nprobe 32, rerank 40', nprobe: 32, rerank: { candidates: 40 } },
    ],
  },
];

export async function build({ d, rows, folder }) {
  const notes = await openCollection(folder, {
    d,
    metric: 'l2',
    bits: 4,
    indexed: ['draw'],
    durability: 'relaxed',
  });
  for await (const { vectors, draws } of rows) {
    await notes.add({ vectors, metadata: Array.from(draws, (draw) => ({ draw })) });
  }
  await notes.compact();
  return { save: () => notes.close() };
}

export async function open({ folder }) {
  const notes = await openCollection(folder, { readOnly: true });
  let options;
  return {
    use({ name, ...wanted }) {
      options = wanted;
    },
    async search(query, k, below) {
      const filter = below === undefined ? {} : { filter: { draw: { lt: below } } };
      return (await notes.search(query, k, { ...options, ...filter })).map(({ id }) => id);
    },
    batch: async (queries, k) =>
      (await notes.searchBatch(queries, k, options)).map((hits) => hits.map(({ id }) => id)),
    close: () => notes.close(),
  };
}
