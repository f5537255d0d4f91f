// Storage of which the browser gives this origin 10 MB. ?kinds=opfs,indexeddb
import { check, codeOf, generations, openTab, post, sleep } from './tab.mjs';

const kinds = new URL(location.href).searchParams.get('kinds').split(',');

async function room() {
  return `${JSON.stringify(await navigator.storage.estimate())}`;
}

async function full(kind) {
  const tab = openTab('yes');
  await tab.run('write', { kind, name: 'q', owner: 1 });
  for (const name of ['q', 'another']) {
    const code = await codeOf(tab.run('fill', { kind, name, bytes: 40e6 }));
    check(code === 'SAGITTA_QUOTA', `${kind}: 40 MB gave ${code}`);
    check((await tab.run('read', { kind, name: 'q' })) === 1, 'the old index');
    check((await generations(kind)) === 1, `${kind}: ${await generations(kind)} generations left`);
  }
  check((await tab.run('list', { kind })).length === 1, 'a name without an index');
  // a save that dies leaves 5 MB, with which 3 MB more do not fit
  for (const name of ['q', 'another']) {
    const dying = openTab('yes');
    dying.run('stall', { kind, name, bytes: 5e6 }).catch(() => {});
    for (let wait = 0; (await generations(kind)) < 2; wait += 50) {
      check(wait < 5000, 'nothing was cut off');
      await sleep(50);
    }
    await sleep(300);
    dying.kill();
    // a worker that never comes to rest ends some seconds later, and its locks with it
    for (let wait = 0; (await navigator.locks.query()).held.length > 0; wait += 50) {
      check(wait < 10_000, 'the worker lives on');
      await sleep(50);
    }
    const saved = await codeOf(tab.run('write', { kind, name: 'q', owner: 2 }));
    check(saved > 0, `${kind}: a save beside what was left of ${name} gave ${saved}, ${await room()}`);
    check((await tab.run('read', { kind, name: 'q' })) === 2, 'the new index');
    check((await generations(kind)) === 1, `${kind}: ${await generations(kind)} generations left`);
  }
  await tab.run('remove', { kind, name: 'q' });
  tab.kill();
}

await post(Object.fromEntries(kinds.map((kind) => [kind, () => full(kind)])));
