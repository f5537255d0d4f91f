/** Token sets to measure on: the collection that SAGITTA_DATA points to, and clustered ones made from a seed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { normalizeRows, RandomStream, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { readMatrixI32 } from '@sagitta/node';

export interface TokenCollection {
  readonly name: string;
  readonly documents: TokenSet;
  readonly queries: TokenSet;
  /** Documents of the exact MaxSim order of each query, best first: queries.n × truthWidth. */
  readonly truth: Uint32Array;
  readonly truthWidth: number;
  /** The collection's own names, by row. */
  readonly documentIds: readonly string[];
  readonly queryIds: readonly string[];
}

const D = 128;

async function readTokens(folder: string, name: string, lengths: string): Promise<TokenSet> {
  const bytes = await readFile(join(folder, name));
  const lens = await readFile(join(folder, lengths));
  const data = Float32Array.from(bytes, (byte) => ((byte << 24) >> 24) / 127);
  const offsets = new Uint32Array(lens.length / 4 + 1);
  for (let i = 0; i < lens.length / 4; i++) offsets[i + 1] = (offsets[i] as number) + lens.readInt32LE(4 * i);
  return tokenSet(data, offsets, D, name);
}

async function readLines(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).trim().split('\n');
}

/** mv-minicolbert-vaswani: 11,429 abstracts, 93 queries, tokens of a small late-interaction model as int8 / 127. */
export async function loadVaswani(root: string): Promise<TokenCollection> {
  const folder = join(root, 'mv-minicolbert-vaswani');
  const truth = await readMatrixI32(join(folder, 'gt_maxsim100.ivecs'));
  return {
    name: 'mv-minicolbert-vaswani',
    documents: await readTokens(folder, 'doc_tokens.i8', 'doclens.i32'),
    queries: await readTokens(folder, 'query_tokens.i8', 'querylens.i32'),
    truth: Uint32Array.from(truth.data),
    truthWidth: truth.d,
    documentIds: await readLines(join(folder, 'doc_ids.txt')),
    queryIds: await readLines(join(folder, 'query_ids.txt')),
  };
}

export function rowsOf({ data, offsets, d }: TokenSet, i: number): Float32Array {
  return data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d);
}

/** Documents first…end - 1, without a copy of the tokens. */
export function slice({ data, offsets, d }: TokenSet, first: number, end: number): TokenSet {
  const start = offsets[first] as number;
  return {
    data: data.subarray(start * d, (offsets[end] as number) * d),
    offsets: offsets.slice(first, end + 1).map((offset) => offset - start),
    n: end - first,
    d,
  };
}

export interface ClusteredOptions {
  readonly topics: number;
  /** Topics that a document keeps to. */
  readonly topicsOfOne: number;
  readonly tokens: number;
  readonly queryTokens: number;
  readonly seed: number;
}

/**
 * Documents whose unit tokens lie around a few of many topics, made in pieces so that the float32 of all of them is never
 * there at once. A query is made of tokens of one document with noise, so that it has neighbours.
 */
export class ClusteredTokens {
  readonly d: number = D;
  readonly #topics: Float32Array;
  readonly #options: ClusteredOptions;

  constructor(options: ClusteredOptions) {
    this.#options = options;
    const random = new RandomStream(options.seed, 'topics');
    // directions of decreasing weight, as embeddings have them: a participation ratio of about 40 of 128
    const topics = new Float32Array(options.topics * D);
    for (let i = 0; i < topics.length; i++) topics[i] = gaussian(random) / Math.sqrt(1 + (i % D) / 16);
    this.#topics = normalizeRows(topics, D);
  }

  #row(random: RandomStream, topic: number, spread: number, out: Float32Array, at: number): void {
    for (let j = 0; j < D; j++) {
      const noise = (spread * gaussian(random)) / Math.sqrt(D * (1 + j / 64));
      out[at + j] = (this.#topics[topic * D + j] as number) + noise;
    }
  }

  /** Documents first…end - 1; the same whatever piece they are made in. */
  documents(first: number, end: number): TokenSet {
    const { tokens, topics, topicsOfOne, seed } = this.#options;
    const n = end - first;
    const data = new Float32Array(n * tokens * D);
    for (let i = 0; i < n; i++) {
      const random = new RandomStream(seed, `document/${first + i}`);
      const own = Array.from({ length: topicsOfOne }, () => random.nextBelow(topics));
      for (let t = 0; t < tokens; t++) {
        this.#row(random, own[random.nextBelow(topicsOfOne)] as number, 0.7, data, (i * tokens + t) * D);
      }
    }
    const offsets = Uint32Array.from({ length: n + 1 }, (_, i) => i * tokens);
    return tokenSet(normalizeRows(data, D), offsets, D);
  }

  queries(count: number, documents: number): TokenSet {
    const { queryTokens, tokens, seed } = this.#options;
    const random = new RandomStream(seed, 'queries');
    const data = new Float32Array(count * queryTokens * D);
    for (let q = 0; q < count; q++) {
      const document = random.nextBelow(documents);
      const rows = this.documents(document, document + 1).data;
      for (let t = 0; t < queryTokens; t++) {
        const token = random.nextBelow(tokens) * D;
        const at = (q * queryTokens + t) * D;
        for (let j = 0; j < D; j++) {
          data[at + j] = (rows[token + j] as number) + (0.6 * gaussian(random)) / Math.sqrt(D);
        }
      }
    }
    const offsets = Uint32Array.from({ length: count + 1 }, (_, i) => i * queryTokens);
    return tokenSet(normalizeRows(data, D), offsets, D);
  }
}

/** Sum of four 16-bit uniforms, centred, variance 1. */
function gaussian(random: RandomStream): number {
  const a = random.nextU32();
  const b = random.nextU32();
  const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
  return (sum / 65536 - 2 + 2 / 65536) * Math.sqrt(3);
}
