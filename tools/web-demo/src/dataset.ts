/** What is being searched: passages of text with their embeddings, or vectors of a file. */
import type { Remote } from 'comlink';
import type { Lab, TextFile } from './lab-worker.ts';
import { holdsVectors, parseVectors } from './parse-vectors.ts';

export interface Dataset {
  readonly kind: 'text' | 'vectors';
  readonly name: string;
  /** n × d. */
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
  /** Where a hit comes from, and what it says. */
  label(row: number): { readonly title: string; readonly text: string };
  /** What it takes to make it again. */
  readonly source:
    | { readonly files: readonly TextFile[] }
    | { readonly labels: readonly string[] | undefined };
}

export async function textDataset(
  lab: Remote<Lab>,
  name: string,
  files: readonly TextFile[],
): Promise<Dataset> {
  const { passages, data, d } = await lab.embedTexts(files);
  return {
    kind: 'text',
    name,
    data,
    n: passages.length,
    d,
    source: { files },
    label: (row) => {
      const { file, heading, text } = passages[row] ?? { file: '', heading: '', text: '' };
      return { title: heading ? `${file} › ${heading}` : file, text };
    },
  };
}

export function vectorDataset(
  name: string,
  data: Float32Array,
  d: number,
  labels: readonly string[] | undefined,
): Dataset {
  return {
    kind: 'vectors',
    name,
    data,
    n: data.length / d,
    d,
    source: { labels },
    label: (row) => ({
      title: `row ${row}`,
      text:
        labels?.[row] ??
        `${[...data.subarray(row * d, row * d + 6)].map((value) => value.toPrecision(3)).join(', ')} …`,
    }),
  };
}

/** Dropped files: the first one of vectors alone, or all of them as text. */
export async function datasetOf(lab: Remote<Lab>, files: readonly File[]): Promise<Dataset> {
  const starts = await Promise.all(files.map((file) => file.slice(0, 65_536).text()));
  const at = files.findIndex((file, i) => holdsVectors(file.name, starts[i] ?? ''));
  const vectors = files[at];
  if (vectors) {
    const { data, d, labels } = parseVectors(vectors.name, await vectors.arrayBuffer());
    return vectorDataset(vectors.name, data, d, labels);
  }
  const texts = await Promise.all(files.map(async (file) => ({ name: file.name, text: await file.text() })));
  return textDataset(lab, files.length === 1 ? (files[0]?.name ?? 'text') : `${files.length} files`, texts);
}

/** The documentation of this project, bundled with the page. */
export function sampleFiles(): TextFile[] {
  const found: Record<string, string> = {
    ...import.meta.glob<string>(['../../../docs/**/*.md', '!../../../docs/api/**'], {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
    ...import.meta.glob<string>('../../../packages/*/README.md', {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
    ...import.meta.glob<string>('../../../*.md', { query: '?raw', import: 'default', eager: true }),
  };
  return Object.entries(found).map(([path, text]) => ({ name: path.replaceAll('../', ''), text }));
}
