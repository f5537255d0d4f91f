// What a collection does wherever it lies: in a folder in Node, in a page, in a worker of a page. Each case returns what was
// answered, and that has to be the same everywhere.
import { skewedRows } from '../smoke/seeded.mjs';

const D = 16;
const N = 3000;
const OPTIONS = { d: D, metric: 'cosine', indexed: ['group'] };
const vectors = skewedRows(N, D, 5);
const row = (i) => vectors.subarray(i * D, (i + 1) * D);
const rows = (first, count) => ({
  ids: Array.from({ length: count }, (_, i) => `n${first + i}`),
  vectors: vectors.subarray(first * D, (first + count) * D),
  metadata: Array.from({ length: count }, (_, i) => ({ group: (first + i) % 7, name: `row ${first + i}` })),
});

export function check(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

export async function rejection(promise, name, part = '') {
  const error = await promise.then(
    () => undefined,
    (caught) => caught,
  );
  check(error?.name === name && error.message.includes(part), `expected ${name} "${part}", got ${error}`);
  return error;
}

const ids = (hits) => hits.map(({ id }) => id);

/** Keeps what was written, and finds it at once, after it was opened again, and from segments. */
async function keeps({ open, fresh }) {
  const name = fresh();
  const c = await open(name, OPTIONS);
  check((await c.add(rows(0, 300))).length === 300, 'ids of what was added');
  await c.upsert({ ids: ['n5', 'new'], vectors: [row(400), row(401)], metadata: [undefined, { group: 9 }] });
  check((await c.delete(['n7', 'n8', 'gone'])) === 2, 'how many were deleted');
  const look = async (one) => {
    check(one.n === 299, `${one.n} records`);
    check(!(await one.has('n7')) && (await one.get('n5')).metadata === undefined, 'deleted and replaced');
    return [
      await one.get('n9'),
      await one.search(row(401), 3),
      ids(await one.search(row(20), 5, { filter: { group: { lt: 3 } } })),
      ids(await one.search(row(20), 5, { filter: new Set(['n1', 'n2', 'n7']) })),
      await one.searchBatch([row(1), row(2)], 4),
    ];
  };
  const found = await look(c);
  const same = async (one, what) =>
    check(JSON.stringify(await look(one)) === JSON.stringify(found), `other answers ${what}`);
  await c.close();
  const again = await open(name);
  await same(again, 'after it was opened again');
  await again.compact();
  await same(again, 'from a segment');
  check((await again.report()).segments.length === 1, 'one segment');
  await again.close();
  const reader = await open(name, { readOnly: true });
  await same(reader, 'of a reader');
  await reader.close();
  return found;
}

/** Folds and merges by itself while it is written and searched. */
async function folds({ open, fresh }) {
  const c = await open(fresh(), { ...OPTIONS, foldAt: 300, quantizer: 'float32' });
  for (let first = 0; first < N; first += 100) {
    await c.add(rows(first, 100));
    check(ids(await c.search(row(first + 50), 1))[0] === `n${first + 50}`, `row ${first + 50} at once`);
  }
  await c.settled();
  const { segments, tail, foldError } = await c.report();
  check(foldError === undefined, String(foldError));
  check(
    segments.length > 0 && segments.length < 8 && tail < 300,
    `${segments.length} segments, tail ${tail}`,
  );
  const found = [await c.search(row(77), 20)];
  await c.delete(Array.from({ length: N / 2 }, (_, i) => `n${2 * i}`));
  await c.compact();
  found.push(await c.search(row(77), 20));
  const after = await c.report();
  check(after.segments.length === 1 && after.segments[0].n === N / 2, JSON.stringify(after.segments));
  check((await c.verify()).isWhole, 'whole');
  await c.close();
  return found;
}

/** Codes are trained in the worker; float32 stays in the files, for rerank and the next merge. */
async function trains({ open, fresh }) {
  const name = fresh();
  const c = await open(name, { ...OPTIONS, bits: 2, foldAt: 2500 });
  for (let copy = 0; copy < 2; copy++) {
    const ids = Array.from({ length: N }, (_, i) => copy * N + i);
    await c.add({ ids, vectors: copy === 0 ? vectors : vectors.map((value) => value + 0.003) });
  }
  await c.compact();
  const [segment] = (await c.report()).segments;
  check(segment.n === 2 * N && segment.isTrained, JSON.stringify(segment));
  const found = [await c.search(row(33), 10, { rerank: { candidates: 300 } }), await c.vector(12)];
  await c.close();
  const again = await open(name);
  found.push(await again.search(row(33), 10, { rerank: { candidates: 300 } }));
  check(JSON.stringify(found[0]) === JSON.stringify(found[2]), 'reranked from the file');
  await again.close();
  return [found[0], [...found[1]]];
}

/** Goes through all records, exports and copies itself while it is written; a reader goes on through a merge. */
async function copies({ open, fresh }) {
  const name = fresh();
  const c = await open(name, { ...OPTIONS, foldAt: 400 });
  await c.add(rows(0, 2500));
  await c.compact();
  await c.upsert(rows(2400, 100));
  const reader = await open(name, { readOnly: true });
  const seen = [];
  for await (const { id, vector, metadata } of reader.iterate()) {
    // the files that the reader has open are removed
    if (seen.length === 500) await Promise.all([c.upsert(rows(0, 50)), c.compact()]);
    check(metadata.name === `row ${id.slice(1)}` && vector.length === D, `record ${id}`);
    seen.push(id);
  }
  check(new Set(seen).size === 2500, `${seen.length} records`);
  check((await reader.vector('n3')).length === D && reader.n === 2500, 'the reader afterwards');
  await reader.close();
  let bytes = 0;
  let lines = 0;
  for await (const chunk of c.export()) {
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 10) lines++;
  }
  check(lines === 2500, `${lines} lines`);
  const target = fresh();
  const copied = c.snapshot(target);
  await Promise.all([copied, c.add({ ids: ['later'], vectors: row(3) })]);
  const copy = await open(target, OPTIONS);
  check(copy.n - Number(await copy.has('later')) === 2500, `${copy.n} copied`);
  const found = await copy.search(row(500), 5);
  check(JSON.stringify(found) === JSON.stringify(await c.search(row(500), 5)), 'the copy answers the same');
  await rejection(c.snapshot(target), 'LockedError');
  await copy.close();
  await rejection(c.snapshot(target), 'RangeError', '"target" expected no collection');
  await c.close();
  return [found, bytes];
}

