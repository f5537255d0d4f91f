/** The file that a save writes: the index of this worker alone, or those of all workers as one. */
import type { Core, Snapshot } from '@sagitta/core-wasm';
import type { ByteSource } from '../index.ts';
import { MergedFile } from './merge-files.ts';
import { openPeer } from './peer-source.ts';

export class SavedFile implements Disposable {
  readonly #core: Core;
  readonly #snapshot: Snapshot;
  readonly #others: readonly MessagePort[];
  readonly #signal: AbortSignal;
  #merged: MergedFile | undefined;

  /** snapshot — its own from now on; others — ports at which the other workers hold their files, by shard from 1 on */
  constructor(core: Core, snapshot: Snapshot, others: readonly MessagePort[], signal: AbortSignal) {
    this.#core = core;
    this.#snapshot = snapshot;
    this.#others = others;
    this.#signal = signal;
  }

  /** Waits for the others' files. Chunks are good until the next is asked for. */
  async open(): Promise<{
    readonly byteLength: number;
    readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  }> {
    const snapshot = this.#snapshot;
    if (this.#others.length === 0) return { byteLength: snapshot.byteLength, chunks: snapshot.chunks() };
    const mine: ByteSource = {
      size: snapshot.byteLength,
      read: async (offset, length) => snapshot.read(offset, length),
    };
    const others = await Promise.all(this.#others.map((port) => openPeer(port, this.#signal)));
    this.#merged = await MergedFile.open(this.#core, [mine, ...others], this.#signal);
    return { byteLength: this.#merged.byteLength, chunks: this.#merged.chunks() };
  }

  /** The whole file as one array. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#others.length === 0) return this.#snapshot.bytes();
    const { byteLength, chunks } = await this.open();
    const out = new Uint8Array(byteLength);
    let at = 0;
    for await (const chunk of chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  dispose(): void {
    this.#merged?.dispose();
    this.#snapshot.dispose();
    for (const port of this.#others) port.close();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
