/**
 * Preloaded into the command: a file that is written is never synchronised, and stderr says that it would have been.
 * The command then stays between the last byte and the rename, so that an interrupt cannot come too late.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const handle = await open(process.execPath, 'r');
const prototype: FileHandle = Object.getPrototypeOf(handle);
await handle.close();
prototype.sync = async () => {
  process.stderr.write('synchronising\n');
  await sleep(60_000);
};
