/** The classes whose file is kept; nothing here may change. */
import { fileURLToPath } from 'node:url';
import type { Core } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { type ClassModel, trainClasses } from '../../src/classes/index.ts';

export const GOLDEN_CLASSES: string = fileURLToPath(new URL('classes.v1.sgc', import.meta.url));

export function makeGoldenClasses(core: Core): ClassModel {
  const labels = Array.from({ length: 60 }, (_, i) => ['water', 'é', 'fire'][i % 3] as string);
  const data = gaussianRows(60, 6, 51).map(
    (value, at) => value + (at % 6 === Math.floor(at / 6) % 3 ? 3 : 0),
  );
  return trainClasses(core, { data, d: 6 }, labels, { kind: 'affine', dims: 2 });
}
