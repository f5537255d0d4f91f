// The page that is reloaded, closed or crashed in the middle of a save. ?kind=opfs|indexeddb&from=VERSION
const query = new URL(location.href).searchParams;
const worker = new Worker(new URL('./kill-worker.js', import.meta.url), { type: 'module' });
globalThis.kill = { saving: -1, saved: -1 };
worker.onmessage = ({ data }) => {
  Object.assign(globalThis.kill, data);
  if (parent !== window) parent.postMessage(data, '*');
};
worker.onerror = ({ message }) => {
  throw new Error(message);
};
worker.postMessage({ kind: query.get('kind'), from: Number(query.get('from')) });
