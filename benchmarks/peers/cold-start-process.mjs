// From nothing to the first answer: a contender is imported, opens what it saved (or builds it, where it saves nothing) and answers one
// query, in a process that has done nothing else. Answers and milliseconds go to the parent.
import { pieces, readFloats } from './rows.mjs';

const [moduleName, variantName] = process.argv.slice(2);
process.once('message', async ({ set, folder, k }) => {
  const query = readFloats(set.queries, 0, set.d);
  try {
    const start = performance.now();
    const { variants, build, open } = await import(`./contenders/${moduleName}.mjs`);
    const variant = variants.find(({ name }) => name === variantName);
    let reading = 0;
    const rows = pieces(set, {
      onRead: (ms) => {
        reading += ms;
      },
      onRows: () => {},
    });
    const index =
      folder === undefined ? await build({ ...set, rows }, variant) : await open({ ...set, folder }, variant);
    await index.use?.(variant.settings.at(-1));
    const ids = await index.search(index.form?.(query) ?? query, k);
    const ms = performance.now() - start - reading;
    process.send({ ms, ids: Array.from(ids, Number) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
  process.disconnect();
});
