// Tests run on sources: the private condition "@sagitta/source" comes first in every package's exports.
import { defineConfig } from 'vitest/config';

const report = process.env['SAGITTA_TEST_REPORT'];

export default defineConfig({
  resolve: { conditions: ['@sagitta/source'] },
  ssr: { resolve: { conditions: ['@sagitta/source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/*/test/**/*.test.ts', 'benchmarks/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.slow.test.ts'],
    testTimeout: 60_000,
    // no file changes what another sees, and a worker that loads the sources once saves a quarter of the time
    isolate: false,
    maxWorkers: '100%',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
