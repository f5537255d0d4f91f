/**
 * Makes segments of the tail and of other segments, one job after the other and beside everything else. A new segment takes
 * the place of what it was made of in one transaction, which also takes the folded writes out of the log; only then are old files
 * removed. Where a job fails, all is as it was.
 */
import type { RecordId } from '../records/ids.ts';
import { buildSegment } from './build-segment.ts';
import {
  idsName,
  liveKey,
  logKey,
  MANIFEST,
  type Manifest,
  type SegmentEntry,
  segmentName,
  writeLive,
  writeManifest,
} from './format.ts';
import { openSegment } from './load-parts.ts';
import type { OpenPlan } from './options.ts';
import type { Part } from './part.ts';
import type { Parts } from './parts.ts';
import type { Change, CollectionStore } from './store.ts';
import type { WriteQueue } from './write-queue.ts';

/** Bytes of values that the builder of one segment may hold: with its codes and a training they fit in its memory. */
const SEGMENT_BYTES = 1 << 30;
/** So many segments of one size become one. */
const FAN = 4;
/** Fewer dead records than this are left alone. */
const LEAST_DEAD = 64;
/** Tails that may be full before writes wait. */
const FULL_TAILS = 4;

export class Keeper<M, V> {
  manifest: Manifest;
  /** Segments that are damaged and in no part: they stay in the manifest until they are repaired. */
  readonly leftOut: Map<string, SegmentEntry> = new Map();
  /** What a job that nobody waited for ended with. */
  error: Error | undefined;
  readonly #store: CollectionStore;
  readonly #parts: Parts<M, V>;
  readonly #plan: OpenPlan;
  #queue: WriteQueue<M, V> | undefined;
  readonly #foldAt: number;
  /** How full the tail is when the next fold is due. */
  #due = 1;
  #jobs: Promise<unknown> = Promise.resolve();
  #isDue = false;

  constructor(store: CollectionStore, parts: Parts<M, V>, plan: OpenPlan, manifest: Manifest) {
    this.#store = store;
    this.#parts = parts;
    this.#plan = plan;
    this.#foldAt = plan.foldAt ?? parts.kind.foldAt;
    this.manifest = manifest;
  }

  set queue(queue: WriteQueue<M, V>) {
    this.#queue = queue;
  }