/** Tells a second writer, a reader that writes, and whoever gives what is wrong. */
async function refuses({ open, fresh, argument }) {
  const name = fresh();
  await rejection(
    open(name, { readOnly: true }),
    'RangeError',
    `"${argument}" expected a collection, got none`,
  );
  await rejection(
    open(name, { readOnly: true }),
    'RangeError',
    `"${argument}" expected a collection, got none`,
  );
  await rejection(open(name, { metric: 'l2' }), 'TypeError', '"d" expected');
  await rejection(
    open(name, { ...OPTIONS, dimensions: 3 }),
    'RangeError',
    '"options" expected known options',
  );
  const c = await open(name, OPTIONS);
  const locked = await rejection(open(name, OPTIONS), 'LockedError');
  check(locked.code === 'SAGITTA_LOCKED', locked.code);
  const reader = await open(name, { readOnly: true });
  for (const write of [
    reader.upsert(rows(0, 1)),
    reader.delete('n0'),
    reader.compact(),
    reader.snapshot(fresh()),
  ])
    check((await rejection(write, 'ReadOnlyError')).code === 'SAGITTA_READ_ONLY', 'its code');
  await reader.close();
  await c.add(rows(0, 3));
  await rejection(c.add(rows(2, 2)), 'ConflictError', '"ids[0]" expected a new id');
  check(c.n === 3, 'none of what was refused');
  await c.close();
  await rejection(c.search(row(0), 1), 'RangeError', 'got a closed one');
  await rejection(open(name, { d: 4, metric: 'cosine' }), 'RangeError', `"d" expected ${D}, as `);
  // the lock is free again at once
  await (await open(name)).close();
  return [];
}

