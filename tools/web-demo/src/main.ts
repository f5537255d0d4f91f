/** The page: what is clicked and typed, and what is shown. The work is done in two workers. */
import type { Metric } from '@sagitta/core-wasm';
import { tokenize } from '@sagitta/demo/text';
import type { CodeName } from '@sagitta/quantizers';
import { type BuildOptions, type IndexInfo, requestPersistence, SearchClient } from '@sagitta/web';
import { proxy, type Remote, wrap } from 'comlink';
import { drawChart, fillTable, whole } from './chart-view.ts';
import { type Dataset, datasetOf, sampleFiles, textDataset } from './dataset.ts';
import { megabytes, page, say, showStats } from './elements.ts';
import type { Lab, Measured } from './lab-worker.ts';
import { MapView } from './map-view.ts';
import { hasState, INDEX_NAME, loadState, saveState, WORDS_NAME } from './storing.ts';
import { installTheme } from './theme.ts';
import { type WordFigures, wordsOf } from './word-index.ts';

const HITS = 10;
const TYPING_MS = 40;
/** From so many vectors on there are lists. */
const IVF_FROM = 5000;
/** Words and spaces that are shown before the first marked word. */
const WORDS_BEFORE = 12;
/** The choice of a vector a word. */
const LATE = 'late';
const opened = performance.now();

class Page {
  readonly #lab: Remote<Lab>;
  readonly #client: SearchClient;
  readonly #map = new MapView(page.map);
  #dataset: Dataset | undefined;
  #info: IndexInfo | undefined;
  /** Where a vector a word is searched instead of a vector a passage. */
  #words: WordFigures | undefined;
  #buildMs = 0;
  #searchMs: number | undefined;
  #work: AbortController | undefined;
  #typing: AbortController | undefined;

  constructor(lab: Remote<Lab>, client: SearchClient) {
    this.#lab = lab;
    this.#client = client;
    page.stop.addEventListener('click', () => this.#work?.abort(new Error('stopped')));
    page.sample.addEventListener('click', () => this.showSample());
    page.pick.addEventListener('click', () => page.files.click());
    page.files.addEventListener('change', () => this.#take([...(page.files.files ?? [])]));
    page.paste.addEventListener('click', () => {
      const text = page.pasted.value;
      void this.#index(() => textDataset(lab, 'pasted text', [{ name: 'pasted text', text }]));
    });
    page.drop.addEventListener('dragover', (event) => {
      event.preventDefault();
      page.drop.classList.add('over');
    });
    page.drop.addEventListener('dragleave', () => page.drop.classList.remove('over'));
    page.drop.addEventListener('drop', (event) => {
      event.preventDefault();
      page.drop.classList.remove('over');
      this.#take([...(event.dataTransfer?.files ?? [])]);
    });
    for (const select of [page.compression, page.metric]) {
      select.addEventListener('change', () => {
        const dataset = this.#dataset;
        if (dataset) void this.#index(async () => dataset);
      });
    }
    page.query.addEventListener('input', () => this.#type());
    page.compare.addEventListener('click', () => this.#compare());
    page.save.addEventListener('click', () => this.#save());
    page.load.addEventListener('click', () => this.#load());
  }

  showSample(): Promise<void> {
    return this.#index(() => textDataset(this.#lab, 'our own docs', sampleFiles()));
  }

  #take(files: File[]): void {
    if (files.length > 0) void this.#index(() => datasetOf(this.#lab, files));
  }

  /** Runs one piece of work at a time, with progress, an end by the button, and what went wrong in words. */
  async #run(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#work?.abort(new Error('stopped'));
    const work = new AbortController();
    this.#work = work;
    page.stop.hidden = false;
    page.progress.removeAttribute('value');
    for (const button of [page.save, page.load, page.compare]) button.disabled = true;
    try {
      await body(work.signal);
    } catch (error) {
      if (this.#work === work)
        say(error instanceof Error ? error.message : String(error), !work.signal.aborted);
    }
    if (this.#work !== work) return;
    this.#work = undefined;
    page.stop.hidden = true;
    page.progress.value = this.#info ? 1 : 0;
    for (const button of [page.save, page.compare]) button.disabled = !this.#info;
    page.load.disabled = !(await hasState());
  }

  #index(make: () => Promise<Dataset>): Promise<void> {
    return this.#run(async (signal) => {
      say('Reading …');
      const dataset = await make();
      signal.throwIfAborted();
      // late interaction takes text, a vector a word
      if (dataset.kind !== 'text' && page.compression.value === LATE) page.compression.value = 'saq/4';
      say(`Indexing ${whole(dataset.n)} vectors of ${dataset.d} dimensions …`);
      const start = performance.now();
      const info = await this.#client.build(dataset.data, dataset.d, this.#options(dataset), {
        signal,
        onProgress: ({ phase, done, total }) => {
          // how far a training is nobody knows
          page.progress.value = phase === 'add' && total > 0 ? done / total : 0;
        },
      });
      this.#buildMs = performance.now() - start;
      this.#words = undefined;
      if (page.compression.value === LATE) {
        say('A vector for every word …');
        this.#words = await this.#lab.buildWords();
      }
      await this.#show(dataset, info);
    });
  }

  #options({ n }: Dataset): BuildOptions {
    // beside an index of words, that of passages is kept: the map is made of it
    const choice = page.compression.value === LATE ? 'saq/4' : page.compression.value;
    const [quantizer, bits] = choice.split('/') as [CodeName, string];
    const metric = page.metric.value as Metric;
    return {
      metric,
      quantizer,
      ...(quantizer !== 'float32' && { bits: Number(bits) }),
      ...(n >= IVF_FROM && { nlist: Math.round(2 * Math.sqrt(n)) }),
    };
  }

