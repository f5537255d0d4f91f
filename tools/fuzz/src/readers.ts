/** Every reader that is fuzzed. */
import type { FuzzReader } from './reader.ts';
import { INDEX_READERS } from './readers/index-files.ts';
import { MODEL_READERS } from './readers/models.ts';
import { MULTI_VECTOR_READERS } from './readers/multi-vector-files.ts';
import { TEXT_READERS } from './readers/texts.ts';
import { FILE_READERS } from './readers/vector-files.ts';

export const READERS: readonly FuzzReader[] = [
  ...INDEX_READERS,
  ...MULTI_VECTOR_READERS,
  ...MODEL_READERS,
  ...TEXT_READERS,
  ...FILE_READERS,
];