/** A reader follows the writer through folds. */
async function follows({ open, fresh }) {
  const name = fresh();
  const c = await open(name, { d: 3, metric: 'l2', foldAt: 50 });
  const reader = await open(name, { readOnly: true });
  for (let i = 0; i < 30; i++) {
    const some = Array.from({ length: 10 }, (_, j) => 10 * i + j);
    await c.add({ ids: some, vectors: some.map((id) => [id, 1, 2]) });
    const [hit] = await reader.search([10 * i + 3, 1, 2], 1);
    check(hit.id === 10 * i + 3 && hit.distance === 0, `batch ${i}: ${JSON.stringify(hit)}`);
  }
  await c.settled();
  await reader.refresh();
  const both = await Promise.all([c.report(), reader.report()]);
  check(JSON.stringify(both[0].segments) === JSON.stringify(both[1].segments), 'the same segments');
  check((await reader.verify()).isWhole, 'whole');
  await c.close();
  await reader.close();
  return [both[0].segments.length > 0];
}

/** Token sets: written, replaced, folded, merged in a worker, read from the file of a segment, and open again. */
async function tokens({ openTokens, open, fresh, argument }) {
  const name = fresh();
  const documents = (first, count) => {
    const offsets = [0];
    for (let i = 0; i < count; i++) offsets.push(offsets[i] + ((first + i) % 4));
    const data = vectors.subarray(first * D, (first + offsets[count]) * D);
    return {
      ids: Array.from({ length: count }, (_, i) => first + i),
      tokens: { data, offsets, d: D },
      metadata: Array.from({ length: count }, (_, i) => ({ group: (first + i) % 5 })),
    };
  };
  const c = await openTokens(name, { d: D, foldAt: 100, keepTexts: true });
  for (let first = 0; first < 400; first += 50) await c.add(documents(first, 50));
  await c.upsert({ ...documents(600, 3), ids: [7, 8, 'new'], texts: ['seven', undefined, 'new'] });
  check((await c.delete([9, 10, 'gone'])) === 2, 'how many were deleted');
  const query = vectors.subarray(602 * D, 604 * D);
  const look = async (one) => [
    await one.search(query, 5),
    await one.search(query, 5, { filter: { group: { lt: 2 } }, exact: true }),
    await one.explain(query, 'new'),
    await one.get('new'),
    [...(await one.tokens(123))],
  ];
  await c.settled();
  await c.compact();
  check((await c.report()).foldError === undefined, String((await c.report()).foldError));
  const found = await look(c);
  check((await c.report()).segments.length === 1 && c.n === 399, `${c.n} documents`);
  await c.close();
  const again = await openTokens(name, { readOnly: true });
  check(
    JSON.stringify(await look(again)) === JSON.stringify(found),
    'other answers after it was opened again',
  );
  check((await again.verify()).isWhole, 'whole');
  await again.close();
  await rejection(
    open(name),
    'RangeError',
    `"${argument}" expected a collection of vectors, got one of tokens`,
  );
  return found;
}

/** What was written at once is one group, in the order of the calls, and each all or nothing. */
async function groups({ open, fresh }) {
  const name = fresh();
  let c = await open(name, { d: 1, metric: 'l2', durability: 'relaxed' });
  const results = await Promise.allSettled([
    c.add({ ids: ['a'], vectors: [[1]] }),
    c.add({ ids: ['a'], vectors: [[2]] }),
    c.upsert({ ids: ['a'], vectors: [[3]] }),
    c.delete('a'),
    c.delete('a'),
    c.add({ ids: ['a', 1n, 7], vectors: [[4], [5], [6]] }),
    c.add({ ids: ['c', 7], vectors: [[4], [5]] }),
  ]);
  await c.close();
  c = await open(name);
  check((await c.vector('a'))[0] === 4 && !(await c.has('c')) && (await c.has(1n)), 'what is left');
  check((await c.add({ vectors: [[9]] }))[0] === 8, 'numbers go on');
  await c.close();
  return results.map(({ status, value }) => [status, typeof value === 'number' ? value : undefined]);
}

const CASES = { keeps, folds, trains, copies, refuses, follows, tokens, groups };

/**
 * Runs all cases with `open` over names that `fresh` gives.
 * @returns {Promise<Record<string, unknown>>} what each answered
 */
export async function runCases(place) {
  const answers = {};
  for (const [name, body] of Object.entries(CASES)) {
    try {
      answers[name] = await body(place);
    } catch (error) {
      throw new Error(`${name}: ${error?.stack ?? error}`);
    }
  }
  return answers;
}
