import { readFileSync } from 'node:fs';
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { applyMutations, drawMutations, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { ClassModel } from '../../src/classes/class-model.ts';
import { CLASS_KINDS, readClasses, trainClasses, writeClasses } from '../../src/classes/index.ts';
import { GOLDEN_CLASSES, makeGoldenClasses } from '../golden/make-classes.ts';

const core = createCore();
const { subspace: golden } = JSON.parse(
  readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8'),
) as { subspace: { basis: number[][]; x: number[]; score: number } };

const D = 12;
const NAMES = ['ash', 'birch', 'cedar', 'däle'];
/** Rows of four classes, each near a plane of its own through 0: no mean tells them apart. */
function planes(n: number, seed: number): { data: Float32Array; labels: string[] } {
  const axes = gaussianRows(NAMES.length * 2, D, 77);
  const weights = gaussianRows(n, 2, seed);
  const noise = gaussianRows(n, D, seed + 50);
  const data = new Float32Array(n * D);
  const labels: string[] = [];
  for (let i = 0; i < n; i++) {
    const c = i % NAMES.length;
    labels.push(NAMES[c] as string);
    for (let j = 0; j < D; j++) {
      const along = [0, 1].map((a) => (weights[2 * i + a] as number) * (axes[(2 * c + a) * D + j] as number));
      data[i * D + j] = (along[0] as number) + (along[1] as number) + 0.15 * (noise[i * D + j] as number);
    }
  }
  return { data, labels };
}
const known = planes(240, 1);
const asked = planes(200, 2);

function accuracy(model: ClassModel): number {
  return model.classify(asked.data).filter(({ label }, i) => label === asked.labels[i]).length / 200;
}

describe('classes', () => {
  it('have the golden score', () => {
    const rows = Float32Array.from(golden.basis.flat());
    const model = new ClassModel(core, {
      kind: 'subspace',
      d: 4,
      dims: 2,
      classes: ['one'],
      rows,
      means: new Float32Array(0),
    });
    const x = Float32Array.from(golden.x);
    expect(model.scores(x)[0]).toBeCloseTo(golden.score, 6);
    expect(model.classify(x)).toEqual([{ label: 'one', score: model.scores(x)[0], margin: Infinity }]);
    expect(model.novelty(x)[0]).toBeCloseTo(1 - golden.score, 6);
  });

  it('are told apart by subspaces where means say nothing', () => {
    const recalls = new Map(
      CLASS_KINDS.map((kind) => [
        kind,
        accuracy(trainClasses(core, { data: known.data, d: D }, known.labels, { kind, dims: 2 })),
      ]),
    );
    expect(recalls.get('subspace') as number).toBeGreaterThan(0.95);
    expect(recalls.get('affine') as number).toBeGreaterThan(0.93);
    expect(recalls.get('mean') as number).toBeLessThan(0.6);
    // as many prototypes are not as good
    expect(recalls.get('prototypes') as number).toBeLessThan((recalls.get('subspace') as number) - 0.02);
  });

  it('have affine scores by the definition', () => {
    const model = trainClasses(core, { data: known.data, d: D }, known.labels, { kind: 'affine', dims: 3 });
    const { rows, means } = model.parts();
    const scores = model.scores(asked.data.subarray(0, D));
    const length = Math.hypot(...asked.data.subarray(0, D));
    NAMES.forEach((_, c) => {
      const rest = Array.from(
        { length: D },
        (_, j) => (asked.data[j] as number) / length - (means[c * D + j] as number),
      );
      let residual = rest.reduce((sum, value) => sum + value * value, 0);
      for (let s = 3 * c; s < 3 * c + 3; s++) {
        residual -= rest.reduce((sum, value, j) => sum + value * (rows[s * D + j] as number), 0) ** 2;
      }
      expect(scores[c]).toBeCloseTo(1 - residual, 5);
    });
  });

  it('say what is new, which are alike, and how large they are', () => {
    const model = trainClasses(core, { data: known.data, d: D }, known.labels, { dims: 2 });
    const strange = model.novelty(gaussianRows(100, D, 4));
    const mean = (values: Float32Array): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(strange)).toBeGreaterThan(3 * mean(model.novelty(asked.data)));
    expect(model.bytes).toBe(4 * 4 * 2 * D);
    const overlap = model.confusion();
    for (let a = 0; a < 4; a++) {
      expect(overlap[a * 4 + a]).toBe(1);
      for (let b = 0; b < 4; b++) {
        expect(overlap[a * 4 + b]).toBeCloseTo(overlap[b * 4 + a] as number, 5);
        if (a !== b) expect(overlap[a * 4 + b]).toBeLessThan(0.7);
      }
    }
    // two names of one class
    const twins = known.labels.map((label, i) => (label === 'ash' ? `ash ${i % 8}` : label));
    const doubled = trainClasses(core, { data: known.data, d: D }, twins, { dims: 2 });
    expect(doubled.classes.slice(0, 2)).toEqual(['ash 0', 'ash 4']);
    expect(doubled.confusion()[1]).toBeGreaterThan(0.95);
  });

  it('of one row, of fewer rows than directions and of copies have what directions there are', () => {
    const data = gaussianRows(6, D, 9);
    data.copyWithin(4 * D, 3 * D, 4 * D);
    data.copyWithin(5 * D, 3 * D, 4 * D);
    const labels = ['alone', 'pair', 'pair', 'same', 'same', 'same'];
    for (const kind of CLASS_KINDS) {
      const model = trainClasses(core, { data, d: D }, labels, { kind, dims: 5 });
      expect(model.classify(data).map(({ label }) => label)).toEqual(labels);
      // one direction is all that copies have
      const energies = Array.from({ length: model.dims }, (_, s) =>
        model
          .parts()
          .rows.subarray((2 * model.dims + s) * D, (2 * model.dims + s + 1) * D)
          .reduce((sum, v) => sum + v * v, 0),
      );
      if (kind === 'subspace') expect(energies.map(Math.round)).toEqual([1, 0, 0, 0, 0]);
    }
  });

  it('give zero rows score 0 and the first label', () => {
    const model = trainClasses(core, { data: known.data, d: D }, known.labels, { kind: 'affine' });
    expect(model.classify(new Float32Array(D))).toEqual([{ label: 'ash', score: 0, margin: 0 }]);
  });

  it('are the same bytes whatever order labels come in, and of numbers in their order', () => {
    const order = [3, 1, 0, 2].flatMap((c) =>
      known.labels.flatMap((label, i) => (label === NAMES[c] ? [i] : [])),
    );
    const data = Float32Array.from(order.flatMap((i) => [...known.data.subarray(i * D, (i + 1) * D)]));
    const labels = order.map((i) => known.labels[i] as string);
    for (const kind of CLASS_KINDS) {
      expect(writeClasses(trainClasses(core, { data, d: D }, labels, { kind }))).toEqual(
        writeClasses(trainClasses(core, { data: known.data, d: D }, known.labels, { kind })),
      );
    }
    const numbers = Uint32Array.from(known.labels, (label) => 2 ** NAMES.indexOf(label) + 3);
    expect(trainClasses(core, { data: known.data, d: D }, numbers).classes).toEqual(['4', '5', '7', '11']);
  });

  it('find directions of many dimensions too', () => {
    const wide = 300;
    const data = new Float32Array(240 * wide);
    for (let i = 0; i < 240; i++) data.set(known.data.subarray(i * D, (i + 1) * D), i * wide + 100);
    const model = trainClasses(core, { data, d: wide }, known.labels, { dims: 2 });
    const narrow = trainClasses(core, { data: known.data, d: D }, known.labels, { dims: 2 });
    const [found, wanted] = [model.scores(data), narrow.scores(known.data)];
    found.forEach((score, i) => {
      expect(Math.abs(score - (wanted[i] as number))).toBeLessThan(2e-3);
    });
  });

  it('refuse what does not fit, by name', () => {
    const set = { data: known.data, d: D };
    expect(() => trainClasses(core, set, ['a'])).toThrow(/"labels" expected length rows = 240, got 1/);
    expect(() => trainClasses(core, { data: new Float32Array(0), d: D }, [])).toThrow(
      /"rows" expected at least 1/,
    );
    expect(() => trainClasses(core, set, known.labels, { dims: D + 1 })).toThrow(
      /"dims" expected an integer from 1 to 12/,
    );
    expect(() => trainClasses(core, set, known.labels, { kind: 'svm' as 'mean' })).toThrow(
      /"kind" expected one of/,
    );
    const model = trainClasses(core, set, known.labels);
    expect(() => model.scores(new Float32Array(D + 1))).toThrow(/"rows" expected/);
  });
});

