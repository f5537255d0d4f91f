/** The elements of the page by what they are. */

function find<T extends Element>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new TypeError(`"${id}" expected a ${type.name}`);
}

export const page = {
  drop: find('drop', HTMLDivElement),
  pick: find('pick', HTMLButtonElement),
  files: find('files', HTMLInputElement),
  sample: find('sample', HTMLButtonElement),
  pasted: find('pasted', HTMLTextAreaElement),
  paste: find('paste', HTMLButtonElement),
  compression: find('compression', HTMLSelectElement),
  metric: find('metric', HTMLSelectElement),
  progress: find('progress', HTMLProgressElement),
  stop: find('stop', HTMLButtonElement),
  status: find('status', HTMLParagraphElement),
  save: find('save', HTMLButtonElement),
  load: find('load', HTMLButtonElement),
  query: find('query', HTMLInputElement),
  answered: find('answered', HTMLParagraphElement),
  hits: find('hits', HTMLOListElement),
  map: find('map', HTMLDivElement),
  stats: find('stats', HTMLDListElement),
  compare: find('compare', HTMLButtonElement),
  chart: find('chart', HTMLDivElement),
  figures: find('figures', HTMLTableElement),
  theme: find('theme', HTMLButtonElement),
} as const;

export function say(text: string, isWrong = false): void {
  page.status.textContent = text;
  page.status.classList.toggle('wrong', isWrong);
}

export function showStats(rows: readonly (readonly [string, string])[]): void {
  page.stats.replaceChildren(
    ...rows.flatMap(([term, value]) => {
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
      dt.textContent = term;
      dd.textContent = value;
      return [dt, dd];
    }),
  );
}

export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
