// What one runtime is measured by: every case timed, its answer kept; the relaxed build beside the default one.
// A work module (see runtime-tests/runtimes.mjs), and what the bench page runs.
import { createCore } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore, hasRelaxedSimd } from '@sagitta/core-wasm/relaxed';
import { hash } from '../../runtime-tests/smoke/seeded.mjs';
import { encodeCases, searchCases } from './index-cases.mjs';
import { kernelCases } from './kernel-cases.mjs';
import { measure } from './measure.mjs';
import { multiVectorCases } from './multi-vector-cases.mjs';

export const RELAXED = 'kernels, relaxed build';

/**
 * @typedef {object} Measured
 * @property {string} name
 * @property {string} group
 * @property {string} unit
 * @property {number} best - nanoseconds a unit
 * @property {number} median
 * @property {string} answer - SHA-256; of the relaxed build, of the answers that have no bound
 * @property {number} [error] - relaxed build: largest difference to simd, in units of the bound
 */

/**
 * @param {(name: string) => Promise<Uint8Array>} input
 * @param {{ onCase?: (done: number, total: number, name: string) => void, roundMs?: number }} [options]
 * @returns {Promise<{ measured: Measured[], memory: { wasm: number, used: number } }>}
 */
export async function run(input, { onCase = () => {}, roundMs } = {}) {
  const { cases, kernels, memory } = await prepare(input);
  const measured = [];
  for (const [i, one] of cases.entries()) {
    const { name, group, unit } = one;
    onCase(i, cases.length, `${group}: ${name}`);
    const times = measure(one.call, one.units, roundMs);
    measured.push({ name, group, unit, ...times, ...(await answerOf(one, kernels)) });
  }
  for (const one of cases) one.dispose?.();
  return { measured, memory };
}

/**
 * What the cases of the default build answer, untimed.
 * @returns {Promise<Record<string, string>>} SHA-256 by {@link answerKey}
 */
export async function answers(input) {
  const { cases } = await prepare(input);
  const hashes = {};
  for (const one of cases) {
    one.call();
    if (one.group !== RELAXED) hashes[answerKey(one)] = await hash(one.answer());
    one.dispose?.();
  }
  return hashes;
}

/** Byte for byte, or within its bound where a sum of the relaxed build has one. */
export function isRight(one, expected) {
  return one.error === undefined ? one.answer === expected[answerKey(one)] : one.error <= 1;
}

/** Integers are exact in either build, so the relaxed one has the answers of simd. */
export function answerKey({ group, name }) {
  return `${group === RELAXED ? 'kernels' : group}: ${name}`;
}

async function prepare(input) {
  const core = createCore();
  const searches = await searchCases(core, input);
  const memory = { wasm: core.memoryBytes(), used: core.bytesUsed() };
  const kernels = kernelCases(core);
  const relaxed = hasRelaxedSimd() ? kernelCases(createRelaxedCore(), RELAXED) : [];
  const encodings = await encodeCases(createCore(), input);
  const cases = [...kernels, ...relaxed, ...searches, ...encodings, ...multiVectorCases(createCore())];
  return { cases, kernels, memory };
}

async function answerOf(one, kernels) {
  const answer = one.answer();
  if (one.group !== RELAXED || one.bound === undefined) return { answer: await hash(answer) };
  const exact = floats(kernels.find(({ name }) => name === one.name).answer());
  const error = floats(answer).reduce((worst, value, i) => Math.max(worst, Math.abs(value - exact[i])), 0);
  return { answer: '', error: error / one.bound };
}

function floats(bytes) {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
