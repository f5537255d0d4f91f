/**
 * Claims about graphs, measured: LeanVec's, and those about the order of insertion.
 * Usage: bench:graph-claims leanvec|order [COLLECTION…]; of all collections results/graph-leanvec.md or graph-order.md is written.
 */
import { createCore } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { thisMachine } from '../report.ts';
import { LEANVEC_SETS, LEANVEC_TEXT, leanvecSection } from './leanvec.ts';
import { ORDER_SETS, ORDER_TEXT, orderSection } from './order.ts';

const CLAIMS = {
  leanvec: {
    title: "LeanVec's claim in graphs",
    sets: LEANVEC_SETS,
    text: LEANVEC_TEXT,
    section: leanvecSection,
  },
  order: { title: 'Order of insertion in graphs', sets: ORDER_SETS, text: ORDER_TEXT, section: orderSection },
} as const;

const started = performance.now();

function log(line: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

async function main(): Promise<void> {
  const root = process.env['SAGITTA_DATA'];
  const [claim = '', ...names] = process.argv.slice(2);
  if (!root) return fail('SAGITTA_DATA: expected the folder that holds the collections, got nothing');
  if (claim !== 'leanvec' && claim !== 'order') return fail(`expected leanvec or order, got ${claim}`);
  const { title, sets, text, section } = CLAIMS[claim];
  const known: readonly string[] = sets;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return fail(`expected ${known.join(', ')}, got ${unknown}`);
  const parts: string[] = [];
  const core = createCore();
  for (const name of names.length > 0 ? names : known) parts.push(await section(core, root, name, log));
  const { cpu, engine, date } = thisMachine();
  const page = `# ${title}

${cpu} · ${engine} · ${date}. Written by \`npm run bench:graph-claims -- ${claim}\`.

${text}

${parts.join('\n')}`;
  process.stdout.write(page);
  if (names.length > 0) return;
  const file = new URL(`../../results/graph-${claim}.md`, import.meta.url).pathname;
  await writeFileAtomic(file, [new TextEncoder().encode(page)]);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

await main();
