// A worker that runs the cases, or opens a collection and writes to it as it is told.
import { openCollection, openTokenCollection } from '@sagitta/web/collection';
import { runCases } from './cases.mjs';

let made = 0;
let collection;
const COMMANDS = {
  cases: () =>
    runCases({
      open: openCollection,
      openTokens: openTokenCollection,
      fresh: () => `w${made++}`,
      argument: 'name',
    }),
  async open({ name, options }) {
    collection = await openCollection(name, options);
  },
  upsert: ({ rows }) => collection.upsert(rows),
};

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ value: await COMMANDS[data.do](data) });
  } catch (error) {
    self.postMessage({ error: String(error?.stack ?? error) });
  }
};
