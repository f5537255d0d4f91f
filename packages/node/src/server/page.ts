/** The page at /: one HTML text without anything from elsewhere, which searches by what the routes answer. */

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
form { display: grid; grid-template-columns: 8rem 1fr; gap: .5rem; align-items: start; }
textarea, input, select, button { font: inherit; width: 100%; box-sizing: border-box; }
textarea, pre, code { font-family: ui-monospace, monospace; font-size: .85rem; }
pre { white-space: pre-wrap; margin: .25rem 0 0; }
button { grid-column: 2; width: auto; justify-self: start; padding: .3rem 1.2rem; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.score { font-variant-numeric: tabular-nums; }
td button { padding: 0 .5rem; }
#error { color: #c22; }
`;

const MARKUP = `
<h1>Sagitta</h1>
<p id="about">…</p>
<form id="search">
  <label for="by">Search by</label>
  <select id="by"><option value="text" hidden disabled>words</option><option value="id">id: more like this</option><option value="query">vector: JSON or base64 of float32</option></select>
  <label for="what">What</label>
  <textarea id="what" rows="3" required></textarea>
  <label for="kind">Id is</label>
  <select id="kind"><option>string</option><option>number</option><option>bigint</option></select>
  <label for="filter">Filter</label>
  <input id="filter" placeholder='{"folder":"x","mtime":{"gte":5}}'>
  <label for="k">Results</label>
  <input id="k" type="number" min="1" max="1000" value="10">
  <label for="token">Token</label>
  <input id="token" type="password" autocomplete="off" placeholder="where the server asks for one">
  <button>Search</button>
</form>
<p id="error" role="alert"></p>
<p id="figures" aria-live="polite"></p>
<table id="hits" hidden><thead><tr><th>id</th><th id="score"></th><th>metadata, text</th><th></th></tr></thead><tbody></tbody></table>
<p><a href="openapi.json">OpenAPI</a></p>
`;

const SCRIPT = `
const at = (id) => document.getElementById(id);
const headers = () => ({
  'content-type': 'application/json',
  ...(at('token').value && { authorization: 'Bearer ' + at('token').value }),
});
const shown = (id) => typeof id === 'object' ? id.bigint + 'n' : JSON.stringify(id);

async function ask(path, init) {
  const start = performance.now();
  const response = await fetch(path, { ...init, headers: headers() });
  const text = await response.text();
  const milliseconds = performance.now() - start;
  const answer = JSON.parse(text);
  if (!response.ok) throw new Error(answer.error.message + ' (' + answer.error.code + ', request ' + answer.error.requestId + ')');
  return { answer, milliseconds, bytes: new TextEncoder().encode(text).length };
}

async function about() {
  try {
    const { answer } = await ask('report');
    const words = at('by').options[0];
    if (answer.hasTextModel && words.hidden) {
      words.hidden = words.disabled = false;
      if (at('what').value === '') at('by').value = 'text';
    }
    const bytes = answer.segments.reduce((sum, one) => sum + one.bytes, 0);
    at('about').textContent = answer.n.toLocaleString() + ' records of ' + answer.d + ' dimensions, ' + answer.metric + '; '
      + answer.segments.length + ' segments of ' + bytes.toLocaleString() + ' bytes, ' + answer.tail.toLocaleString()
      + ' records in the tail, ' + answer.memoryBytes.toLocaleString() + ' bytes of memory';
  } catch (error) {
    at('about').textContent = error.message;
  }
}

function requested() {
  const text = at('what').value.trim();
  const filter = at('filter').value.trim();
  const body = { k: Number(at('k').value), withTexts: true, ...(filter && { filter: JSON.parse(filter) }) };
  if (at('by').value === 'text') return { ...body, text };
  if (at('by').value === 'query') return { ...body, query: text.startsWith('[') ? JSON.parse(text) : text };
  const kind = at('kind').value;
  return { ...body, id: kind === 'number' ? Number(text) : kind === 'bigint' ? { bigint: text } : text };
}

function cell(row, text, name) {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function show(hits) {
  const body = at('hits').tBodies[0];
  body.replaceChildren();
  at('hits').hidden = hits.length === 0;
  for (const hit of hits) {
    const row = body.insertRow();
    const name = 'distance' in hit ? 'distance' : 'similarity';
    at('score').textContent = name;
    cell(row, shown(hit.id));
    cell(row, hit[name].toFixed(4), 'score');
    const said = cell(row, hit.metadata === undefined ? '' : JSON.stringify(hit.metadata));
    if (hit.text !== undefined) {
      const text = document.createElement('pre');
      text.textContent = hit.text;
      said.append(text);
    }
    const more = document.createElement('button');
    more.type = 'button';
    more.textContent = 'more like this';
    more.addEventListener('click', () => {
      at('by').value = 'id';
      at('kind').value = typeof hit.id === 'object' ? 'bigint' : typeof hit.id;
      at('what').value = typeof hit.id === 'object' ? hit.id.bigint : hit.id;
      at('search').requestSubmit();
    });
    cell(row, '').append(more);
  }
}

at('search').addEventListener('submit', async (event) => {
  event.preventDefault();
  at('error').textContent = '';
  try {
    const { answer, milliseconds, bytes } = await ask('search', { method: 'POST', body: JSON.stringify(requested()) });
    show(answer.hits);
    at('figures').textContent = answer.hits.length + ' results, ' + milliseconds.toFixed(1) + ' ms, ' + bytes.toLocaleString() + ' bytes';
  } catch (error) {
    at('error').textContent = error.message;
  }
});
at('token').addEventListener('change', about);
about();
`;

/** The page, and the policy under which a browser runs nothing but its own script. nonce — a new one each time */
export function pageFor(nonce: string): { readonly html: string; readonly policy: string } {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sagitta</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<body>${MARKUP}<script type="module" nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
  const policy = `default-src 'none'; connect-src 'self'; img-src data:; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { html, policy };
}
