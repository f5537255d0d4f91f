/**
 * Indexes as files: written whole or not at all, read with errors that name the file. load = whole in memory, open = read
 * in parts.
 */
import { type Core, FormatError, type Snapshot } from '@sagitta/core-wasm';
import {
  type ByteSource,
  fdeIndexes,
  type IvfIndex,
  type JsonValue,
  loadIndex,
  loadMultiVectorIndex,
  loadVectorIndex,
  type MultiVectorIndex,
  type OpenIndexOptions,
  openIndex,
  openVectorIndex,
  type PagedIndex,
  type PagedVectorIndex,
  type SavedIndex,
  snapshotIndex,
  snapshotMultiVectorIndex,
  type VectorIndex,
} from '@sagitta/retrieval';
import { writeFileAtomic } from './atomic-file.ts';
import { fileSource } from './file-source.ts';
import { type DataFile, openDataFile } from './files/data-file.ts';

const HEADER_BYTES = 32;
const MAGIC = 'SAGT';

/**
 * Writes the index as it is at the call, a VectorIndex or one of rows, to a temporary file beside `path`, synchronises it
 * and puts it in place. The index and its core may be used, changed and disposed of meanwhile; several saves may run at once.
 * @returns bytes written
 * @throws RangeError if the index was disposed, the system's error; the file that was there before is then still there
 */
export async function saveIndexFile(path: string, index: SavedIndex): Promise<number> {
  return writeSnapshot(path, snapshotIndex(index));
}

async function writeSnapshot(path: string, snapshot: Snapshot): Promise<number> {
  try {
    await writeFileAtomic(path, snapshot.chunks());
    return snapshot.byteLength;
  } finally {
    snapshot.dispose();
  }
}

/**
 * Reads an index of rows into `core`. The file is held in memory once beside the index while it is read.
 * @throws FormatError naming the file on bytes that are no index, CapacityError if the core is too small, the system's
 * error if the file cannot be read
 */
export function loadIndexFile(core: Core, path: string): Promise<IvfIndex> {
  return readWhole(path, (bytes) => loadIndex(core, bytes));
}

/**
 * Reads a vector index, or an index of rows as one whose ids are row numbers, into `core`.
 * @throws as loadIndexFile does
 */
export function loadVectorIndexFile<M = JsonValue>(core: Core, path: string): Promise<VectorIndex<M>> {
  return readWhole(path, (bytes) => loadVectorIndex<M>(core, bytes));
}

/**
 * Opens an index of rows whose lists stay in the file: searches read those that they visit. The file is closed with the index.
 * @throws FormatError naming the file on bytes that are no index, the system's error if the file cannot be read
 */
export function openIndexFile(core: Core, path: string, options: OpenIndexOptions = {}): Promise<PagedIndex> {
  return readParts(path, (source) => openIndex(core, source, options));
}

/**
 * Opens a vector index whose lists stay in the file: ids and metadata are in memory. The file is closed with the index.
 * @throws as openIndexFile does
 */
export function openVectorIndexFile<M = JsonValue>(
  core: Core,
  path: string,
  options: OpenIndexOptions = {},
): Promise<PagedVectorIndex<M>> {
  return readParts(path, (source) => openVectorIndex<M>(core, source, options));
}

/**
 * Writes an index of token sets as saveIndexFile does; deleted documents are not written.
 * @returns bytes written
 * @throws as saveIndexFile does
 */
export async function saveMultiVectorIndexFile(path: string, index: MultiVectorIndex): Promise<number> {
  return writeSnapshot(path, snapshotMultiVectorIndex(index));
}

/**
 * Reads an index of token sets into `core`; its searches tell the time of their stages where statistics are asked for.
 * @throws as loadIndexFile does
 */
export function loadMultiVectorIndexFile(core: Core, path: string): Promise<MultiVectorIndex> {
  return readWhole(path, (bytes) =>
    loadMultiVectorIndex(core, bytes, { clock: () => performance.now(), indexes: fdeIndexes }),
  );
}

async function readParts<T>(path: string, open: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await fileSource(path);
  try {
    return await open(source);
  } catch (error) {
    await Promise.resolve(source.close?.()).catch(() => {});
    throw error instanceof FormatError ? naming(path, error) : error;
  }
}

async function readWhole<T>(path: string, load: (bytes: Uint8Array) => T): Promise<T> {
  const file = await openDataFile(path);
  try {
    await checkHeader(file);
    const bytes = new Uint8Array(file.size);
    await file.read(bytes, 0);
    return load(bytes);
  } catch (error) {
    throw error instanceof FormatError ? naming(path, error) : error;
  } finally {
    await file.close();
  }
}

/** Looks at the header before the rest is read, so that a wrong file of any size costs nothing. */
async function checkHeader(file: DataFile): Promise<void> {
  const header = new Uint8Array(Math.min(HEADER_BYTES, file.size));
  await file.read(header, 0);
  const magic = String.fromCharCode(...header.subarray(0, MAGIC.length));
  if (magic !== MAGIC) {
    throw new FormatError(`expected an index, which begins with "${MAGIC}", got ${JSON.stringify(magic)}`);
  }
  if (header.length < HEADER_BYTES) throw new FormatError('the header is cut short', file.size);
  const length = new DataView(header.buffer).getBigUint64(24, true);
  if (length !== BigInt(file.size)) {
    throw new FormatError(`expected ${length} bytes as its header says, got ${file.size}`, 24);
  }
}

function naming(path: string, error: FormatError): FormatError {
  const message = error.message.replace(/ \(at byte \d+\)$/, '');
  return new FormatError(message.startsWith(path) ? message : `${path}: ${message}`, error.offset);
}
