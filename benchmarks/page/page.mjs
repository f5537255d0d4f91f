// The bench page: starts the worker, shows progress and results, saves them as JSON.
// `?run` starts at once; `&roundMs=5` makes rounds shorter; `&report=/address` also posts the JSON there.

const element = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);
let outcome;

element('run').addEventListener('click', start);
element('save').addEventListener('click', save);
if (parameters.has('run')) start();

function start() {
  element('run').disabled = true;
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }) => {
    if (data.kind === 'progress') return showProgress(data);
    worker.terminate();
    element('run').disabled = false;
    if (data.kind === 'failed') show({ error: data.error });
    else show({ result: describe(data) });
  });
  worker.addEventListener('error', ({ message }) => show({ error: message || 'the worker did not start' }));
  const roundMs = parameters.get('roundMs');
  worker.postMessage(roundMs === null ? {} : { roundMs: Number(roundMs) });
}

/** What is saved: the machine as the browser tells it, and every figure. */
function describe({ buildSeconds, memory, measured }) {
  const { userAgent, hardwareConcurrency } = navigator;
  return { date: new Date().toISOString(), userAgent, hardwareConcurrency, buildSeconds, memory, measured };
}

function showProgress({ value, text }) {
  element('progress').value = value;
  element('status').textContent = text;
}

function show({ error, result }) {
  outcome = result;
  if (error === undefined) {
    const wrong = result.measured.filter(({ isRight }) => !isRight).length;
    showProgress({
      value: 1,
      text:
        wrong === 0 ? 'Done: every answer is that of Node.' : `Done: ${wrong} answers differ from Node's.`,
    });
    element('results').hidden = false;
    element('results').tBodies[0].replaceChildren(...result.measured.map(row));
    element('save').disabled = false;
  } else {
    element('status').textContent = `It failed: ${error}`;
  }
  const report = parameters.get('report');
  if (report)
    fetch(new URL(report, location.origin), { method: 'POST', body: JSON.stringify({ error, result }) });
}

function row({ group, name, unit, best, median, isRight }) {
  const cells = [`${group}: ${name}`, unit, format(best), format(median), isRight ? 'same' : 'differs'];
  const tr = document.createElement('tr');
  for (const text of cells) tr.insertCell().textContent = text;
  return tr;
}

function format(ns) {
  return ns >= 100 ? Math.round(ns).toLocaleString('en') : ns.toPrecision(3);
}

function save() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(
    new Blob([JSON.stringify(outcome, undefined, 2)], { type: 'application/json' }),
  );
  link.download = 'sagitta-bench.json';
  link.click();
  URL.revokeObjectURL(link.href);
}
