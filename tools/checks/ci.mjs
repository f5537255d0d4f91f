// Every step of .ci/run in order, with counts: a step that cannot run counts as failed, and the last line is plain text.
// Uses Node's own modules only, because its first step installs the others.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const reports = mkdtempSync(join(tmpdir(), 'sagitta-ci-'));

/** `count` reads a report into {passed, failed}; a step without one counts as a single pass or failure. */
const STEPS = [
  { command: 'npm ci && npm run demo' },
  { command: 'npm ci && npm test', variable: 'SAGITTA_TEST_REPORT', count: countTests },
  { command: 'npm run test:slow', variable: 'SAGITTA_TEST_REPORT', count: countTests },
  { command: 'npm run check', variable: 'SAGITTA_CHECK_REPORT', count: (report) => report },
  { command: 'npm run fuzz -- --minutes 1', variable: 'SAGITTA_FUZZ_REPORT', count: (report) => report },
  { command: 'npm run docs' },
  { command: 'npm run test:transformers' },
  { command: 'npm run test:cluster', variable: 'SAGITTA_CLUSTER_REPORT', count: (report) => report },
  { command: 'npm run test:bundlers', variable: 'SAGITTA_BUNDLER_REPORT', count: (report) => report },
  { command: 'npm run test:runtimes', variable: 'SAGITTA_RUNTIME_REPORT', count: (report) => report },
];

const lines = [];
let passed = 0;
let failed = 0;
for (const [i, step] of STEPS.entries()) {
  console.log(`\n=== ${step.command}`);
  const file = join(reports, `${i}.json`);
  const start = performance.now();
  const { status } = spawnSync('bash', ['-c', step.command], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: step.variable === undefined ? process.env : { ...process.env, [step.variable]: file },
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const counts = outcome(step, file, status === 0);
  passed += counts.passed;
  failed += counts.failed;
  lines.push(
    `${counts.failed > 0 ? 'FAIL' : 'ok  '} ${step.command}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s`,
  );
}
console.log(`\n${lines.join('\n')}\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function outcome(step, file, isZeroExit) {
  if (step.count === undefined) return isZeroExit ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const counts = readCounts(step, file);
  const ran = counts.passed + counts.failed > 0;
  // A non-zero exit without a counted failure (no report, error outside a test) is a failure of its own.
  return { passed: counts.passed, failed: ran && isZeroExit ? counts.failed : Math.max(counts.failed, 1) };
}

function readCounts(step, file) {
  try {
    return step.count(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/** Vitest's JSON report; a test file that could not be loaded has no tests and counts as one failure. */
function countTests(report) {
  const unloadable = report.testResults.filter(
    (result) =>
      result.status === 'failed' && result.assertionResults.every((test) => test.status !== 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloadable.length };
}
