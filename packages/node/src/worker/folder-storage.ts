/** Index files of a folder by name: the storage of a place that has files. */
import { readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ByteSource } from '@sagitta/retrieval';
import type { NamedIndexes, StoredIndex } from '@sagitta/retrieval/remote';
import { writeFileAtomic } from '../atomic-file.ts';
import { fileSource } from '../file-source.ts';

/** What the files of Sagitta begin with. */
const MAGIC = 'SAGT';

export class FolderStorage implements NamedIndexes {
  readonly kind: string;

  /** folder — its path, relative to the working folder */
  constructor(folder: string) {
    this.kind = folder;
  }

  async write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    byteLength?: number,
  ): Promise<number> {
    let bytes = 0;
    await writeFileAtomic(this.#pathOf(name), counted());
    return bytes;

    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        yield chunk;
      }
      if (byteLength === undefined || bytes === byteLength) return;
      throw new RangeError(`"byteLength" expected ${bytes}, the bytes of the chunks, got ${byteLength}`);
    }
  }

  open(name: string): Promise<ByteSource> {
    return fileSource(this.#pathOf(name));
  }

  /** Lists the files of the folder itself that are Sagitta's; those whose names begin with a dot are not whole. */
  async list(): Promise<StoredIndex[]> {
    const entries = await readdir(resolve(this.kind), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
    const found = await Promise.all(names.map(({ name }) => this.#look(name)));
    return found.filter((one) => one !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #look(name: string): Promise<StoredIndex | undefined> {
    // what cannot be opened, or is empty, is none
    const file = await this.open(name).catch(() => undefined);
    if (!file) return undefined;
    try {
      const magic = await file.read(0, Math.min(MAGIC.length, file.size));
      return String.fromCharCode(...magic) === MAGIC ? { name, bytes: file.size } : undefined;
    } finally {
      await file.close?.();
    }
  }

  async remove(name: string): Promise<void> {
    await rm(this.#pathOf(name), { force: true });
  }

  #pathOf(name: string): string {
    if (name.length === 0) throw new RangeError('"name" expected at least one character, got none');
    return resolve(this.kind, name);
  }
}
