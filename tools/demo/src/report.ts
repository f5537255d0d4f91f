/** What the demo prints: steps with their times, the table, the answers. */
import type { Passage } from './passages.ts';

export interface TableRow {
  readonly name: string;
  readonly bytesPerVector: number;
  readonly recall: number;
  readonly queriesPerSecond: number;
}

export interface Answer {
  readonly passage: Passage;
  /** Cosine. */
  readonly score: number;
}

const SNIPPET_LENGTH = 260;
const LINE_WIDTH = 100;

/** Prints what is being done, does it, and prints how it came out and how long it took. */
export async function step<T>(
  label: string,
  body: () => T | Promise<T>,
  describe: (value: T) => string,
): Promise<T> {
  process.stdout.write(`${label.padEnd(34, '.')} `);
  const start = performance.now();
  const value = await body();
  console.log(`${describe(value)} (${((performance.now() - start) / 1000).toFixed(2)} s)`);
  return value;
}

export function formatTable(rows: readonly TableRow[], k: number): string {
  const largest = rows[0]?.bytesPerVector ?? 1;
  const cells = [
    ['quantizer', 'bytes/vector', 'smaller', `recall@${k}`, 'queries/s'],
    ...rows.map((row) => [
      row.name,
      formatNumber(row.bytesPerVector, 0),
      `${formatNumber(largest / row.bytesPerVector, 1)}×`,
      row.recall.toFixed(4),
      formatNumber(row.queriesPerSecond, 0),
    ]),
  ];
  const widths = (cells[0] as string[]).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] as string).length)),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join('   '),
  );
  const rule = '─'.repeat((lines[0] as string).length);
  return [lines[0], rule, ...lines.slice(1)].map((line) => `  ${line}`).join('\n');
}

export function formatAnswers(question: string, answers: readonly Answer[]): string {
  const lines = [`? ${question}`];
  if (answers.length === 0) lines.push('  (none of its words stands in the documentation)');
  answers.forEach(({ passage, score }, i) => {
    const heading = passage.heading === '' ? '' : ` — ${passage.heading}`;
    lines.push(`  ${i + 1}. ${passage.file}${heading}  [${score.toFixed(2)}]`);
    for (const line of wrap(shorten(passage.text), LINE_WIDTH)) lines.push(`     ${line}`);
  });
  return lines.join('\n');
}

/** With thousands separated, the same in every locale. */
export function formatNumber(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function shorten(text: string): string {
  if (text.length <= SNIPPET_LENGTH) return text;
  return `${text.slice(0, text.lastIndexOf(' ', SNIPPET_LENGTH))} …`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
