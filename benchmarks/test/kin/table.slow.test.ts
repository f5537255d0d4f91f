/** A table of word vectors in few bytes: `SAGITTA_DATA=… npx vitest run --config vitest.slow.config.ts kin/table`. */
import { createCore, normalizeRows, RandomStream } from '@sagitta/core-wasm';
import { type QuantizerOptions, trainQuantizer } from '@sagitta/quantizers';
import { compressTable, writeTable } from '@sagitta/quantizers/table';
import { tokenize, trainLsa, trainTfIdf, weighTexts } from '@sagitta/retrieval/text';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { loadTexts } from '../../src/quality/text-collection.ts';

const root = process.env['SAGITTA_DATA'];
const core = createCore();

/** Shares of the energy lost: weighed, and plain. */
function errors(
  data: Float32Array,
  found: Float32Array,
  d: number,
  weights: ArrayLike<number>,
): [number, number] {
  const sums = [0, 0, 0, 0];
  for (let at = 0; at < data.length; at++) {
    const weight = weights[Math.floor(at / d)] as number;
    const energy = (data[at] as number) ** 2;
    const lost = ((data[at] as number) - (found[at] as number)) ** 2;
    [weight * lost, weight * energy, lost, energy].forEach((value, i) => {
      sums[i] = (sums[i] as number) + value;
    });
  }
  const [a, b, c, e] = sums as [number, number, number, number];
  return [a / b, c / e];
}

/** What a quantizer makes of rows about their mean, decoded. */
function coded(rows: Float32Array, sample: Float32Array, d: number, options: QuantizerOptions): Float32Array {
  const quantizer = trainQuantizer(core, { data: sample, d }, options);
  const n = rows.length / d;
  return core.scope((scope) => {
    const blocks = scope.reserve(Math.ceil(n / 32) * quantizer.layout.blockBytes);
    using encoder = quantizer.createEncoder(core);
    encoder.encode(rows, quantizer.origin, blocks, 0);
    return quantizer.decode(core, blocks, n, quantizer.origin);
  });
}

/** Rows by 4 bits and a scale of their own each. */
function int4(rows: Float32Array, d: number): Float32Array {
  const out = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += d) {
    let most = 0;
    for (let j = start; j < start + d; j++) most = Math.max(most, Math.abs(rows[j] as number));
    const step = most / 7;
    for (let j = start; j < start + d; j++)
      out[j] = step > 0 ? step * Math.round((rows[j] as number) / step) : 0;
  }
  return out;
}