  get #fill(): number {
    return this.#parts.tail.fill(this.#foldAt);
  }

  /** Runs body when the jobs before it are through. */
  run<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#jobs.then(body);
    this.#jobs = result.catch(() => {});
    return result;
  }

  /** Resolves when no job is left. */
  async idle(): Promise<void> {
    for (let jobs: unknown; jobs !== this.#jobs; ) {
      jobs = this.#jobs;
      await jobs;
    }
  }

  /** What writes wait for, where the tail is so full that they have to. */
  room(): Promise<unknown> | undefined {
    return this.#isDue && this.#fill >= FULL_TAILS ? this.#jobs : undefined;
  }

  /** Folds the tail where it is large enough. */
  onWritten(): void {
    if (this.#isDue || this.#fill < this.#due) return;
    this.#isDue = true;
    void this.run(async () => {
      try {
        do {
          await this.#fold();
          await this.#mergeDue();
          this.error = undefined;
          this.#due = 1;
        } while (this.#fill >= this.#due);
      } catch (error) {
        this.error = error instanceof Error ? error : new Error(String(error));
        // tried again when there is a quarter more
        this.#due = 1.25 * this.#fill;
      } finally {
        this.#isDue = false;
      }
    });
  }

  /** Everything in as few segments as can be, without dead records; the log is empty. */
  compact(): Promise<void> {
    return this.run(async () => {
      const { tail, number } = await this.#freeze();
      const segments = this.#parts.list.filter(({ file }) => file);
      const tails = this.#tails(tail);
      const isEmpty = tails.every(({ n }) => n === 0);
      if (isEmpty) await this.replace(tails, number);
      const groups: Part<M>[][] = [];
      let size = Number.POSITIVE_INFINITY;
      for (const part of isEmpty ? segments : [...segments, ...tails]) {
        if (size + part.weight > SEGMENT_BYTES) {
          groups.push([]);
          size = 0;
        }
        groups.at(-1)?.push(part);
        size += part.weight;
      }
      for (const group of groups) {
        const [only] = group;
        const isDone = group.length === 1 && only?.file && only.index.dead === 0;
        if (!isDone) await this.replace(group, group.includes(tail) ? number : undefined);
      }
    });
  }

  /** Between two groups: what is staged is published where it was. */
  #freeze(): Promise<{ readonly tail: Part<M>; readonly number: number }> {
    return this.#live.alone(async () => ({ tail: this.#parts.freeze(), number: this.#live.number }));
  }

  /** Runs body between two groups of writes: nothing is written meanwhile. */
  alone<T>(body: () => Promise<T>): Promise<T> {
    return this.#live.alone(body);
  }

  get #live(): WriteQueue<M, V> {
    return this.#queue as WriteQueue<M, V>;
  }

  /** Tails up to one: those whose fold failed, and itself. */
  #tails(last: Part<M>): Part<M>[] {
    const { list } = this.#parts;
    return list.slice(0, list.indexOf(last) + 1).filter(({ file }) => !file);
  }

  async #fold(): Promise<void> {
    const { tail, number } = await this.#freeze();
    await this.replace(this.#tails(tail), number);
  }

  /** Segments of one size that are many enough become one; those that are dead in good part are made anew. */
  async #mergeDue(): Promise<void> {
    for (;;) {
      const segments = this.#parts.list.filter(({ file }) => file);
      const rotten = segments.find(
        ({ index, slots }) => index.dead >= LEAST_DEAD && index.dead > this.#plan.compactAt * slots,
      );
      const due = this.#plan.compactAt < 1 && rotten ? [rotten] : this.#sameSize(segments);
      if (due.length === 0) return;
      await this.replace(due, undefined);
    }
  }

  #sameSize(segments: readonly Part<M>[]): Part<M>[] {
    const byTier = new Map<number, Part<M>[]>();
    for (const part of segments) {
      const tier = Math.max(0, Math.floor(Math.log2(part.n / this.#foldAt) / Math.log2(FAN)));
      byTier.set(tier, [...(byTier.get(tier) ?? []), part]);
    }
    for (const parts of byTier.values()) {
      const some = parts.slice(0, FAN);
      if (some.length === FAN && some.reduce((sum, { weight }) => sum + weight, 0) <= SEGMENT_BYTES)
        return some;
    }
    return [];
  }

  /** Makes one segment of sources, which it replaces. folded — the last write that is in it, where tails are among them; keptAs — what the file of a damaged one is called from now on. */
  async replace(sources: readonly Part<M>[], folded: number | undefined, keptAs?: string): Promise<void> {
    const name = segmentName(this.manifest.made + 1);
    let made: Part<M> | undefined;
    try {
      const ids = await buildSegment(this.#store, this.#parts, sources, name);
      if (ids.length > 0) made = await this.openSegment(name);
      await this.#live.alone(() => this.takeIn(sources, made, ids, folded));
    } catch (error) {
      await made?.dispose();
      await this.#remove(name);
      throw error;
    }
    for (const { file } of sources) {
      if (!file) continue;
      if (keptAs) await this.#store.renameFile(file.name, keptAs).catch(() => {});
      await this.#remove(file.name);
    }
  }

  openSegment(name: string): Promise<Part<M>> {
    return openSegment<M, V>(this.#store, this.#parts, name);
  }

  /** The transaction that makes a segment part of the collection, and its sources not. */
  async takeIn(
    sources: readonly Part<M>[],
    made: Part<M> | undefined,
    ids: readonly RecordId[],
    folded: number = this.manifest.folded,
  ): Promise<void> {
    // what has died since it was built; sources only lose records
    const alive = sources.reduce((sum, { n }) => sum + n, 0);
    if (made && alive < ids.length) {
      made.index.delete(ids.filter((id) => !sources.some((part) => part.has(id))));
    }
    const first = Math.max(0, this.#parts.list.indexOf(sources[0] as Part<M>));
    const list = this.#parts.list.filter((part) => !sources.includes(part));
    if (made) list.splice(first, 0, made);
    const segments = list.flatMap(({ file, slots }): SegmentEntry[] =>
      file ? [{ name: file.name, n: slots, bytes: file.source.size }] : [],
    );
    segments.push(...this.leftOut.values());
    const next: Manifest = {
      ...this.manifest,
      segments,
      folded,
      next: this.#parts.next,
      made: this.manifest.made + 1,
    };
    const changes: Change[] = [{ key: MANIFEST, value: writeManifest(next) }];
    for (let number = this.manifest.folded + 1; number <= folded; number++) {
      changes.push({ key: logKey(number) });
    }
    for (const { file } of sources) if (file) changes.push({ key: liveKey(file.name) });
    const changed = list.filter(({ file, index, saidDead }) => file && index.dead > saidDead);
    const said = changed.map((part) => ({ part, dead: part.index.dead }));
    for (const part of changed) {
      changes.push({ key: liveKey(part.file?.name as string), value: writeLive(part.liveWords()) });
    }
    await this.#store.commit(changes);
    this.manifest = next;
    this.#parts.list = list;
    for (const { part, dead } of said) part.saidDead = dead;
    for (const part of sources) await part.dispose();
  }

  /** Files that cannot be removed now are when the collection is next opened. */
  async #remove(name: string): Promise<void> {
    for (const one of [name, idsName(name)]) await this.#store.removeFile(one).catch(() => {});
  }
}