  async #show(dataset: Dataset, info: IndexInfo): Promise<void> {
    if (this.#dataset !== dataset) {
      drawChart(page.chart, []);
      fillTable(page.figures, []);
      const { points } = await this.#lab.map(dataset.data, dataset.d);
      this.#map.draw(points, dataset.n);
    }
    this.#dataset = dataset;
    this.#info = info;
    page.query.disabled = false;
    page.query.placeholder =
      dataset.kind === 'text'
        ? 'Ask in a few words'
        : `A row number, 0 to ${dataset.n - 1}, or ${dataset.d} numbers`;
    say(
      `${dataset.name}: ${whole(dataset.n)} ${dataset.kind === 'text' ? 'passages' : 'vectors'} of ${info.d} dimensions, ready.`,
    );
    if (page.query.value === '')
      page.query.value = dataset.kind === 'text' ? 'How many bytes does a vector cost?' : '0';
    this.#stats();
    await this.#search(new AbortController().signal);
  }

  #stats(): void {
    const [dataset, info] = [this.#dataset, this.#info];
    if (!dataset || !info) return;
    const words = this.#words;
    const vectors = words?.tokens ?? info.n;
    const plain = 4 * info.d * vectors;
    const coded = words?.bytes ?? info.bytesPerVector * info.n;
    showStats([
      ['Vectors', `${whole(vectors)} × ${info.d}${words ? `, ${whole(info.n)} passages` : ''}`],
      ['As float32', megabytes(plain)],
      [
        words ? 'As codes and FDEs' : 'As codes and ids',
        `${megabytes(coded)} (${(plain / coded).toFixed(1)}× less)`,
      ],
      ['Bytes a vector', (coded / vectors).toFixed(0)],
      ['WebAssembly memory', megabytes(info.memoryBytes)],
      [
        'Trained and coded in',
        this.#buildMs > 0 ? `${whole(this.#buildMs + (words?.milliseconds ?? 0))} ms` : 'loaded',
      ],
      ['Last search', this.#searchMs === undefined ? '–' : `${this.#searchMs.toFixed(1)} ms`],
    ]);
  }

  #type(): void {
    this.#typing?.abort();
    const typing = new AbortController();
    this.#typing = typing;
    setTimeout(() => {
      if (!typing.signal.aborted) void this.#search(typing.signal);
    }, TYPING_MS);
  }

  async #queryVector(dataset: Dataset, text: string): Promise<Float32Array | undefined> {
    if (dataset.kind === 'text') return this.#lab.embedQuery(text);
    const numbers = text
      .split(/[\s,]+/)
      .filter((part) => part !== '')
      .map(Number);
    if (numbers.length === dataset.d) return Float32Array.from(numbers);
    const row = numbers[0] ?? -1;
    if (numbers.length !== 1 || !Number.isInteger(row) || row < 0 || row >= dataset.n) return undefined;
    return dataset.data.slice(row * dataset.d, (row + 1) * dataset.d);
  }

  async #search(signal: AbortSignal): Promise<void> {
    const dataset = this.#dataset;
    const text = page.query.value.trim();
    if (!dataset) return;
    try {
      const query = text === '' ? undefined : await this.#queryVector(dataset, text);
      if (!query) {
        page.hits.replaceChildren();
        this.#map.mark(undefined, []);
        page.answered.textContent = text === '' ? 'Type to search.' : 'Nothing of that is in the data.';
        return;
      }
      signal.throwIfAborted();
      const start = performance.now();
      const found = this.#words
        ? await this.#lab.searchWords(text, HITS)
        : await this.#client.search(query, HITS, { signal });
      if (!found) return;
      signal.throwIfAborted();
      const { ids, scores } = found;
      this.#searchMs = performance.now() - start;
      page.answered.textContent = `${ids.length} of ${whole(dataset.n)} in ${this.#searchMs.toFixed(1)} ms, the way to the worker included`;
      this.#stats();
      this.#showHits(dataset, ids, scores, (passage, i) =>
        'words' in found ? marked(passage, found.words[i]) : highlighted(passage, text),
      );
      const place = (row: number): Promise<[number, number]> =>
        this.#lab.place(dataset.data.slice(row * dataset.d, (row + 1) * dataset.d));
      const [at, ...spots] = await Promise.all([this.#lab.place(query), ...[...ids].map(place)]);
      if (signal.aborted) return;
      this.#map.mark(
        at,
        spots.map(([x, y], i) => ({ x, y, title: dataset.label(ids[i] as number).title })),
      );
    } catch (error) {
      if (!signal.aborted) say(error instanceof Error ? error.message : String(error), true);
    }
  }

  #showHits(
    dataset: Dataset,
    ids: Uint32Array,
    scores: Float32Array,
    mark: (text: string, hit: number) => (Node | string)[],
  ): void {
    const items = [...ids].map((id, i) => {
      const { title, text } = dataset.label(id);
      const item = document.createElement('li');
      const button = document.createElement('button');
      button.type = 'button';
      button.append(
        element('span', 'rank', String(i + 1)),
        element('span', 'body', [
          element('span', 'title', [
            element('span', '', title),
            element('span', 'score', (scores[i] as number).toFixed(3)),
          ]),
          element('span', 'text', dataset.kind === 'text' ? beginning(mark(text, i)) : text),
        ]),
      );
      button.addEventListener('click', () => {
        // a hit becomes the question
        page.query.value = dataset.kind === 'text' ? text.split(/\s+/).slice(0, 12).join(' ') : String(id);
        page.query.focus();
        this.#type();
      });
      item.append(button);
      return item;
    });
    page.hits.replaceChildren(...items);
  }

  #compare(): Promise<void> {
    return this.#run(async (signal) => {
      const dataset = this.#dataset;
      if (!dataset) return;
      const all: Measured[] = [];
      say('Measuring each method on this data …');
      await this.#lab.compare(
        dataset.data,
        dataset.d,
        page.metric.value as Metric,
        proxy(async (measured: Measured, done: number, total: number) => {
          if (signal.aborted) throw new Error('stopped');
          all.push(measured);
          page.progress.value = done / total;
          drawChart(page.chart, all);
          fillTable(page.figures, all);
        }),
      );
      say(`${all.length} methods measured on ${whole(Math.min(dataset.n, 4000))} vectors.`);
    });
  }

  #save(): Promise<void> {
    return this.#run(async () => {
      const dataset = this.#dataset;
      if (!dataset) return;
      const { bytes, storage } = await this.#client.save(INDEX_NAME);
      if (this.#words) await this.#lab.saveWords(WORDS_NAME);
      await saveState(dataset, this.#words !== undefined);
      const where = storage === 'opfs' ? 'the browser’s file system' : 'IndexedDB';
      const saved = `Saved ${megabytes(bytes)} in ${where}`;
      say(`${saved}.`);
      // not waited for: the browser may ask, and the answer may never come
      requestPersistence()
        .then((isKept) => isKept && say(`${saved}, to be kept when the disk is full.`))
        .catch(() => {});
    });
  }

  #load(): Promise<void> {
    return this.#run(async (signal) => {
      say('Loading …');
      const { dataset, hasWords } = await loadState(this.#lab);
      const info = await this.#client.load({ stored: INDEX_NAME }, { signal });
      this.#buildMs = 0;
      this.#words = hasWords ? await this.#lab.loadWords(WORDS_NAME) : undefined;
      await this.#show(dataset, info);
    });
  }
}

