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
  /** What documents are about; each has TOPICS_OF_SUBJECT topics, of which a document takes TOPICS_OF_DOCUMENT. */
  readonly subjects: number;
  readonly tokens: number;
  readonly queryTokens: number;
  readonly seed: number;
}

const TOPICS_OF_SUBJECT = 10;
const TOPICS_OF_DOCUMENT = 6;
/** Token vectors of a topic. */
const VARIANTS = 12;

/**
 * Documents in clusters: each is about one subject, and its unit tokens are drawn from the vectors of some of the subject's
 * topics, variants around a direction. They are made in pieces, so that the float32 of all of them is never there at once. A
 * query is made of tokens of one document with noise; its neighbours are documents of the same subject.
 */
export class ClusteredTokens {
  readonly d: number = D;
  /** Unit vectors, VARIANTS a topic. */
  readonly #vocabulary: Float32Array;
  readonly #options: ClusteredOptions;

  constructor(options: ClusteredOptions) {
    this.#options = options;
    const random = new RandomStream(options.seed, 'topics');
    const topics = options.subjects * TOPICS_OF_SUBJECT;
    const words = new Float32Array(topics * VARIANTS * D);
    const centre = new Float32Array(D);
    for (let topic = 0; topic < topics; topic++) {
      // coordinates of falling weight, as embeddings have them
      for (let j = 0; j < D; j++) centre[j] = gaussian(random) / Math.sqrt(1 + j / 16);
      for (let variant = 0; variant < VARIANTS; variant++) {
        const at = (topic * VARIANTS + variant) * D;
        for (let j = 0; j < D; j++) {
          words[at + j] = (centre[j] as number) + (0.7 * gaussian(random)) / Math.sqrt(1 + j / 16);
        }
      }
    }
    this.#vocabulary = normalizeRows(words, D);
  }

  /** Documents first…end - 1; the same whatever piece they are made in. */
  documents(first: number, end: number): TokenSet {
    const { tokens, subjects, seed } = this.#options;
    const n = end - first;
    const data = new Float32Array(n * tokens * D);
    for (let i = 0; i < n; i++) {
      const random = new RandomStream(seed, `document/${first + i}`);
      const subject = random.nextBelow(subjects) * TOPICS_OF_SUBJECT;
      const own = Uint32Array.from({ length: TOPICS_OF_SUBJECT }, (_, topic) => subject + topic);
      random.shuffle(own);
      for (let t = 0; t < tokens; t++) {
        const topic = own[random.nextBelow(TOPICS_OF_DOCUMENT)] as number;
        const word = (topic * VARIANTS + random.nextBelow(VARIANTS)) * D;
        data.set(this.#vocabulary.subarray(word, word + D), (i * tokens + t) * D);
      }
    }
    const offsets = Uint32Array.from({ length: n + 1 }, (_, i) => i * tokens);
    return tokenSet(data, offsets, D);
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
