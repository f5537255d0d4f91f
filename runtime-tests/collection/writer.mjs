// The tab that is killed: told how, it writes until it ends, in the page or in a worker of it.
import { writeForever } from './write-forever.mjs';

globalThis.start = (how) => {
  if (how.where === 'page') writeForever(how);
  else new Worker(new URL('./writer-worker.js', import.meta.url), { type: 'module' }).postMessage(how);
};
