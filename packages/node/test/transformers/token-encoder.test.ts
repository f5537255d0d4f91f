import { UnsupportedError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { loadTransformerTokens, type TransformersLibrary } from '../../src/transformers/index.ts';

// the library itself and a real model are run by `npm run test:transformers`

const WIDTH = 3;

/** Words of one letter; 0 is padding, 1 and 2 stand around every text. A state is (id, 2·id, position). */
function library(seen: unknown[] = []): TransformersLibrary {
  const tokenizer = (texts: string[], options: { max_length?: number }) => {
    seen.push(options);
    const rows = texts.map((text) => [1, ...[...text].map((letter) => letter.charCodeAt(0)), 2]);
    const length = Math.max(...rows.map((row) => row.length));
    const dims = [texts.length, length];
    const pad = (value: (row: number[], i: number) => number) => ({
      dims,
      data: BigInt64Array.from(
        rows.flatMap((row) => Array.from({ length }, (_, i) => BigInt(value(row, i)))),
      ),
    });
    return {
      input_ids: pad((row, i) => row[i] ?? 0),
      attention_mask: pad((row, i) => (i < row.length ? 1 : 0)),
    };
  };
  const model = async ({
    input_ids: ids,
  }: Record<string, { dims: readonly number[]; data: ArrayLike<number | bigint> }>) => {
    const [n = 0, length = 0] = ids?.dims ?? [];
    const data = Float32Array.from({ length: n * length * WIDTH }, (_, at) => {
      const token = Math.floor(at / WIDTH);
      const id = Number(ids?.data[token]);
      return [id, 2 * id, token % length][at % WIDTH] as number;
    });
    return { last_hidden_state: { dims: [n, length, WIDTH], data } };
  };
  const dispose = async (): Promise<void> => {
    seen.push('disposed');
  };
  return {
    AutoTokenizer: {
      from_pretrained: async (name, options) => {
        seen.push(name, options);
        return Object.assign(tokenizer, { all_special_ids: [0, 1, 2] });
      },
    },
    AutoModel: {
      from_pretrained: async (_name, options) => {
        seen.push(options);
        return Object.assign(model, { dispose });
      },
    },
  };
}

const unit = (...values: number[]): number[] => {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
};

describe('loadTransformerTokens', () => {
  it('strips padding and special tokens, and scales to length 1', async () => {
    const encoder = await loadTransformerTokens('folder', { library: library(), batchSize: 2 });
    const { data, offsets, n, d } = await encoder.encodeDocuments(['a', 'bcd', '', 'e']);
    expect([n, d]).toEqual([4, 3]);
    expect([...offsets]).toEqual([0, 1, 4, 4, 5]);
    const expected = [
      unit(97, 194, 1),
      unit(98, 196, 1),
      unit(99, 198, 2),
      unit(100, 200, 3),
      unit(101, 202, 1),
    ];
    expected.flat().forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 6);
    });
    const query = await encoder.encodeQuery('bc');
    expect(query.n).toBe(2);
    expect((await encoder.encodeQuery('')).n).toBe(0);
  });

  it('projects, keeps special tokens where asked, and hands options on', async () => {
    const seen: unknown[] = [];
    const projection = { matrix: Float32Array.of(1, 0, 0, 0, 0, 1), d: 2 };
    const encoder = await loadTransformerTokens('folder', {
      library: library(seen),
      projection,
      keepSpecialTokens: true,
      maximumLength: 7,
      dtype: 'q8',
    });
    const { data, d } = await encoder.encodeQuery('a');
    expect(d).toBe(2);
    const expected = [unit(1, 0), unit(97, 1), unit(2, 2)].flat();
    expected.forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 6);
    });
    await encoder.dispose();
    const local = { local_files_only: true };
    expect(seen).toEqual([
      'folder',
      local,
      { ...local, dtype: 'q8' },
      { padding: true, truncation: true, max_length: 7 },
      'disposed',
    ]);
  });

  it('says what is missing', async () => {
    await expect(loadTransformerTokens('folder')).rejects.toThrow(UnsupportedError);
    await expect(loadTransformerTokens('folder')).rejects.toThrow(
      /@huggingface\/transformers expected to be installed/,
    );
    const wrong = { matrix: new Float32Array(5), d: 2 };
    const encoder = await loadTransformerTokens('folder', { library: library(), projection: wrong });
    await expect(encoder.encodeQuery('a')).rejects.toThrow(/"projection.matrix" expected length/);
    await expect(loadTransformerTokens('folder', { library: library(), batchSize: 0 })).rejects.toThrow(
      /"batchSize"/,
    );
  });
});
