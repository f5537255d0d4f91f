/**
 * The origin's private file system in memory, as far as storage uses it. `stopAfter` lets so many changes through and then
 * fails every call, as a tab does that is closed: what was written by then stays, a file cut off in the middle included.
 */

class Stopped extends Error {
  override readonly name: string = 'Stopped';
}

export class FakeOpfs {
  readonly root: FakeFolder;
  /** Changes left until the tab is closed. */
  stopAfter: number = Number.POSITIVE_INFINITY;
  /** Bytes that can be written in all. */
  quota: number = Number.POSITIVE_INFINITY;
  changes = 0;

  constructor(root?: FakeFolder) {
    this.root = root ?? new FakeFolder(this);
  }

  change(): void {
    this.check();
    this.changes++;
    this.stopAfter--;
  }
  check(): void {
    if (this.stopAfter <= 0) throw new Stopped('the tab was closed');
  }
}

function notFound(name: string): DOMException {
  return new DOMException(`${name} is not there`, 'NotFoundError');
}

export class FakeFolder {
  readonly kind = 'directory';
  readonly entries: Map<string, FakeFolder | FakeFile> = new Map();
  readonly disk: FakeOpfs;

  constructor(disk: FakeOpfs) {
    this.disk = disk;
  }

  async getDirectoryHandle(name: string, { create = false }: { create?: boolean } = {}): Promise<FakeFolder> {
    this.disk.check();
    const found = this.entries.get(name);
    if (found instanceof FakeFolder) return found;
    if (!create) throw notFound(name);
    this.disk.change();
    const made = new FakeFolder(this.disk);
    this.entries.set(name, made);
    return made;
  }

  async getFileHandle(name: string, { create = false }: { create?: boolean } = {}): Promise<FakeFile> {
    this.disk.check();
    const found = this.entries.get(name);
    if (found instanceof FakeFile) return found;
    if (!create) throw notFound(name);
    this.disk.change();
    const made = new FakeFile(this.disk);
    this.entries.set(name, made);
    return made;
  }

  async removeEntry(name: string): Promise<void> {
    this.disk.change();
    if (!this.entries.delete(name)) throw notFound(name);
  }

  async *keys(): AsyncGenerator<string> {
    this.disk.check();
    yield* this.entries.keys();
  }
}

interface FakeHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

export class FakeFile {
  readonly kind = 'file';
  content: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  readonly disk: FakeOpfs;

  constructor(disk: FakeOpfs) {
    this.disk = disk;
  }

  async getFile(): Promise<Blob> {
    this.disk.check();
    return new Blob([this.content]);
  }

  async createSyncAccessHandle(): Promise<FakeHandle> {
    this.disk.check();
    return {
      write: (bytes: Uint8Array, { at }: { at: number }): number => {
        this.disk.check();
        if (at + bytes.length > this.disk.quota) throw new DOMException('full', 'QuotaExceededError');
        // a tab that closes in the middle of a write leaves half of it
        const isLast = this.disk.stopAfter === 1;
        const count = isLast ? bytes.length >> 1 : bytes.length;
        const grown = new Uint8Array(Math.max(this.content.length, at + count));
        grown.set(this.content);
        grown.set(bytes.subarray(0, count), at);
        this.content = grown;
        this.disk.change();
        if (isLast) this.disk.check();
        return bytes.length;
      },
      truncate: (size: number): void => {
        this.disk.change();
        this.content = this.content.slice(0, size);
      },
      flush: (): void => this.disk.change(),
      close: (): void => {},
    };
  }
}
