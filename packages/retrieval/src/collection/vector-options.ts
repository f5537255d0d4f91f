/** Makes the kind of vectors that options say, or that a collection which is there has. */
import type { OptionTable } from '@sagitta/core-wasm';
import {
  namedOptions,
  planOf,
  VECTOR_OPTIONS,
  type VectorIndexOptions,
  type VectorPlan,
} from '../vector-index/options.ts';
import { checkSame, type OpenPlan } from './options.ts';
import type { RecordKinds } from './record-kind.ts';
import { VectorKind } from './vector-kind.ts';

const { trainAt: _, ...INDEX } = VECTOR_OPTIONS;

/** Vectors as records. */
export const vectorKinds: RecordKinds<Float32Array> = {
  name: 'vectors',
  options: INDEX as OptionTable<object>,
  fresh(plan) {
    return { saved: savedOptions(newPlan(plan)), changes: [] };
  },
  async known(store, saved, { index }) {
    return new VectorKind(knownPlan(store.name, saved, index));
  },
};

/** The plan of a new collection's segments. */
function newPlan({ index, textModel }: Pick<OpenPlan, 'index' | 'textModel'>): VectorPlan {
  const { d } = index;
  if (textModel && d !== undefined && d !== textModel.d) {
    throw new RangeError(`"d" expected ${textModel.d}, as the text model has it, got ${d}`);
  }
  const ofTexts = textModel && { d: textModel.d, metric: 'cosine' };
  return planOf({ keepVectors: true, ...ofTexts, ...index } as VectorIndexOptions);
}

/**
 * The plan of the segments of a collection that is there.
 * @throws RangeError where an option is given that differs
 */
function knownPlan(place: string, saved: OpenPlan['index'], given: OpenPlan['index']): VectorPlan {
  const plan = planOf(saved as Partial<VectorIndexOptions> as VectorIndexOptions);
  const { d, metric } = plan;
  checkSame(place, plan, namedOptions({ d, metric, ...given } as VectorIndexOptions));
  return plan;
}

/** What is written down of a plan: what planOf takes again. */
function savedOptions({ trainAt: _, compactAt: _compactAt, ...options }: VectorPlan): OpenPlan['index'] {
  return { ...options };
}
