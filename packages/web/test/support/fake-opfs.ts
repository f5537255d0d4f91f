/**
 * The origin's private file system in memory, as far as storage uses it, seen from several tabs. A tab that is closed in the
 * middle of a write leaves half of it, and gives back the files that it holds open.
 */
import { FakeTab } from './fake-tab.ts';

interface FileNode {
  content: Uint8Array<ArrayBuffer>;
  isRemoved: boolean;
  holder: object | undefined;
}
type FolderNode = Map<string, FileNode | FolderNode>;

export class FakeOpfs {
  readonly root: FolderNode = new Map();
  /** Bytes that a file may have, and how many files there may be. */
  quota: number = Number.POSITIVE_INFINITY;
  fileQuota: number = Number.POSITIVE_INFINITY;
  /** Whether what does not fit is written in part, and no error thrown. */
  writesShort = false;

  folder(tab: FakeTab = new FakeTab()): FakeFolder {
    return new FakeFolder(this, tab, this.root);
  }

  /** All files, by path. */
  files(folder: FolderNode = this.root, path = ''): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const [name, node] of folder) {
      if (!(node instanceof Map)) found.set(path + name, node.content);
      else for (const [key, content] of this.files(node, `${path}${name}/`)) found.set(key, content);
    }
    return found;
  }
}

function fails(name: string): DOMException {
  return new DOMException(name, name);
}

class FakeFolder {
  readonly kind = 'directory';
  readonly #disk: FakeOpfs;
  readonly #tab: FakeTab;
  readonly #node: FolderNode;

  constructor(disk: FakeOpfs, tab: FakeTab, node: FolderNode) {
    this.#disk = disk;
    this.#tab = tab;
    this.#node = node;
  }

  async getDirectoryHandle(name: string, options: { create?: boolean } = {}): Promise<FakeFolder> {
    await this.#tab.step();
    const found = this.#node.get(name) ?? (options.create ? this.#make(name, new Map()) : undefined);
    if (!(found instanceof Map)) throw fails('NotFoundError');
    return new FakeFolder(this.#disk, this.#tab, found);
  }

  async getFileHandle(name: string, options: { create?: boolean } = {}): Promise<FakeFileHandle> {
    await this.#tab.step();
    const empty = { content: new Uint8Array(0), isRemoved: false, holder: undefined };
    const found = this.#node.get(name) ?? (options.create ? this.#make(name, empty) : undefined);
    if (!found || found instanceof Map) throw fails('NotFoundError');
    return new FakeFileHandle(this.#disk, this.#tab, found);
  }

  async removeEntry(name: string, { recursive = false }: { recursive?: boolean } = {}): Promise<void> {
    await this.#tab.step();
    const node = this.#node.get(name);
    if (!node) throw fails('NotFoundError');
    if (node instanceof Map && node.size > 0 && !recursive) throw fails('InvalidModificationError');
    if (!(node instanceof Map) && node.holder) throw fails('NoModificationAllowedError');
    this.#tab.change();
    if (!(node instanceof Map)) node.isRemoved = true;
    this.#node.delete(name);
  }

  async *entries(): AsyncGenerator<[string, { kind: 'file' | 'directory' }]> {
    await this.#tab.step();
    for (const [name, node] of this.#node) yield [name, { kind: node instanceof Map ? 'directory' : 'file' }];
  }

  #make<T extends FileNode | FolderNode>(name: string, node: T): T {
    if (this.#disk.files().size >= this.#disk.fileQuota) throw fails('QuotaExceededError');
    this.#tab.change();
    this.#node.set(name, node);
    return node;
  }
}

export class FakeFileHandle {
  readonly kind = 'file';
  readonly #disk: FakeOpfs;
  readonly #tab: FakeTab;
  readonly #node: FileNode;

  constructor(disk: FakeOpfs, tab: FakeTab, node: FileNode) {
    this.#disk = disk;
    this.#tab = tab;
    this.#node = node;
  }

  async getFile(): Promise<Blob> {
    await this.#tab.step();
    return new Snapshot(this.#node, this.#tab, 0, this.#node.content.length);
  }

  async createSyncAccessHandle(): Promise<FakeSyncHandle> {
    await this.#tab.step();
    if (this.#node.isRemoved) throw fails('NotFoundError');
    if (this.#node.holder) throw fails('NoModificationAllowedError');
    const handle = new FakeSyncHandle(this.#disk, this.#tab, this.#node);
    this.#node.holder = handle;
    this.#tab.onKill(() => handle.close());
    return handle;
  }
}

class FakeSyncHandle {
  readonly #disk: FakeOpfs;
  readonly #tab: FakeTab;
  readonly #node: FileNode;

  constructor(disk: FakeOpfs, tab: FakeTab, node: FileNode) {
    this.#disk = disk;
    this.#tab = tab;
    this.#node = node;
  }

  write(bytes: Uint8Array, { at }: { at: number }): number {
    this.#tab.check();
    const node = this.#node;
    const room = Math.max(0, this.#disk.quota - at);
    if (bytes.length > room && !this.#disk.writesShort) throw fails('QuotaExceededError');
    // a tab that closes in the middle of a write leaves half of it
    const isLast = this.#tab.stopAfter === 1;
    const count = Math.min(room, isLast ? bytes.length >> 1 : bytes.length);
    const grown = new Uint8Array(Math.max(node.content.length, at + count));
    grown.set(node.content);
    grown.set(bytes.subarray(0, count), at);
    node.content = grown;
    this.#tab.change();
    if (isLast) this.#tab.check();
    return count;
  }

  truncate(size: number): void {
    this.#tab.change();
    this.#node.content = this.#node.content.slice(0, size);
  }

  flush(): void {
    this.#tab.change();
  }

  close(): void {
    if (this.#node.holder === this) this.#node.holder = undefined;
  }
}

/** A file as it was; it cannot be read once it was written to or removed. */
class Snapshot extends Blob {
  readonly #node: FileNode;
  readonly #tab: FakeTab;
  readonly #content: Uint8Array<ArrayBuffer>;
  readonly #start: number;
  readonly #end: number;

  constructor(node: FileNode, tab: FakeTab, start: number, end: number) {
    super();
    this.#node = node;
    this.#tab = tab;
    this.#content = node.content;
    this.#start = start;
    this.#end = end;
  }

  override get size(): number {
    return this.#end - this.#start;
  }

  override slice(start = 0, end: number = this.size): Blob {
    return new Snapshot(this.#node, this.#tab, this.#start + start, this.#start + end);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    await this.#tab.step();
    if (this.#node.isRemoved) throw fails('NotFoundError');
    if (this.#node.content !== this.#content) throw fails('NotReadableError');
    return this.#content.slice(this.#start, this.#end).buffer;
  }
}