describe('saved classes', () => {
  const models = CLASS_KINDS.map((kind) =>
    trainClasses(core, { data: known.data, d: D }, known.labels, { kind, dims: 2 }),
  );
  const files = models.map(writeClasses);
  const refuses = (bytes: Uint8Array): boolean => {
    try {
      expect(readClasses(core, bytes).scores(asked.data.subarray(0, 0))).toHaveLength(0);
      return false;
    } catch (error) {
      if (error instanceof FormatError) return true;
      throw error;
    }
  };

  it('come back as they were', () => {
    models.forEach((model, i) => {
      const back = readClasses(core, files[i] as Uint8Array);
      expect(back.parts()).toEqual(model.parts());
      expect(back.scores(asked.data)).toEqual(model.scores(asked.data));
      expect(writeClasses(back)).toEqual(files[i]);
    });
  });

  it('load for ever, and are what training gives today', () => {
    const file = readFileSync(GOLDEN_CLASSES);
    const model = readClasses(core, file);
    expect(model).toMatchObject({ kind: 'affine', d: 6, dims: 2, classes: ['fire', 'water', 'é'] });
    expect(Buffer.compare(writeClasses(makeGoldenClasses(core)), file)).toBe(0);
  });

  it('are refused when cut off, flipped or changed otherwise, or work', () => {
    const random = new RandomStream(3, 'classes/hostile');
    for (const file of files) {
      for (let length = 0; length < file.length; length += 5)
        expect(refuses(file.slice(0, length))).toBe(true);
      for (let at = 0; at < file.length; at += 3) {
        const bytes = file.slice();
        bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
        expect(refuses(bytes)).toBe(true);
      }
      let refused = 0;
      for (let i = 0; i < 150; i++) if (refuses(applyMutations(file, drawMutations(random, file)))) refused++;
      expect(refused).toBeGreaterThan(60);
    }
  });
});
