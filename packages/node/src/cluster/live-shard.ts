/** A shard that is served: its segment, and the writes since that belong to it. */
import { CapacityError } from '@sagitta/core-wasm';
import type { VectorIndex } from '@sagitta/retrieval';
import { type ClusterManifest, isOwnedAlike, type ManifestShard, ownerOf } from './manifest.ts';
import type { WireAnswer, WireQuery } from './wire-search.ts';
import { readWrite, type WireWrite } from './wire-write.ts';
import type { NumberedWrite } from './write-stream.ts';

/** Applies writes to the index of a segment, and searches it. */
export class LiveShard implements Disposable {
  readonly #index: VectorIndex;
  readonly #manifest: ClusterManifest;
  readonly #shard: ManifestShard;
  #applied: number;
  #changed: number | undefined;
  #waiting: { readonly number: number; readonly resolve: () => void }[] = [];

  /** index — of the shard's segment: disposed with this. */
  constructor(index: VectorIndex, manifest: ClusterManifest, shard: ManifestShard) {
    this.#index = index;
    this.#manifest = manifest;
    this.#shard = shard;
    this.#applied = manifest.writes ?? 0;
  }

  /** Whether a write since has changed it. */
  get isChanged(): boolean {
    return this.#changed !== undefined;
  }
  /** Number of the last write that it has seen. */
  get applied(): number {
    return this.#applied;
  }
  get index(): VectorIndex {
    return this.#index;
  }

  /**
   * Applies what of the next write belongs to it.
   * @throws FormatError, RangeError on what is no write: it is passed over, by everybody; CapacityError where the memory ends: then nothing of it is applied
   */
  apply({ number, data }: NumberedWrite): void {
    try {
      this.#apply(readWrite(data, this.#index.d), number);
    } finally {
      this.#applied = number;
      const ready = this.#waiting.filter((waiting) => waiting.number <= number);
      this.#waiting = this.#waiting.filter((waiting) => waiting.number > number);
      for (const { resolve } of ready) resolve();
    }
  }

  /** apply, where what is no write is told. @throws CapacityError */
  applyOr(write: NumberedWrite, tell: (error: unknown) => void): void {
    try {
      this.apply(write);
    } catch (error) {
      if (error instanceof CapacityError) throw error;
      tell(error);
    }
  }

  #apply({ ids, vectors }: WireWrite, number: number): void {
    const own: number[] = [];
    for (const [i, id] of ids.entries()) if (ownerOf(this.#manifest, id) === this.#shard) own.push(i);
    if (own.length === 0) return;
    const local = own.map((i) => this.#local(ids[i] as number));
    if (vectors === undefined) {
      if (this.#index.delete(local) > 0) this.#changed ??= number;
      return;
    }
    this.#changed ??= number;
    const { d } = this.#index;
    this.#index.upsert({ ids: local, vectors: own.map((i) => vectors.subarray(i * d, (i + 1) * d)) });
  }

  /** Whether it is what a shard of another version is: the same segment, of which what that version knows of writes has changed nothing. */
  isAlso(manifest: ClusterManifest, shard: ManifestShard): boolean {
    const writes = manifest.writes ?? 0;
    return (
      shard.segment === this.#shard.segment &&
      shard.id === this.#shard.id &&
      isOwnedAlike(manifest, this.#manifest) &&
      writes >= (this.#manifest.writes ?? 0) &&
      writes <= this.#applied &&
      writes < (this.#changed ?? Number.POSITIVE_INFINITY)
    );
  }

  /** Resolves when a write is applied, or at the signal. */
  async reached(number: number, signal?: AbortSignal): Promise<void> {
    if (number <= this.#applied) return;
    await new Promise<void>((resolve) => {
      const waiting = { number, resolve };
      this.#waiting.push(waiting);
      const forget = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve();
      };
      signal?.addEventListener('abort', forget, { once: true });
    });
  }

  /** @throws RangeError on a query or options that are wrong */
  answer({ query, k, options, filter }: WireQuery): WireAnswer {
    const { nprobe, ef, gamma, precision, rerank } = options;
    const { ids, scores } = this.#index.searchIds(query, k, {
      ...(nprobe !== undefined && { nprobe }),
      ...(ef !== undefined && { ef }),
      ...(gamma !== undefined && { gamma }),
      ...(precision !== undefined && { precision }),
      ...(rerank !== undefined && { rerank }),
      ...(filter && { filter: Array.from(filter, (id) => this.#local(id)) }),
    });
    const { firstId } = this.#shard;
    return { ids: Uint32Array.from(ids, (id) => (Number(id) + firstId) >>> 0), scores };
  }

  /** The id in the segment: from its first one on, and around the end of 32 bits. */
  #local(id: number): number {
    return (id - this.#shard.firstId) >>> 0;
  }

  [Symbol.dispose](): void {
    this.#index.dispose();
  }
}
