/** A process that begins a file, says so, and never ends it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { installInterruptCleanup, withAtomicFile } from '../../src/atomic-file.ts';

installInterruptCleanup();
await withAtomicFile(process.argv[2] as string, async (handle) => {
  await handle.write('half');
  process.stdout.write('writing\n');
  await sleep(60_000);
});
