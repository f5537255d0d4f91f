// npm run test:cluster: storages against real servers of S3 and R2, builds and searches over three servers of NATS.
// `… -- WORD` runs the steps whose names have the word, `-- --all` also those that take long. SAGITTA_CLUSTER_REPORT=FILE keeps the counts as JSON.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFromNpm } from '../runtime-tests/install.mjs';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
await installFromNpm(fileURLToPath(new URL('.', import.meta.url)));
const { endAll } = await import('./command.mjs');
const { installNats, startNats } = await import('./nats-servers.mjs');
await installNats();
const { startS3 } = await import('./servers.mjs');
const steps = [
  ...(await import('./storages.mjs')).storageSteps,
  ...(await import('./builds.mjs')).buildSteps,
  ...(await import('./serving.mjs')).servingSteps,
  ...(await import('./writes.mjs')).writeSteps,
  ...(await import('./upkeep.mjs')).upkeepSteps,
  ...(await import('./members.mjs')).memberSteps,
  ...(await import('./damage.mjs')).damageSteps,
  ...(await import('./outages.mjs')).outageSteps,
  ...(await import('./partition.mjs')).partitionSteps,
  ...(await import('./full.mjs')).fullSteps,
];

const words = process.argv.slice(2);
const wanted = words.filter((word) => word !== '--all');
const isAll = wanted.length < words.length;
const folder = await mkdtemp(join(tmpdir(), 'sagitta-cluster-'));
let passed = 0;
let failed = 0;
const s3 = await startS3(folder);
const nats = await startNats(folder);
try {
  for (const { name, run, isLong = false } of steps) {
    if (wanted.length > 0 ? !wanted.some((word) => name.includes(word)) : isLong && !isAll) continue;
    const start = performance.now();
    let outcome = 'ok  ';
    let detail;
    try {
      detail = await run({ folder, s3, nats });
      passed++;
    } catch (error) {
      outcome = 'FAIL';
      detail = error instanceof Error ? error.stack : String(error);
      failed++;
    }
    await endAll();
    await nats.restore();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${outcome} ${name.padEnd(34)} ${seconds.padStart(5)} s  ${detail ?? ''}`);
  }
} finally {
  await nats.close();
  await s3.close();
  await rm(folder, { recursive: true, force: true });
}
console.log(`cluster: ${passed} passed, ${failed} failed`);
const report = process.env.SAGITTA_CLUSTER_REPORT;
if (report) await writeFile(report, JSON.stringify({ passed, failed }));
process.exit(failed > 0 ? 1 : 0);
