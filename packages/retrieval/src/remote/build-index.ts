/** Drafts of an index that one worker holds, or several between them. The caller commits them. */

import type { Draft } from './changes.ts';
import type { BuildOptions, Progress } from './protocol.ts';
import { drawSample, sendVectors, type VectorInput } from './vector-input.ts';

type OnProgress = ((progress: Progress) => void) | undefined;

/** The first worker trains, the others take over its model; then each gets its share of the vectors. */
export async function buildIndex(
  draft: Draft,
  vectors: VectorInput,
  d: number,
  options: BuildOptions,
  onProgress: OnProgress,
): Promise<void> {
  const { rows: sample, n: total } = await drawSample(vectors, d, options, draft.signal);
  // the sample goes over, and its length with it
  const training = sample.length / d;
  onProgress?.({ phase: 'train', done: 0, total: training });
  await draft.request(0, 'train', { sample, d, options }, { transfer: [sample.buffer as ArrayBuffer] });
  if (draft.shards > 1) {
    const model = await draft.request(0, 'model', {});
    const others = Array.from({ length: draft.shards - 1 }, (_, i) => i + 1);
    await Promise.all(others.map((shard) => draft.request(shard, 'adopt', { model })));
  }
  onProgress?.({ phase: 'train', done: training, total: training });
  const n = await sendVectors(draft, vectors, { d, first: 0, total }, onProgress);
  if (n !== total) {
    throw new RangeError(
      `"vectors" expected the ${total} vectors of its first call, got ${n} from its second`,
    );
  }
}

/** Vectors behind those that there are. */
export async function addVectors(draft: Draft, vectors: VectorInput, onProgress: OnProgress): Promise<void> {
  const shards = await draft.requestAll('extend', {});
  const { d } = shards[0] as (typeof shards)[number];
  const first = shards.reduce((sum, { n }) => sum + n, 0);
  const total = typeof vectors === 'function' ? Number.NaN : vectors.length / d;
  await sendVectors(draft, vectors, { d, first, total }, onProgress);
}
