/**
 * Encodings by regression beside votes and MUVERA at equal bytes: `SAGITTA_DATA=… npm run bench:regression`, a part of it with
 * `-- vaswani wiki clouds text race`. Parts go to benchmarks/results/fde-regression.json, where those that were not run keep
 * theirs; the page is made from that file.
 */
import { readFile } from 'node:fs/promises';
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { thisMachine } from '../report.ts';
import { vaswaniRace } from './race.ts';
import { cloudTables, vaswaniTable, wikiTable } from './sets.ts';
import { textTables } from './text.ts';

const PARTS = ['vaswani', 'wiki', 'clouds', 'text', 'race'] as const;
type Part = (typeof PARTS)[number];
const FOLDER: string = new URL('../../results/', import.meta.url).pathname;

async function readParts(): Promise<Partial<Record<Part, string>>> {
  try {
    return JSON.parse(await readFile(`${FOLDER}fde-regression.json`, 'utf8')) as Partial<
      Record<Part, string>
    >;
  } catch {
    return {};
  }
}

async function write(name: string, text: string): Promise<void> {
  await writeFileAtomic(`${FOLDER}${name}`, [new TextEncoder().encode(text)]);
}

async function main(): Promise<void> {
  const root = process.env['SAGITTA_DATA'];
  const words = process.argv.slice(2);
  const unknown = words.find((word) => !PARTS.some((part) => part === word));
  if (root === undefined || unknown !== undefined) {
    const what =
      unknown === undefined
        ? 'SAGITTA_DATA: expected the folder that holds the collections, got nothing'
        : `expected ${PARTS.join(', ')}, got ${unknown}`;
    process.stderr.write(`${what}\n`);
    process.exitCode = 2;
    return;
  }
  const started = performance.now();
  const log = (line: string): void => {
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
  };
  const makers: Record<Part, () => string | Promise<string>> = {
    vaswani: () => vaswaniTable(core, root, log),
    wiki: () => wikiTable(core, root, log),
    clouds: () => cloudTables(core, log),
    text: () => textTables(core, root, log),
    race: () => vaswaniRace(core, root, log),
  };
  using core = createCore();
  const { cpu, engine, date } = thisMachine();
  for (const part of PARTS) {
    if (words.length > 0 && !words.includes(part)) continue;
    const text = await makers[part]();
    const parts = { ...(await readParts()), [part]: `${text}\n\n${cpu}, ${engine}, ${date}.` };
    await write('fde-regression.json', `${JSON.stringify(parts, null, 1)}\n`);
    const body = PARTS.map((one) => parts[one]).filter((one) => one !== undefined);
    const page = `# Encodings by regression\n\nWritten by \`npm run bench:regression\`. What they are: [regression](../../docs/algorithms/regression.md). Other work ran on the machine: times say something as ratios only; training and encoding are processor seconds.\n\n${body.join('\n\n')}\n`;
    await write('fde-regression.md', page);
    process.stdout.write(`${text}\n`);
  }
}

await main();
