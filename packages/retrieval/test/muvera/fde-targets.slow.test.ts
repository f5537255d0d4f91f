/** Candidates needed on real tokens: `SAGITTA_DATA=… npx vitest run --config vitest.slow.config.ts fde-targets`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  type FdeEncoder,
  type FdeStoreOptions,
  MuveraFde,
  muveraPreset,
  trainLearnedFde,
} from '../../src/muvera/index.ts';
import { candidatesNeeded, encodeToStore, ranksOfTruth, shareFound } from '../../src/muvera/measure-fde.ts';

const root = process.env['SAGITTA_DATA'];
const D = 128;

function tokens(folder: string, file: string, lengths: string): TokenSet {
  const bytes = readFileSync(join(folder, file));
  const counts = readFileSync(join(folder, lengths));
  const offsets = new Uint32Array(counts.length / 4 + 1);
  for (let i = 0; i + 1 < offsets.length; i++) offsets[i + 1] = offsets[i] + counts.readInt32LE(4 * i);
  const data = Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length), (v) => v / 127);
  return tokenSet(data, offsets, D);
}

describe.skipIf(!root)('on mv-minicolbert-vaswani', () => {
  const folder = join(root ?? '', 'mv-minicolbert-vaswani');
  const core = createCore();
  const documents = root ? tokens(folder, 'doc_tokens.i8', 'doclens.i32') : undefined;
  const queries = root ? tokens(folder, 'query_tokens.i8', 'querylens.i32') : undefined;
  const ranksOf = (encoder: FdeEncoder, store: Pick<FdeStoreOptions, 'encoding' | 'bits'>): Uint32Array => {
    const truth = readFileSync(join(folder, 'gt_maxsim100.ivecs'));
    const best = Uint32Array.from({ length: 930 }, (_, i) =>
      truth.readInt32LE(4 * (101 * Math.floor(i / 10) + 1 + (i % 10))),
    );
    using codes = encodeToStore(core, encoder, documents as TokenSet, store);
    return ranksOfTruth(core, encoder, codes, queries as TokenSet, best);
  };

  it('a learned FDE needs half the candidates of the paper at a fifth of its dimensions, a quarter in 4-bit codes of 1 KiB', () => {
    const paper = ranksOf(new MuveraFde(muveraPreset(10240, D)), { encoding: 'float32' });
    // spec of the field: .891 of the exact top 10 among 200
    expect(Math.abs(shareFound(paper, 200) - 0.891)).toBeLessThan(0.02);
    const learned = trainLearnedFde(core, documents as TokenSet, { numCells: 32, projectionDimension: 63 });
    const needed = candidatesNeeded(paper, 0.9);
    expect(candidatesNeeded(ranksOf(learned, { encoding: 'float32' }), 0.9)).toBeLessThan(needed / 2);
    expect(candidatesNeeded(ranksOf(learned, { encoding: 'saq', bits: 4 }), 0.9)).toBeLessThan(needed / 2);
  }, 1_200_000);
});