function element(name: string, className: string, content: string | readonly (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...(typeof content === 'string' ? [content] : content));
  return made;
}

/** From a few words before the first mark on, where a line that is cut short would hide it. */
function beginning(parts: readonly (Node | string)[]): readonly (Node | string)[] {
  const first = parts.findIndex((part) => typeof part !== 'string');
  return first > 2 * WORDS_BEFORE ? ['… ', ...parts.slice(first - WORDS_BEFORE)] : parts;
}

/** The text with words marked by their numbers: those that MaxSim matched. */
function marked(text: string, numbers: readonly number[] = []): (Node | string)[] {
  const wanted = new Set(numbers);
  return wordsOf(text).flatMap((word, i) => [wanted.has(i) ? element('mark', '', word) : word, ' ']);
}

/** The text with the words marked that share a term with the question. */
function highlighted(text: string, asked: string): (Node | string)[] {
  const wanted = new Set(tokenize(asked));
  return text
    .split(/(\s+)/)
    .map((word) => (tokenize(word).some((term) => wanted.has(term)) ? element('mark', '', word) : word));
}

async function start(): Promise<void> {
  installTheme(page.theme);
  const lab = wrap<Lab>(new Worker(new URL('./lab-worker.ts', import.meta.url), { type: 'module' }));
  const client = await SearchClient.start();
  const shown = new Page(lab, client);
  await shown.showSample();
  document.documentElement.dataset['readyMs'] = String(Math.round(performance.now() - opened));
}

start().catch((error: unknown) => say(error instanceof Error ? error.message : String(error), true));
