// Cold starts of all contenders over one set, in turns.
import { startProcess } from './contender.mjs';
import { median } from './measure.mjs';
import { countHits, K } from './sets.mjs';

const ROUNDS = 5;

/** @returns median milliseconds by entry, of one start where it is a build; an entry that fails is told of and has none */
export async function coldStarts(entries, set, truth, onFailure) {
  const times = new Map(entries.map((entry) => [entry, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [entry, own] of times) {
      if (round > 0 && folderOf(entry) === undefined) continue;
      try {
        const { ms, ids } = await once(entry, set);
        countHits([ids], 0, set, truth(entry.module.metric));
        own.push(ms);
      } catch (error) {
        times.delete(entry);
        onFailure(entry, error);
      }
    }
  }
  return new Map([...times].map(([entry, own]) => [entry, median(own)]));
}

/** Where the index lies; undefined: it has to be built. */
function folderOf({ module, built }) {
  return module.saves && built.figures.saveError === undefined ? built.saved : undefined;
}

function once(entry, set) {
  const { module, variant } = entry;
  return new Promise((resolve, reject) => {
    const child = startProcess('cold-start-process.mjs', [module.name, variant.name]);
    child.stderr.resume();
    child.once('message', ({ error, ...result }) => {
      if (error === undefined) resolve(result);
      else reject(new Error(error));
      child.kill();
    });
    child.once('exit', (code, signal) => reject(new Error(`its process ended with ${signal ?? code}`)));
    child.send({ set, folder: folderOf(entry), k: K });
  });
}
