// What pages that command several tabs share.

export function check(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

/** A worker that answers; `run` rejects with the error's code. */
export function openTab(locks) {
  const worker = new Worker(new URL(`./tabs-worker.js?locks=${locks}`, import.meta.url), { type: 'module' });
  const waiting = new Map();
  let next = 0;
  worker.onmessage = ({ data: { id, value, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(error);
  };
  return {
    run: (command, more = {}) =>
      new Promise((resolve, reject) => {
        waiting.set(++next, { resolve, reject });
        worker.postMessage({ id: next, do: command, ...more });
      }),
    kill: () => worker.terminate(),
  };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const codeOf = (promise) =>
  promise.then(
    (value) => value,
    (code) => code,
  );

/** Generations that take up room, whole or not. */
export async function generations(kind) {
  if (kind === 'opfs') {
    let count = 0;
    const walk = async (folder) => {
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === 'directory') await walk(entry);
        else if (name.endsWith('.sag')) count++;
      }
    };
    await walk(await navigator.storage.getDirectory());
    return count;
  }
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open('sagitta');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const keys = await new Promise((resolve) => {
    const request = database.transaction('blocks').objectStore('blocks').getAllKeys();
    request.onsuccess = () => resolve(request.result);
  });
  database.close();
  return new Set(keys.map(([name, generation]) => JSON.stringify([name, generation]))).size;
}

/** Runs the tests one after the other and posts what came of them. */
export async function post(tests) {
  const outcome = { passed: {}, failed: {} };
  for (const [name, test] of Object.entries(tests)) {
    try {
      outcome.passed[name] = (await test()) ?? {};
    } catch (error) {
      outcome.failed[name] = `${error}\n${error?.stack}`;
    }
  }
  await fetch('/result', { method: 'POST', body: JSON.stringify(outcome) });
  document.title = 'done';
}
