// npm run test:transformers: the adapter's own import and loading, with the real library and a model made here.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadTransformerTokens } from '@sagitta/node/transformers';
import { rowOf, WIDTH, writeTinyModel } from './tiny-model.mjs';

const folder = mkdtempSync(join(tmpdir(), 'sagitta-transformers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
writeTinyModel(folder);

const unit = (values) => values.map((value) => value / Math.hypot(...values));
const close = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) < 1e-6, `${actual[i]} for ${value} at ${i}`);
  });
};

test('gives one unit vector a token of each text', async () => {
  const encoder = await loadTransformerTokens(folder, { batchSize: 2 });
  const { data, offsets, n, d } = await encoder.encodeDocuments([
    'Steam boilers',
    'flower',
    'garden garden steam',
  ]);
  assert.deepEqual([n, d], [3, WIDTH]);
  assert.deepEqual([...offsets], [0, 3, 4, 7]);
  close(
    [...data],
    ['steam', 'boiler', '##s', 'flower', 'garden', 'garden', 'steam'].flatMap((word) => unit(rowOf(word))),
  );
  const query = await encoder.encodeQuery('boiler');
  close([...query.data], unit(rowOf('boiler')));
  await encoder.dispose();
});

test('projects, keeps special tokens where asked, and cuts long texts', async () => {
  const matrix = Float32Array.from({ length: 2 * WIDTH }, (_, i) => (i === 0 || i === WIDTH + 1 ? 1 : 0));
  const encoder = await loadTransformerTokens(folder, {
    projection: { matrix, d: 2 },
    keepSpecialTokens: true,
    maximumLength: 4,
  });
  const { data, offsets } = await encoder.encodeDocuments(['steam steam steam steam']);
  // the library cuts the whole sequence, its last special token included
  assert.deepEqual([...offsets], [0, 4]);
  close(
    [...data],
    ['[CLS]', 'steam', 'steam', 'steam'].flatMap((word) => unit(rowOf(word).slice(0, 2))),
  );
  await encoder.dispose();
});

test('does not look beyond the folder unless told', async () => {
  await assert.rejects(loadTransformerTokens(join(folder, 'nothing')));
});
