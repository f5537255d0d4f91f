// Cold starts of all contenders over one set, in turns.
import { startProcess } from './contender.mjs';
import { median } from './measure.mjs';
import { countHits, K } from './sets.mjs';

const ROUNDS = 5;

/** @returns median milliseconds by entry; an entry that fails is told of and has none */
export async function coldStarts(entries, set, truth, onFailure) {
  const times = new Map(entries.map((entry) => [entry, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [entry, own] of times) {
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

function once({ module, variant, built }, set) {
  const folder = module.saves && built.figures.saveError === undefined ? built.saved : undefined;
  return new Promise((resolve, reject) => {
    const child = startProcess('cold-start-process.mjs', [module.name, variant.name]);
    child.once('message', ({ error, ...result }) => {
      if (error === undefined) resolve(result);
      else reject(new Error(error));
      child.kill();
    });
    child.once('exit', (code, signal) => reject(new Error(`its process ended with ${signal ?? code}`)));
    child.send({ set, folder, k: K });
  });
}