describe.skipIf(!root)('word vectors of 11,429 abstracts', () => {
  it('lose half of what PQ of unit rows loses at equal bytes, and less than int4 at a quarter of its bytes', async () => {
    const { texts } = await loadTexts(root as string, 'ir-vaswani');
    const model = trainTfIdf(texts);
    const {
      basis,
      d,
      singularValues,
      terms: n,
    } = trainLsa(weighTexts(model, texts), { dimension: 256, seed: 1 });
    const rows = basis.map((value, at) => value * (singularValues[at % d] as number));
    const frequency = new Float64Array(n);
    for (const text of texts) {
      for (const term of new Set(tokenize(text))) {
        const column = model.columnOf.get(term);
        if (column !== undefined) frequency[column] = (frequency[column] as number) + 1;
      }
    }
    const lengths = Float64Array.from({ length: n }, (_, i) =>
      Math.sqrt(rows.subarray(i * d, (i + 1) * d).reduce((sum, value) => sum + value * value, 0)),
    );
    const print = (
      name: string,
      bytes: number,
      [weighted, plain]: readonly [number, number],
      more = '',
    ): void => {
      process.stdout.write(
        `${name}: ${(bytes / 1000).toFixed(0)} kB (${((4 * n * d) / bytes).toFixed(1)}×), weighted ${weighted.toPrecision(3)}, plain ${plain.toPrecision(3)}${more}\n`,
      );
    };
    const unit = normalizeRows(rows, d);
    // rows as often in the sample as their errors count
    const weights = lengths.map((length, i) => (frequency[i] as number) * length * length);
    const sums = weights.map((_, i) => weights.subarray(0, i + 1).reduce((sum, value) => sum + value, 0));
    const random = new RandomStream(1, 'weighted');
    const sample = new Float32Array(20_000 * d);
    for (let s = 0; s < 20_000; s++) {
      const target = random.nextUnit() * (sums[n - 1] as number);
      const row = sums.findIndex((sum) => sum > target);
      sample.set(unit.subarray(row * d, (row + 1) * d), s * d);
    }
    const scaled = (found: Float32Array): Float32Array =>
      found.map((value, at) => value * (lengths[Math.floor(at / d)] as number));
    const nibbles = errors(rows, int4(rows, d), d, frequency);
    const int4Bytes = n * (d / 2 + 2);
    print('int4 a row', int4Bytes, nibbles);
    const table = (budgetBytes: number, method: 'allocated' | 'scalar' | 'auto' = 'auto') => {
      const start = performance.now();
      const found = compressTable(core, { data: rows, d }, { frequency, budgetBytes, method });
      const spent = performance.now() - start;
      const { weightedError, error, lostRows } = found.report;
      expect(found.bytes).toBeLessThanOrEqual(budgetBytes);
      expect(writeTable(found)).toHaveLength(found.bytes);
      print(
        `${method}${found.isRotated ? ', rotated' : ''}`,
        found.bytes,
        [weightedError, error],
        `, ${(100 * lostRows).toFixed(0)} % of rows without bits, ${spent.toFixed(0)} ms; ${found.report.bitsByGroup.map(({ bits }) => bits.toFixed(1)).join(' ')}`,
      );
      return found;
    };
    for (const bits of [1, 0.5]) {
      const options = { name: 'pq', metric: 'l2', bits, nbits: 8 } as const;
      const runs = (8 * bits * d) / 64;
      const bytes = n * (runs * 1 + 2) + 256 * d * 4;
      const raw = errors(rows, coded(rows, rows, d, options), d, frequency);
      print(`PQ of raw rows, ${bits} bits`, bytes - 2 * n, raw);
      const weighted = errors(rows, scaled(coded(unit, sample, d, options)), d, frequency);
      print(`PQ of unit rows with lengths, weighed, ${bits} bits`, bytes, weighted);
      const own = table(bytes);
      expect(own.report.weightedError).toBeLessThanOrEqual(weighted[0] / 2);
    }
    const quarter = table(Math.floor(int4Bytes / 4));
    expect(quarter.report.weightedError).toBeLessThanOrEqual(nibbles[0]);
    for (const bits of [2, 1, 0.5, 0.25]) {
      for (const method of ['allocated', 'scalar'] as const) {
        if (method === 'allocated' || bits >= 1) table(Math.round((n * d * bits) / 8 + 3 * n), method);
      }
    }
    const ids = Uint32Array.from({ length: 100_000 }, (_, i) => (i * 7919) % n);
    for (const one of [table(234_000, 'allocated'), table(468_000, 'scalar')]) {
      const out = new Float32Array(ids.length * d);
      one.gather(ids, out);
      const start = performance.now();
      one.gather(ids, out);
      const rate = ids.length / ((performance.now() - start) / 1000);
      process.stdout.write(
        `gather${one.isRotated ? ', rotated' : ''}: ${(rate / 1e6).toFixed(2)} M rows/s\n`,
      );
    }
  });

  it('are not far from SAQ where all rows are alike', () => {
    const [n, d] = [4000, 64];
    const rows = normalizeRows(
      gaussianRows(n, d, 3).map((value, at) => value / Math.sqrt((at % d) + 1)),
      d,
    );
    const weights = new Float64Array(n).fill(1);
    for (const bits of [2, 4]) {
      const [saq] = errors(rows, coded(rows, rows, d, { name: 'saq', metric: 'l2', bits }), d, weights);
      // codes and factors of SAQ, and its model: a mean, and a rotation of d × d floats
      const bytes = n * ((bits * d) / 8 + 8) + 4 * d * d;
      const own = compressTable(core, { data: rows, d }, { budgetBytes: bytes }).report.weightedError;
      process.stdout.write(`alike, ${bits} bits: SAQ ${saq.toPrecision(3)}, table ${own.toPrecision(3)}\n`);
      expect(own).toBeLessThanOrEqual(1.05 * saq);
    }
  });
});
