// Starts the module worker by the form that bundlers know, and posts its answer.
const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
const outcome = { name: location.pathname };
worker.onmessage = ({ data }) => post({ ...outcome, result: data });
worker.onerror = ({ message }) => post({ ...outcome, error: `${location.pathname}: ${message}` });

function post(body) {
  fetch('/result', { method: 'POST', body: JSON.stringify(body) });
}
