// What a page finds after another was killed: the number of a version that is whole, or an error.
import { readContainer } from '@sagitta/core-wasm';
import { openStorage } from '@sagitta/web/storage';

export async function readVersion(kind) {
  const storage = await openStorage(kind);
  const source = await storage.open('kill');
  try {
    const container = readContainer(await source.read(0, source.size));
    return container.reader('NUMB').u32();
  } finally {
    await source.close?.();
  }
}

globalThis.readVersion = readVersion;
