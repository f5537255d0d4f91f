/** Every list of seeds. */
import { createCore } from '@sagitta/core-wasm';
import type { Seed } from '../reader.ts';
import { indexSeeds, vectorIndexSeeds } from './index-files.ts';
import {
  bridgeSeeds,
  classSeeds,
  fdeEncoderSeeds,
  fdeStoreSeeds,
  kvSeeds,
  lexicalSeeds,
  quantizerSeeds,
  saqModelSeeds,
  staticTokenSeeds,
  tableSeeds,
  tokenStoreSeeds,
} from './models.ts';
import { multiVectorSeeds } from './multi-vector-files.ts';
import { qrelsSeeds } from './texts.ts';
import { FILE_GROUPS } from './vector-files.ts';

/** By the name that readers give. */
export function makeSeeds(): Map<string, readonly Seed[]> {
  using core = createCore();
  const seeds = new Map<string, readonly Seed[]>([
    ['indexes', indexSeeds(core)],
    ['vector-indexes', vectorIndexSeeds(core)],
    ['multi-vector', multiVectorSeeds(core)],
    ['quantizers', quantizerSeeds(core)],
    ['saq-models', saqModelSeeds(core)],
    ['fde-encoders', fdeEncoderSeeds(core)],
    ['fde-stores', fdeStoreSeeds(core)],
    ['token-stores', tokenStoreSeeds(core)],
    ['static-tokens', staticTokenSeeds()],
    ['kv-caches', kvSeeds(core)],
    ['lexical-indexes', lexicalSeeds()],
    ['bridges', bridgeSeeds(core)],
    ['classes', classSeeds(core)],
    ['tables', tableSeeds(core)],
    ['qrels', qrelsSeeds()],
  ]);
  for (const { name, files } of FILE_GROUPS) seeds.set(name, files);
  return seeds;
}
