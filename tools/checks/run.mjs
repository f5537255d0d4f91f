// `npm run check`: every check as one step with its name, time and outcome; exit 1 when any fails.
// `node tools/checks/run.mjs layers size` runs the named steps only. SAGITTA_CHECK_REPORT=FILE keeps the counts as JSON.
import { writeFile } from 'node:fs/promises';
import { binaries } from './binaries.mjs';
import { documented } from './documented.mjs';
import { formatAndLint } from './format-lint.mjs';
import { layers } from './layers.mjs';
import { packSmoke } from './pack-smoke.mjs';
import { packedPackages } from './packed-packages.mjs';
import { sizeBudget } from './size-budget.mjs';
import { sourceRules } from './source-rules.mjs';
import { typecheck } from './typecheck.mjs';

/** A check resolves to one line of detail, or rejects with what is wrong. */
const STEPS = [
  { name: 'format-lint', run: formatAndLint },
  { name: 'typecheck', run: typecheck },
  { name: 'layers', run: layers },
  { name: 'source-rules', run: sourceRules },
  { name: 'documented', run: documented },
  { name: 'packed-packages', run: packedPackages },
  { name: 'size', run: sizeBudget },
  { name: 'binaries', run: binaries },
  { name: 'pack-smoke', run: packSmoke },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(
    `unknown check: ${unknown.join(', ')}; the checks are ${STEPS.map((step) => step.name).join(', ')}`,
  );
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const step of STEPS) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue;
  const start = performance.now();
  let outcome = 'ok  ';
  let detail;
  try {
    detail = await step.run();
    passed++;
  } catch (error) {
    outcome = 'FAIL';
    detail = error instanceof Error ? error.message : String(error);
    failed++;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${outcome} ${step.name.padEnd(16)} ${seconds.padStart(6)} s  ${detail}`);
}
console.log(`checks: ${passed} passed, ${failed} failed`);
const report = process.env.SAGITTA_CHECK_REPORT;
if (report) await writeFile(report, JSON.stringify({ passed, failed }));
process.exitCode = failed > 0 ? 1 : 0;
