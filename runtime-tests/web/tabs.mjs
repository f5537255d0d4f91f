// Several tabs over one storage, each with a worker: whatever they do at once, one index is there, whole. On an origin that
// is not secure, where there are neither Web Locks nor OPFS, and on a secure one with Web Locks and with them taken away.

import { check, codeOf, generations, openTab, post, sleep } from './tab.mjs';

const query = new URL(location.href).searchParams;
const rounds = Number(query.get('rounds') ?? 4);

/** Two tabs save one name up to 120 ms apart while a third reads; then all agree on one of the two. */
async function twoWriters(kind, locks) {
  const [one, two, reader] = [openTab(locks), openTab(locks), openTab(locks)];
  await one.run('write', { kind, name: 'same', owner: 1 });
  const seen = { whole: 0, changed: 0 };
  for (let round = 0; round < rounds; round++) {
    const owners = [2 * round + 2, 2 * round + 3];
    const saves = Promise.all([
      one.run('write', { kind, name: 'same', owner: owners[0] }),
      sleep((round * 53) % 120).then(() => two.run('write', { kind, name: 'same', owner: owners[1] })),
    ]);
    let isOver = false;
    saves.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const found = await codeOf(reader.run('read', { kind, name: 'same' }));
      check(found === 'SAGITTA_CHANGED' || found <= owners[1], `${kind}: a reader found ${found}`);
      seen[found === 'SAGITTA_CHANGED' ? 'changed' : 'whole']++;
    }
    await saves;
    const found = await Promise.all([one, reader].map((tab) => tab.run('read', { kind, name: 'same' })));
    check(owners.includes(found[0]) && found[0] === found[1], `${kind}: ${found} after ${owners}`);
  }
  check(seen.whole > 0, 'no reader read');
  await one.run('write', { kind, name: 'same', owner: 1 });
  check((await generations(kind)) === 1, `${kind}: ${await generations(kind)} generations left`);
  await one.run('remove', { kind, name: 'same' });
  for (const tab of [one, two, reader]) tab.kill();
  return seen;
}

/** A reader of an index that is replaced, removed, and saved again by another tab. */
async function heldReader(kind, locks) {
  const [writer, reader] = [openTab(locks), openTab(locks)];
  const name = 'held';
  await writer.run('write', { kind, name, owner: 1 });
  check((await reader.run('hold', { kind, name })) === 1, 'held');
  const hasLocks = await writer.run('locks');
  for (const step of ['write', 'remove', 'write']) {
    await writer.run(step, { kind, name, owner: 2 });
    const found = await codeOf(reader.run('readHeld', { name }));
    check(
      found === (hasLocks ? 1 : 'SAGITTA_CHANGED'),
      `${kind}: after ${step} a reader of the old index got ${found}`,
    );
  }
  await reader.run('release', { name });
  await writer.run('remove', { kind, name });
  check((await codeOf(reader.run('read', { kind, name }))) === 'SAGITTA_NOT_FOUND', 'removed');
  check((await writer.run('list', { kind })).length === 0, 'listed');
  for (const tab of [writer, reader]) tab.kill();
  return { hasLocks };
}

/** Tabs that end in the middle of saves leave nothing that the next start does not take away. */
async function cutOff(kind) {
  const name = 'cut';
  const tab = openTab('yes');
  await tab.run('write', { kind, name, owner: 1 });
  let leftovers = 0;
  for (let i = 0; i < 8; i++) {
    const dying = openTab('yes');
    await dying.run('locks');
    dying.run('fill', { kind, name: i % 2 === 0 ? name : `${name} ${i}`, bytes: 2 ** 40 }).catch(() => {});
    await sleep(60 + i * 20);
    dying.kill();
    leftovers = Math.max(leftovers, (await generations(kind)) - 1);
  }
  check(leftovers > 0, `${kind}: nothing was cut off`);
  // a killed worker lets go of its locks some time later
  for (let wait = 0; ; wait += 50) {
    const stored = await tab.run('list', { kind });
    check(stored.length === 1, `${kind}: stored are ${JSON.stringify(stored)}`);
    if ((await generations(kind)) === 1) break;
    check(wait < 5000, `${kind}: ${await generations(kind)} generations left`);
    await sleep(50);
  }
  check((await tab.run('read', { kind, name })) === 1, 'the old index is there');
  await tab.run('remove', { kind, name });
  tab.kill();
  return { leftovers };
}

/** The database is deleted while one tab reads it and another writes. */
async function deletion() {
  const kind = 'indexeddb';
  const [writer, reader] = [openTab('yes'), openTab('yes')];
  await writer.run('write', { kind, name: 'gone', owner: 1 });
  await reader.run('hold', { kind, name: 'gone' });
  const write = codeOf(writer.run('fill', { kind, name: 'gone', bytes: 2 ** 40 }));
  await sleep(100);
  await new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase('sagitta');
    deleting.onsuccess = resolve;
    deleting.onerror = () => reject(deleting.error);
  });
  check((await write) === 'SAGITTA_CHANGED', `the write: ${await write}`);
  check((await codeOf(reader.run('readHeld', { name: 'gone' }))) === 'SAGITTA_CHANGED', 'the reader');
  await writer.run('write', { kind, name: 'gone', owner: 2 });
  check((await reader.run('read', { kind, name: 'gone' })) === 2, 'a new database');
  await writer.run('remove', { kind, name: 'gone' });
  for (const tab of [writer, reader]) tab.kill();
  return {};
}

const isPlain = !globalThis.isSecureContext;
const cases = isPlain
  ? [['indexeddb', 'yes']]
  : ['opfs', 'indexeddb'].flatMap((kind) => [
      [kind, 'yes'],
      [kind, 'no'],
    ]);
await post({
  'Web Locks where the origin is secure': async () =>
    check(isPlain === (navigator.locks === undefined), 'Web Locks'),
  ...Object.fromEntries(
    cases.flatMap(([kind, locks]) => {
      const label = `${kind}, ${isPlain || locks === 'no' ? 'no locks' : 'locks'}`;
      return [
        [`two writers, ${label}`, () => twoWriters(kind, locks)],
        [`held reader, ${label}`, () => heldReader(kind, locks)],
      ];
    }),
  ),
  ...(!isPlain && {
    'cut off, opfs': () => cutOff('opfs'),
    'cut off, indexeddb': () => cutOff('indexeddb'),
    deletion,
  }),
});
