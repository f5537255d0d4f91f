// A tab's storage, commanded by messages { id, do, … }; ?locks=no takes Web Locks away before storage asks for them.
import { openStorage } from '@sagitta/web/storage';

if (new URL(location.href).searchParams.get('locks') === 'no' && 'locks' in navigator) {
  Object.defineProperty(navigator, 'locks', { value: undefined });
}

const BYTES = 3_000_000;
const sources = new Map();

/** Content whose every word says whose it is. */
function content(owner) {
  return new Uint8Array(new Uint32Array(BYTES / 4 + owner).fill(owner).buffer);
}

function* noise(bytes) {
  const chunk = new Uint8Array(1 << 16);
  for (let left = bytes; left > 0; left -= chunk.length) yield crypto.getRandomValues(chunk);
}

/** Whose the content is, if it is all of one owner's. */
async function ownerOf(source) {
  const words = new Uint32Array((await source.read(0, source.size)).slice().buffer);
  if (words.length !== BYTES / 4 + words[0] || words.some((word) => word !== words[0]))
    throw new Error('mixed content');
  return words[0];
}

const COMMANDS = {
  locks: async () => navigator.locks !== undefined,
  async write({ kind, name, owner }) {
    const bytes = content(owner);
    const chunks = [bytes.subarray(0, 1000), bytes.subarray(1000)];
    return (await openStorage(kind)).write(name, chunks);
  },
  fill: async ({ kind, name, bytes }) => (await openStorage(kind)).write(name, noise(bytes)),
  /** Writes so many bytes and then no more: it has to be killed. */
  async stall({ kind, name, bytes }) {
    function* chunks() {
      yield* noise(bytes);
      for (;;);
    }
    return (await openStorage(kind)).write(name, chunks());
  },
  async read({ kind, name }) {
    const source = await (await openStorage(kind)).open(name);
    try {
      return await ownerOf(source);
    } finally {
      await source.close();
    }
  },
  async hold({ kind, name }) {
    sources.set(name, await (await openStorage(kind)).open(name));
    return ownerOf(sources.get(name));
  },
  readHeld: ({ name }) => ownerOf(sources.get(name)),
  release: async ({ name }) => sources.get(name).close(),
  remove: async ({ kind, name }) => (await openStorage(kind)).remove(name),
  list: async ({ kind }) => (await openStorage(kind)).list(),
};

self.onmessage = async ({ data: { id, do: command, ...more } }) => {
  try {
    self.postMessage({ id, value: await COMMANDS[command](more) });
  } catch (error) {
    self.postMessage({
      id,
      error: typeof error.code === 'string' ? error.code : `${error.name}: ${error.message}`,
    });
  }
};
