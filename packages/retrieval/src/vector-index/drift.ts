/**
 * Watches whether codes still fit what comes in: a sample of the vectors added since training is coded and decoded when
 * somebody asks, and what that loses is compared with what codes lost of the vectors they were trained on.
 */
import { RandomStream } from '@sagitta/core-wasm';
import { RowReservoir } from '@sagitta/quantizers';
import type { IvfIndex } from '../ivf/ivf-index.ts';

/** Vectors of the sample: about 5 % of what is measured. */
const SAMPLE = 256;

export class Drift {
  readonly #d: number;
  readonly #added: RowReservoir;
  #trained: number | undefined;

  /** trained — |x - x̂|² on average over vectors of training, where that is known. */
  constructor(d: number, trained?: number) {
    this.#d = d;
    this.#trained = trained;
    this.#added = new RowReservoir(SAMPLE, new RandomStream(1, 'vector-index/drift'));
  }

  /** What codes lose of a vector of training, on average; undefined before training. */
  get trained(): number | undefined {
    return this.#trained;
  }

  /** Measures codes on the vectors (n × d) that they were just trained on. */
  train(rows: IvfIndex, sample: Float32Array): void {
    const n = sample.length / this.#d;
    const reservoir = new RowReservoir(SAMPLE, new RandomStream(1, 'vector-index/trained'));
    reservoir.add({ data: sample, n, d: this.#d });
    this.#trained = rows.codingError(reservoir.rows(this.#d).data);
  }

  /** Vectors (n × d) that were added since. */
  add(data: Float32Array): void {
    this.#added.add({ data, n: data.length / this.#d, d: this.#d });
  }

  /** 1 - (lost of training / lost now), at least 0; undefined where nothing is known or was added. */
  share(rows: IvfIndex): number | undefined {
    if (this.#trained === undefined || this.#added.seen === 0) return undefined;
    const now = rows.codingError(this.#added.rows(this.#d).data);
    return now > this.#trained ? 1 - this.#trained / now : 0;
  }
}
