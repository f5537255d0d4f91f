/** Token sets that SAGITTA_DATA points to, with the exact MaxSim neighbours of their queries, and generated ones. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RandomStream, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { openVectors, readAll, readMatrixI32 } from '@sagitta/node';
import { normal } from './normal.ts';

export interface FdeSet {
  readonly name: string;
  readonly documents: TokenSet;
  readonly queries: TokenSet;
  /** nq × 10: the exact MaxSim top 10. */
  readonly truth: Uint32Array;
}

const D = 128;
const K = 10;

async function offsetsFrom(path: string): Promise<Uint32Array> {
  const bytes = await readFile(path);
  const offsets = new Uint32Array(bytes.length / 4 + 1);
  for (let i = 0; i + 1 < offsets.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + bytes.readInt32LE(4 * i);
  }
  return offsets;
}

async function truthFrom(path: string): Promise<Uint32Array> {
  const { data, d } = await readMatrixI32(path);
  const nq = data.length / d;
  return Uint32Array.from({ length: nq * K }, (_, i) => data[Math.floor(i / K) * d + (i % K)] as number);
}

/** Rows of int8, value / 127. */
export async function int8Tokens(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return Float32Array.from(
    new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    (value) => value / 127,
  );
}

export async function loadVaswani(root: string): Promise<FdeSet> {
  const folder = join(root, 'mv-minicolbert-vaswani');
  const [documents, queries, docOffsets, queryOffsets, truth] = await Promise.all([
    int8Tokens(join(folder, 'doc_tokens.i8')),
    int8Tokens(join(folder, 'query_tokens.i8')),
    offsetsFrom(join(folder, 'doclens.i32')),
    offsetsFrom(join(folder, 'querylens.i32')),
    truthFrom(join(folder, 'gt_maxsim100.ivecs')),
  ]);
  return {
    name: 'mv-minicolbert-vaswani',
    documents: tokenSet(documents, docOffsets, D),
    queries: tokenSet(queries, queryOffsets, D),
    truth,
  };
}

export async function loadWiki(root: string): Promise<FdeSet> {
  const folder = join(root, 'mv-colbertv2-wiki-4bit');
  const tokens = async (file: string): Promise<Float32Array> => {
    const source = await openVectors(join(folder, file));
    try {
      return (await readAll(source, Infinity)).data;
    } finally {
      await source.close();
    }
  };
  return {
    name: 'mv-colbertv2-wiki-4bit',
    documents: tokenSet(await tokens('doc_tokens.fvecs'), await offsetsFrom(join(folder, 'doclens.i32')), D),
    queries: tokenSet(
      await tokens('query_tokens.fvecs'),
      await offsetsFrom(join(folder, 'querylens.i32')),
      D,
    ),
    truth: await truthFrom(join(folder, 'gt_maxsim100.ivecs')),
  };
}

export interface CloudOptions {
  readonly documents: number;
  readonly queries: number;
  readonly queryTokens: number;
  /** Length of the direction that all tokens share; tokens' own part has length about 1. */
  readonly common: number;
  /** Directions with a random coefficient a token, and their standard deviation. */
  readonly nuisances: number;
  readonly strength: number;
  readonly seed: number;
}

/**
 * Anisotropic token clouds: unit tokens of common direction + nuisance directions + one of 2,000 words + noise. Documents
 * have 15 to 150 words; a query is made of words of one document with noise of its own and fresh nuisances.
 */
export function makeCloud(options: CloudOptions): { documents: TokenSet; queries: TokenSet } {
  const random = new RandomStream(options.seed, 'bench/cloud');
  const unit = (length: number): Float32Array => {
    const row = Float32Array.from({ length: D }, () => normal(random));
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    return row.map((value) => (length * value) / norm);
  };
  const common = unit(options.common);
  const nuisances = Array.from({ length: options.nuisances }, () => unit(1));
  const words = Array.from({ length: 2000 }, () => unit(1));
  const token = (word: number, noise: number): Float32Array => {
    const row = unit(noise);
    const own = words[word] as Float32Array;
    for (let j = 0; j < D; j++) row[j] = (row[j] as number) + (own[j] as number) + (common[j] as number);
    for (const direction of nuisances) {
      const coefficient = options.strength * normal(random);
      for (let j = 0; j < D; j++) row[j] = (row[j] as number) + coefficient * (direction[j] as number);
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    return row.map((value) => value / norm);
  };
  const sets = (texts: readonly number[][], noise: number): TokenSet => {
    const offsets = new Uint32Array(texts.length + 1);
    texts.forEach((text, i) => {
      offsets[i + 1] = (offsets[i] as number) + text.length;
    });
    const data = new Float32Array((offsets[texts.length] as number) * D);
    texts.flat().forEach((word, i) => {
      data.set(token(word, noise), i * D);
    });
    return tokenSet(data, offsets, D);
  };
  const texts = Array.from({ length: options.documents }, () =>
    Array.from({ length: 15 + random.nextBelow(136) }, () => random.nextBelow(words.length)),
  );
  const asked = Array.from({ length: options.queries }, () => {
    const text = texts[random.nextBelow(texts.length)] as number[];
    return Array.from({ length: options.queryTokens }, () => text[random.nextBelow(text.length)] as number);
  });
  return { documents: sets(texts, 0.5), queries: sets(asked, 0.5) };
}
