/**
 * LIMIT without a model: each thing is a fixed pseudo-random unit vector, a document the set of its things, a query one
 * vector. Exact MaxSim then answers every query (a query's vector has similarity 1 with itself and with nothing else), so
 * every miss is that of the encoding under test.
 */
import { type Core, RandomStream, type TokenSet } from '@sagitta/core-wasm';
import { maxsimRerank } from '@sagitta/retrieval/maxsim';
import type { FdeEncoder } from '@sagitta/retrieval/muvera';
import type { LimitCollection } from './collection.ts';

export interface HashedRow {
  readonly documents: number;
  /** R,k,p. */
  readonly config: string;
  /** By FDE alone. */
  readonly recall2: number;
  readonly recall10: number;
  readonly recall100: number;
  /** Recall@10 after MaxSim of the 100 best by FDE. */
  readonly reranked10: number;
}

/** Documents that are encoded at a time. */
const CHUNK = 512;
const DEPTH = 100;

/** attributes × d, each of length 1: sums of four bytes less 510, near to a normal distribution, from the name alone. */
export function attributeVectors(attributes: readonly string[], d: number): Float32Array {
  const out = new Float32Array(attributes.length * d);
  attributes.forEach((name, i) => {
    const random = new RandomStream(1, `limit/${name}`);
    const row = out.subarray(i * d, (i + 1) * d);
    let energy = 0;
    for (let j = 0; j < d; j++) {
      const bytes = random.nextU32();
      const value = (bytes & 255) + ((bytes >>> 8) & 255) + ((bytes >>> 16) & 255) + (bytes >>> 24) - 510;
      row[j] = value;
      energy += value * value;
    }
    const scale = 1 / Math.sqrt(energy);
    for (let j = 0; j < d; j++) row[j] = (row[j] as number) * scale;
  });
  return out;
}

export function documentTokens(
  collection: LimitCollection,
  vectors: Float32Array,
  d: number,
  ids: ArrayLike<number>,
): TokenSet {
  const offsets = new Uint32Array(ids.length + 1);
  for (let i = 0; i < ids.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + (collection.documents[ids[i] as number] as Uint32Array).length;
  }
  const data = new Float32Array((offsets[ids.length] as number) * d);
  for (let i = 0; i < ids.length; i++) {
    (collection.documents[ids[i] as number] as Uint32Array).forEach((attribute, t) => {
      data.set(vectors.subarray(attribute * d, (attribute + 1) * d), ((offsets[i] as number) + t) * d);
    });
  }
  return { data, offsets, n: ids.length, d };
}

/** Recall over all queries of the collection, and of the ranking again by MaxSim. */
export function measureHashed(
  core: Core,
  collection: LimitCollection,
  encoder: FdeEncoder,
  config: string,
  vectors: Float32Array,
): HashedRow {
  const { d } = encoder;
  const best = rankByFde(core, collection, encoder, vectors);
  let [recall2, recall10, recall100, reranked10] = [0, 0, 0, 0];
  collection.queries.forEach(({ attribute, documents }, q) => {
    const ids = best[q] as Uint32Array;
    const found = (list: Uint32Array, k: number): number =>
      documents.filter((id) => list.subarray(0, k).includes(id)).length / 2;
    recall2 += found(ids, 2);
    recall10 += found(ids, 10);
    recall100 += found(ids, 100);
    const data = vectors.subarray(attribute * d, (attribute + 1) * d);
    const { positions } = maxsimRerank(core, { data, n: 1, d }, documentTokens(collection, vectors, d, ids), {
      k: 10,
    });
    reranked10 += found(
      positions.map((at) => ids[at] as number),
      10,
    );
  });
  const n = collection.queries.length;
  return {
    documents: collection.documents.length,
    config,
    recall2: recall2 / n,
    recall10: recall10 / n,
    recall100: recall100 / n,
    reranked10: reranked10 / n,
  };
}

/** The best documents of each query by inner product of FDEs, best first, ties to the lower id. */
function rankByFde(
  core: Core,
  collection: LimitCollection,
  encoder: FdeEncoder,
  vectors: Float32Array,
): Uint32Array[] {
  const { d, length } = encoder;
  const n = collection.documents.length;
  using session = encoder.createSession(core);
  // a query of one token fills one cell a repetition: only those numbers are multiplied
  const places: number[] = [];
  const values: number[] = [];
  const ends = collection.queries.map(({ attribute }) => {
    const fde = session.encodeQuery(vectors.subarray(attribute * d, (attribute + 1) * d));
    fde.forEach((value, at) => {
      if (value === 0) return;
      places.push(at);
      values.push(value);
    });
    return places.length;
  });
  const query = { places: Uint32Array.from(places), values: Float32Array.from(values) };
  const tops = ends.map(() => new TopList(Math.min(DEPTH, n)));
  for (let first = 0; first < n; first += CHUNK) {
    const ids = Uint32Array.from({ length: Math.min(CHUNK, n - first) }, (_, i) => first + i);
    const fdes = new Float32Array(ids.length * length);
    session.encodeDocuments(documentTokens(collection, vectors, d, ids), fdes);
    // documents outside, queries inside: one FDE stays in the nearest cache for all of them
    for (let i = 0; i < ids.length; i++) {
      const fde = fdes.subarray(i * length, (i + 1) * length);
      for (let q = 0, s = 0; q < ends.length; q++) {
        const end = ends[q] as number;
        let sum = 0;
        for (; s < end; s++) sum += (query.values[s] as number) * (fde[query.places[s] as number] as number);
        (tops[q] as TopList).offer(first + i, sum);
      }
    }
  }
  return tops.map((top) => top.ids());
}

/** The `size` largest scores, in order; later ties lose. */
class TopList {
  readonly #scores: Float64Array;
  readonly #ids: Uint32Array;
  #count = 0;

  constructor(size: number) {
    this.#scores = new Float64Array(size);
    this.#ids = new Uint32Array(size);
  }

  offer(id: number, score: number): void {
    const size = this.#scores.length;
    if (this.#count === size && score <= (this.#scores[size - 1] as number)) return;
    let at = this.#count < size ? this.#count++ : size - 1;
    for (; at > 0 && (this.#scores[at - 1] as number) < score; at--) {
      this.#scores[at] = this.#scores[at - 1] as number;
      this.#ids[at] = this.#ids[at - 1] as number;
    }
    this.#scores[at] = score;
    this.#ids[at] = id;
  }

  ids(): Uint32Array {
    return this.#ids.slice(0, this.#count);
  }
}
