/**
 * What the file of a vector index has besides that of its rows (ivf/format.ts); then the version is 2.
 *
 * LIVE u32[⌈n/32⌉] bit set of the rows that are not dead; left out where all live
 * RIDS, RMDA, RIDX of the live rows (records/format.ts), each where it says something
 * PLAN u32 vectors at the last training, 0 before · f64 what codes lose of them, NaN where not known · UTF-8 of a JSON object,
 *      the options
 */
import { type ByteReader, ByteWriter, type Section } from '@sagitta/core-wasm';
import { planOf, type VectorIndexOptions, type VectorPlan } from './options.ts';

export const VECTOR_SECTIONS = ['LIVE', 'PLAN'] as const;
/** Of the options as JSON. */
const MAX_PLAN_BYTES = 65_536;

export function planSection(plan: VectorPlan, trainedOn: number, lost: number | undefined): Section {
  const { indexed: _, trainAt, ...rest } = plan;
  // JSON has no Infinity: the default is worked out again, or it is left out
  const options = { ...rest, ...(Number.isFinite(trainAt) ? { trainAt } : { trainAt: 'never' }) };
  const writer = new ByteWriter().u32(trainedOn).f64(lost ?? Number.NaN);
  writer.bytes(new TextEncoder().encode(JSON.stringify(options)));
  return { id: 'PLAN', pieces: [writer.finish()] };
}

export interface SavedPlan {
  readonly plan: VectorPlan;
  readonly trainedOn: number;
  readonly lost: number | undefined;
}

/** reader — of the section PLAN. @throws FormatError */
export function readPlan(reader: ByteReader, indexed: readonly string[]): SavedPlan {
  const trainedOn = reader.u32();
  const lost = reader.f64();
  if (!(Number.isNaN(lost) || (lost >= 0 && Number.isFinite(lost)))) {
    reader.fail(`what codes lose expected a number from 0, got ${lost}`);
  }
  if (reader.remaining > MAX_PLAN_BYTES) reader.fail(`options expected at most ${MAX_PLAN_BYTES} bytes`);
  const text = reader.view(reader.remaining);
  let plan: VectorPlan;
  try {
    const given: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new TypeError('expected an object');
    }
    const { trainAt, ...rest } = given as Record<string, unknown>;
    const known = trainAt === 'never' ? Number.POSITIVE_INFINITY : trainAt;
    // planOf checks every option by its table
    plan = planOf({ ...rest, trainAt: known, indexed } as Partial<VectorIndexOptions> as VectorIndexOptions);
  } catch (error) {
    reader.fail(`options: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { plan, trainedOn, lost: Number.isNaN(lost) ? undefined : lost };
}
