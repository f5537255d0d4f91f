// Import direction, cycles and deep imports, by dependency-cruiser on the sources (type imports counted).
// The first half proves that the rules bite: each forbidden import is written into a probe file and has to be reported.
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './packages.mjs';
import { execute } from './process.mjs';

/** Benchmarks without peers/, a package of its own whose dependencies are installed by whoever runs it. */
const BENCHMARKS = ['src', 'test', 'page', 'runtimes', 'workers'].map((folder) => `benchmarks/${folder}`);
const TARGETS = ['packages', 'tools/testing', 'tools/demo', ...BENCHMARKS];

/** Probe: a source folder, a line that must not be there, and the rule that has to say so. */
const PROBES = [
  { folder: 'packages/core-wasm/src', line: `import '@sagitta/quantizers';`, rule: 'core-wasm-is-lowest' },
  {
    folder: 'packages/quantizers/src',
    line: `import '@sagitta/retrieval';`,
    rule: 'quantizers-below-retrieval',
  },
  { folder: 'packages/retrieval/src', line: `import '@sagitta/node';`, rule: 'retrieval-below-platforms' },
  { folder: 'packages/node/src', line: `import '@sagitta/web';`, rule: 'node-and-web-apart' },
  { folder: 'packages/web/src', line: `import '@sagitta/node';`, rule: 'web-and-node-apart' },
  { folder: 'packages/retrieval/src', line: `import 'node:fs';`, rule: 'no-node-builtins' },
  {
    folder: 'packages/quantizers/src',
    line: `import type {} from '../../core-wasm/src/index.ts';`,
    rule: 'no-relative-import-across',
  },
  {
    folder: 'packages/retrieval/src/maxsim',
    line: `import type {} from '../multi-vector-index/index.ts';`,
    rule: 'composers-above',
  },
];
const PROBE_NAME = 'layer-probe.ts';

export async function layers() {
  const clean = await cruise();
  if (clean.errors.length > 0) throw new Error(clean.errors.map(describe).join('\n'));
  for (const probe of PROBES) await expectReported(probe);
  return `${clean.modules} modules, ${clean.dependencies} imports, no violation; ${PROBES.length} probes reported`;
}

async function expectReported(probe) {
  const file = join(ROOT, probe.folder, PROBE_NAME);
  if (existsSync(file)) throw new Error(`${file} is in the way of the probe`);
  await writeFile(file, `${probe.line}\n`);
  try {
    const { errors } = await cruise([join(probe.folder, PROBE_NAME)]);
    const seen = errors.map((error) => error.rule.name);
    if (!seen.includes(probe.rule)) {
      throw new Error(
        `${probe.folder}: "${probe.line}" was not reported by ${probe.rule} (reported: ${seen})`,
      );
    }
  } finally {
    await rm(file);
  }
}

async function cruise(targets = TARGETS) {
  const args = [
    '--no-install',
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    ...targets,
  ];
  const { stdout, stderr } = await execute('npx', args, { cwd: ROOT });
  if (!stdout.startsWith('{')) throw new Error(`dependency-cruiser did not run:\n${stdout}${stderr}`);
  const { summary } = JSON.parse(stdout);
  return {
    modules: summary.totalCruised,
    dependencies: summary.totalDependenciesCruised,
    errors: summary.violations.filter((violation) => violation.rule.severity === 'error'),
  };
}

function describe(violation) {
  const via = violation.cycle?.map((step) => step.name ?? step).join(' → ') ?? violation.to;
  return `${violation.rule.name}: ${violation.from} → ${via}`;
}
