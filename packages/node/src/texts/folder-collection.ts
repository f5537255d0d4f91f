/**
 * A collection that holds the passages of a folder, and follows it. A record's id is `path#section`; its metadata say file, title and
 * line. What a record holds is compared with what its file says, so nothing else has to be remembered: a build that was ended in its midst goes on.
 */

import { RandomStream } from '@sagitta/core-wasm';
import type { RecordId } from '@sagitta/retrieval';
import type { Collection, KeptRecord } from '@sagitta/retrieval/collection';
import { type FoundFile, findDocuments, readDocument, type Skipped } from './folder-files.ts';
import { type Passage, passagesOf, searchedText } from './passages.ts';

/** What is said of a passage. */
export interface PassageMetadata {
  readonly file: string;
  readonly title: string;
  readonly line: number;
}

/** What an update did. */
export interface FolderUpdate {
  readonly files: number;
  /** Passages that are there now. */
  readonly passages: number;
  readonly written: number;
  readonly deleted: number;
  readonly skipped: readonly Skipped[];
}

/** Passages that one write holds, about. */
const BATCH = 256;
/** Passages of which a model learns at most: more would teach it little and take minutes. */
const SAMPLE = 20_000;

interface Row {
  readonly id: string;
  readonly passage: Passage;
  readonly metadata: PassageMetadata;
}

/** Texts to train a model of: of all passages, or of so many drawn evenly. */
export async function sampleTexts(folder: string): Promise<string[]> {
  const random = new RandomStream(1, 'passages');
  const sample: string[] = [];
  let seen = 0;
  const { files } = await findDocuments(folder);
  for (const { name } of files) {
    const { blocks = [] } = await readDocument(folder, name);
    for (const passage of passagesOf(blocks)) {
      // a reservoir: each of those seen so far is in it with one chance
      const at = seen++ < SAMPLE ? sample.length : random.nextBelow(seen);
      if (at < SAMPLE) sample[at] = searchedText(passage);
    }
  }
  return sample;
}

export class FolderCollection {
  readonly #collection: Collection<PassageMetadata>;
  readonly #folder: string;
  /** Ids by file, of all records that are passages. */
  readonly #ids: Map<string, Set<string>>;
  readonly #signatures = new Map<string, string>();
  #skipped = new Map<string, string>();

  private constructor(collection: Collection<PassageMetadata>, folder: string, ids: readonly RecordId[]) {
    this.#collection = collection;
    this.#folder = folder;
    this.#ids = new Map();
    for (const id of ids) {
      if (typeof id !== 'string' || !id.includes('#')) continue;
      const file = id.slice(0, id.lastIndexOf('#'));
      this.#ids.set(file, (this.#ids.get(file) ?? new Set()).add(id));
    }
  }

  /** collection — with a text model, of the folder's passages or new */
  static async of(collection: Collection<PassageMetadata>, folder: string): Promise<FolderCollection> {
    return new FolderCollection(collection, folder, await collection.ids());
  }

  /** The next update reads a file whatever it looks like. */
  suspect(file: string): void {
    this.#signatures.delete(file);
  }

  /**
   * Makes the collection what the folder is now. Files that look as they did at the last update are not read; passages that are the
   * same are not written. onFile is called with the number of files that are done.
   * @throws as collection.upsert does; the system's error where the folder cannot be listed
   */
  async update(onFile: (done: number, files: number) => void = () => {}): Promise<FolderUpdate> {
    const { files, unread } = await findDocuments(this.#folder);
    const total = { written: 0, deleted: 0 };
    const rows: Row[] = [];
    const gone: string[] = [];
    const write = async (): Promise<void> => {
      total.written += rows.length;
      total.deleted += gone.length;
      // asked for in one turn, so written in one transaction
      await Promise.all([this.#upsert(rows.splice(0)), this.#delete(gone.splice(0))]);
    };
    for (const [i, file] of files.entries()) {
      if (this.#signatures.get(file.name) !== file.signature) {
        const change = await this.#changeOf(file);
        rows.push(...change.rows);
        gone.push(...change.gone);
        if (rows.length + gone.length >= BATCH) await write();
      }
      onFile(i + 1, files.length);
    }
    const there = new Set(files.map(({ name }) => name));
    for (const [file, ids] of this.#ids) {
      if (there.has(file) || unread.some((folder) => file.startsWith(`${folder.file}/`))) continue;
      gone.push(...ids);
      this.#ids.delete(file);
      this.#signatures.delete(file);
    }
    await write();
    this.#skipped = new Map([...this.#skipped].filter(([file]) => there.has(file)));
    const skipped = [...unread, ...Array.from(this.#skipped, ([file, reason]) => ({ file, reason }))];
    const passages = [...this.#ids.values()].reduce((sum, ids) => sum + ids.size, 0);
    return { files: files.length, passages, ...total, skipped };
  }

  /** What has to be written of a file, and what of it is gone. */
  async #changeOf({ name, signature }: FoundFile): Promise<{ rows: Row[]; gone: string[] }> {
    const document = await readDocument(this.#folder, name);
    const before = this.#ids.get(name) ?? new Set<string>();
    this.#signatures.set(name, signature);
    this.#skipped.delete(name);
    if (!document.blocks) {
      this.#skipped.set(name, document.reason);
      // what cannot be read now may be as it was
      if (!document.isGone) {
        this.#signatures.delete(name);
        return { rows: [], gone: [] };
      }
    }
    const rows = passagesOf(document.blocks ?? []).map((passage): Row => {
      const { section, title, line } = passage;
      return { id: `${name}#${section}`, passage, metadata: { file: name, title, line } };
    });
    const now = new Set(rows.map(({ id }) => id));
    const changed: Row[] = [];
    for (const row of rows) {
      const kept = before.has(row.id) ? await this.#collection.get(row.id) : undefined;
      if (!kept || isOther(kept, row)) changed.push(row);
    }
    if (now.size > 0) this.#ids.set(name, now);
    else this.#ids.delete(name);
    return { rows: changed, gone: [...before].filter((id) => !now.has(id)) };
  }

  async #upsert(rows: readonly Row[]): Promise<void> {
    const model = this.#collection.textModel;
    if (rows.length === 0 || !model) return;
    await this.#collection.upsert({
      ids: rows.map(({ id }) => id),
      // headings are searched and not kept twice
      vectors: model.embed(rows.map(({ passage }) => searchedText(passage))),
      texts: rows.map(({ passage }) => passage.text),
      metadata: rows.map(({ metadata }) => metadata),
    });
  }

  async #delete(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#collection.delete(ids);
  }
}

function isOther(
  { text, metadata }: KeptRecord<PassageMetadata>,
  { passage, metadata: wanted }: Row,
): boolean {
  return (
    text !== passage.text ||
    metadata?.title !== wanted.title ||
    metadata.line !== wanted.line ||
    metadata.file !== wanted.file
  );
}
