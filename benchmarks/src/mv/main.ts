/**
 * Multi-vector search against its baselines: `SAGITTA_DATA=… npm run bench:mv`, a part of it with `-- vaswani` or
 * `-- clustered`. Figures go to benchmarks/results/multivector.json, where parts that were not run keep theirs; the page and
 * its chart are made from that file.
 */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@sagitta/node';
import { thisMachine } from '../report.ts';
import { type ClusteredFigures, clusteredFigures } from './clustered.ts';
import type { Measured } from './measured.ts';
import { page, raceChart } from './report.ts';
import { type VaswaniFigures, vaswaniFigures } from './vaswani.ts';

interface Results {
  vaswani?: Measured<VaswaniFigures>;
  clustered?: Measured<ClusteredFigures>;
}

const PARTS = ['vaswani', 'clustered'];
const FOLDER: string = new URL('../../results/', import.meta.url).pathname;
const started = performance.now();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

async function readResults(): Promise<Results> {
  try {
    return JSON.parse(await readFile(`${FOLDER}multivector.json`, 'utf8')) as Results;
  } catch {
    return {};
  }
}

async function write(name: string, text: string): Promise<void> {
  await writeFileAtomic(`${FOLDER}${name}`, [new TextEncoder().encode(text)]);
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const unknown = words.find((word) => !PARTS.includes(word));
  const has = (part: string): boolean => words.length === 0 || words.includes(part);
  const root = process.env['SAGITTA_DATA'];
  if (unknown !== undefined || (has('vaswani') && !root)) {
    const what =
      unknown === undefined
        ? 'SAGITTA_DATA: expected the folder that holds the collections, got nothing'
        : `expected ${PARTS.join(', ')}, got ${unknown}`;
    process.stderr.write(`${what}\n`);
    process.exitCode = 2;
    return;
  }
  const machine = thisMachine();
  const results = await readResults();
  if (has('vaswani')) results.vaswani = { machine, figures: await vaswaniFigures(root as string, log) };
  if (has('clustered')) results.clustered = { machine, figures: clusteredFigures(log) };
  const text = page(results.vaswani, results.clustered);
  process.stdout.write(text);
  await write('multivector.json', `${JSON.stringify(results, null, 1)}\n`);
  await write('multivector.md', text);
  if (results.vaswani) {
    const { race } = results.vaswani.figures;
    await write(
      'multivector-vaswani.svg',
      raceChart(race, 'mv-minicolbert-vaswani: recall and time of a query'),
    );
  }
  log(`written to ${FOLDER}`);
}

await main();
