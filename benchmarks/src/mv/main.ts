/**
 * Multi-vector search against its baselines: `SAGITTA_DATA=… npm run bench:mv`, a part of it with `-- vaswani` or
 * `-- clustered`. A full run writes benchmarks/results/multivector.md and its charts.
 */
import { writeFileAtomic } from '@sagitta/node';
import { clusteredFigures } from './clustered.ts';
import { page, raceChart } from './report.ts';
import { vaswaniFigures } from './vaswani.ts';

const PARTS = ['vaswani', 'clustered'];
const started = performance.now();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
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
  const vaswani = has('vaswani') ? await vaswaniFigures(root as string, log) : undefined;
  const clustered = has('clustered') ? clusteredFigures(log) : undefined;
  const text = page(vaswani, clustered);
  process.stdout.write(text);
  if (vaswani === undefined || clustered === undefined) return;
  const folder = new URL('../../results/', import.meta.url).pathname;
  const bytes = new TextEncoder();
  await writeFileAtomic(`${folder}multivector.md`, [bytes.encode(text)]);
  const chart = raceChart(vaswani.race, 'mv-minicolbert-vaswani: recall and time');
  await writeFileAtomic(`${folder}multivector-vaswani.svg`, [bytes.encode(chart)]);
  log(`written to ${folder}`);
}

await main();
