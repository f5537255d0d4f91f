/** Every list of seeds, made in code, and the files of tests that are seeds too. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCore } from '@sagitta/core-wasm';
import type { Seed } from '../reader.ts';
import { indexSeeds } from './index-files.ts';
import {
  fdeEncoderSeeds,
  fdeStoreSeeds,
  quantizerSeeds,
  saqModelSeeds,
  staticTokenSeeds,
  tokenStoreSeeds,
} from './models.ts';
import { multiVectorSeeds } from './multi-vector-files.ts';
import { qrelsSeeds } from './texts.ts';
import { FILE_FORMATS } from './vector-files.ts';

const FIXTURES = fileURLToPath(new URL('../../../../packages/node/test/fixtures/', import.meta.url));
/** Larger files are slow to change and say no more. */
const MOST_BYTES = 1 << 16;

function fixtures(extension: string): Seed[] {
  if (!existsSync(FIXTURES)) return [];
  return readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter((name) => extname(name) === `.${extension}`)
    .sort()
    .map((name) => ({ name: basename(name), bytes: new Uint8Array(readFileSync(join(FIXTURES, name))) }))
    .filter(({ bytes }) => bytes.length <= MOST_BYTES);
}

/** By the name that readers give. */
export async function makeSeeds(): Promise<Map<string, readonly Seed[]>> {
  using core = createCore();
  const seeds = new Map<string, readonly Seed[]>([
    ['indexes', indexSeeds(core)],
    ['multi-vector', multiVectorSeeds(core)],
    ['quantizers', quantizerSeeds(core)],
    ['saq-models', saqModelSeeds(core)],
    ['fde-encoders', fdeEncoderSeeds(core)],
    ['fde-stores', fdeStoreSeeds(core)],
    ['token-stores', tokenStoreSeeds(core)],
    ['static-tokens', staticTokenSeeds()],
    ['qrels', qrelsSeeds()],
  ]);
  for (const { extension, make } of FILE_FORMATS) {
    const made = (await make()).map((bytes, i) => ({ name: `${extension} ${i}`, bytes }));
    seeds.set(`file-${extension}`, [...made, ...fixtures(extension)]);
  }
  return seeds;
}
