/** The page's own state beside the index: texts to embed queries by, or vectors and their names. */
import { type IndexStorage, openStorage } from '@sagitta/web';
import type { Remote } from 'comlink';
import { type Dataset, textDataset, vectorDataset } from './dataset.ts';
import type { Lab, TextFile } from './lab-worker.ts';

export const INDEX_NAME = 'demo';
/** The index of words beside it. */
export const WORDS_NAME = 'demo-words';
const STATE_NAME = 'demo-state';
const VECTORS_NAME = 'demo-vectors';

interface State {
  readonly kind: Dataset['kind'];
  readonly name: string;
  readonly d: number;
  readonly files?: readonly TextFile[];
  readonly labels?: readonly string[];
  readonly hasWords: boolean;
}

/** IndexedDB, which pages can write to; the index itself goes to OPFS from its worker. */
async function storage(): Promise<IndexStorage> {
  return openStorage('indexeddb');
}

export async function saveState(dataset: Dataset, hasWords: boolean): Promise<void> {
  const { kind, name, d, source } = dataset;
  const store = await storage();
  const state: State = {
    kind,
    name,
    d,
    hasWords,
    ...('files' in source ? source : source.labels && { labels: source.labels }),
  };
  await store.write(STATE_NAME, [new TextEncoder().encode(JSON.stringify(state))]);
  if (kind === 'vectors') {
    const { buffer, byteOffset, byteLength } = dataset.data;
    await store.write(VECTORS_NAME, [new Uint8Array(buffer, byteOffset, byteLength)]);
  }
}

export async function hasState(): Promise<boolean> {
  return (await (await storage()).list()).some(({ name }) => name === STATE_NAME);
}

export async function loadState(lab: Remote<Lab>): Promise<{ dataset: Dataset; hasWords: boolean }> {
  const store = await storage();
  const read = async (name: string): Promise<Uint8Array> => {
    const source = await store.open(name);
    try {
      return await source.read(0, source.size);
    } finally {
      await source.close?.();
    }
  };
  const state: State = JSON.parse(new TextDecoder().decode(await read(STATE_NAME)));
  const { hasWords } = state;
  if (state.kind === 'text')
    return { dataset: await textDataset(lab, state.name, state.files ?? []), hasWords };
  const bytes = await read(VECTORS_NAME);
  return {
    dataset: vectorDataset(state.name, new Float32Array(bytes.slice().buffer), state.d, state.labels),
    hasWords,
  };
}
