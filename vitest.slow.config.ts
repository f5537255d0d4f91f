// The long suites (*.slow.test.ts): full recall tables, memory at scale, mutation runs.
import { defineConfig } from 'vitest/config';

const report = process.env['SAGITTA_TEST_REPORT'];

export default defineConfig({
  resolve: { conditions: ['@sagitta/source'] },
  ssr: { resolve: { conditions: ['@sagitta/source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.slow.test.ts', 'benchmarks/test/**/*.slow.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 1_800_000,
    maxWorkers: '100%',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    passWithNoTests: true,
  },
});
