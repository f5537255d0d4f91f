/**
 * Readers of files as programs that say which section they need next; a driver answers, from memory, from a stream, or from
 * a source that is read in parts. So a file is read by one piece of code wherever it lies.
 *
 * A section comes whole, as a reader, or is poured: handed on in the pieces that it comes in, so that nothing holds all of
 * it. Programs ask for sections in the order in which files are written. A program that is given up is told (return()), and
 * frees what it made.
 */
import {
  ByteReader,
  type ContainerTable,
  crc32,
  FormatError,
  MAX_HEADER_BYTES,
  readContainer,
  readContainerTable,
  type SectionEntry,
} from '@sagitta/core-wasm';
import type { ByteSource } from './byte-source.ts';
import { type ByteChunks, ByteStream } from './byte-stream.ts';

/** What a program needs next. */
export interface Need {
  readonly section: string;
  /** Takes the section in pieces, each good until it returns. Without, the answer is a reader of all of it. */
  readonly pour?: (piece: Uint8Array) => void;
}

/** Reads a file; what a poured section is answered with is empty. */
export type Program<T> = Generator<Need, T, ByteReader>;

/**
 * `making` for a program: what `body` gave to `own` is disposed, the last one first, unless `body` returns; also where it is
 * given up between two sections.
 */
export function* reading<T>(body: (own: <R extends Disposable>(resource: R) => R) => Program<T>): Program<T> {
  const made: Disposable[] = [];
  try {
    const read = yield* body((resource) => {
      made.push(resource);
      return resource;
    });
    made.length = 0;
    return read;
  } finally {
    for (const one of made.reverse()) one[Symbol.dispose]();
  }
}

/** The name of a section of a file that lies inside another one. */
export function nameInside(id: string): string {
  return `X${id.slice(0, 3)}`;
}

/** Runs a program over a file inside another one. */
export function* inside<T>(program: Program<T>): Program<T> {
  try {
    for (let step = program.next(); ; ) {
      if (step.done) return step.value;
      step = program.next(yield { ...step.value, section: nameInside(step.value.section) });
    }
  } finally {
    program.return(undefined as never);
  }
}

/** What the head of a file says of its sections. */
export class SectionTable {
  readonly kind: string;
  readonly version: number;
  readonly #sections: ReadonlyMap<string, SectionEntry>;

  constructor({ kind, version, sections }: Pick<ContainerTable, 'kind' | 'version' | 'sections'>) {
    this.kind = kind;
    this.version = version;
    this.#sections = new Map(sections.map((section) => [section.id, section]));
  }

  has = (id: string): boolean => this.#sections.has(id);

  /** @throws FormatError where there is no such section */
  entry(id: string): SectionEntry {
    const found = this.#sections.get(id);
    if (!found) throw new FormatError(`expected a section "${id}", got none`, HEADER_BYTES);
    return found;
  }

  /** The sections of a file inside this one: those that `nameInside` names, by their own names. */
  inside(head: Pick<SectionTable, 'kind' | 'version'>, names: readonly string[]): SectionTable {
    const sections = names.flatMap((id) => {
      const found = this.#sections.get(nameInside(id));
      return found ? [{ ...found, id }] : [];
    });
    return new SectionTable({ ...head, sections });
  }

  /** The entry of a section that has to have so many bytes. @throws FormatError */
  sized(id: string, bytes: number): SectionEntry {
    const entry = this.entry(id);
    if (entry.length !== bytes) {
      throw new FormatError(`section "${id}" expected ${bytes} bytes, got ${entry.length}`, entry.offset);
    }
    return entry;
  }
}

/** A table's fixed part, and a section's entry. */
const HEADER_BYTES = 32;
const ENTRY_BYTES = 24;
/** A poured section in memory comes in pieces of so many bytes. */
const POURED_BYTES: number = 1 << 20;

/** Runs a program over a file in memory; what readers give are views of it. @throws FormatError */
export function runNow<T extends Disposable>(
  program: (table: SectionTable) => Program<T>,
  bytes: Uint8Array,
): T {
  const container = readContainer(bytes);
  const running = program(new SectionTable(readContainerTable(bytes)));
  try {
    for (let step = running.next(); ; ) {
      if (step.done) return step.value;
      const { section, pour } = step.value;
      if (!pour) {
        step = running.next(container.reader(section));
        continue;
      }
      const content = container.section(section);
      for (let at = 0; at < content.length; at += POURED_BYTES) {
        pour(content.subarray(at, at + POURED_BYTES));
      }
      step = running.next(EMPTY);
    }
  } finally {
    running.return(undefined as never);
  }
}

const EMPTY = new ByteReader(new Uint8Array(0));

export interface StreamOptions {
  /** Bytes of the file, if known: compared with what the file says. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes come in. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Runs a program over a file that comes in chunks. @throws FormatError, the signal's reason */
export async function runFrom<T extends Disposable>(
  program: (table: SectionTable) => Program<T>,
  chunks: ByteChunks,
  options: StreamOptions,
): Promise<T> {
  const stream = new ByteStream(chunks);
  let running: Program<T> | undefined;
  try {
    const { signal, onProgress } = options;
    const table = await readTable(stream, options.size);
    const progress = (): void => {
      signal?.throwIfAborted();
      onProgress?.(stream.offset, table.length);
    };
    running = program(new SectionTable(table));
    let next = 0;
    for (let step = running.next(); ; ) {
      if (step.done) {
        const { value } = step;
        try {
          if (next !== table.sections.length) {
            throw new FormatError(`expected ${next} sections, got ${table.sections.length}`, 16);
          }
          await stream.end();
        } catch (error) {
          value[Symbol.dispose]();
          throw error;
        }
        return value;
      }
      signal?.throwIfAborted();
      const { section, pour } = step.value;
      const entry = table.sections[next++];
      if (entry?.id !== section) {
        throw new FormatError(`section ${next} expected "${section}", got "${entry?.id}"`, HEADER_BYTES);
      }
      step = running.next(await answer(stream, entry, pour, progress));
    }
  } finally {
    running?.return(undefined as never);
    await stream.close();
  }
}

/** The first request for a file: table, and of most indexes the small sections too. */
const FIRST_BYTES: number = 1 << 16;

/** A section that is poured is read by so many bytes. */
const PAGED_BYTES: number = 1 << 22;

/** Runs a program over a file of which what it does not ask for stays where it is. @throws FormatError, what the source rejects with */
export async function runHead<T extends Disposable>(
  program: (table: SectionTable) => Program<T>,
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<T> {
  const first = await source.read(0, Math.min(Math.max(FIRST_BYTES, MAX_HEADER_BYTES), source.size), signal);
  const table = readContainerTable(first);
  if (table.length !== source.size) {
    throw new FormatError(`expected ${table.length} bytes as the header says, got ${source.size}`, 24);
  }
  const sections = new SectionTable(table);
  const running = program(sections);
  try {
    for (let step = running.next(); ; ) {
      if (step.done) return step.value;
      const { section, pour } = step.value;
      const { id, offset, length, checksum } = sections.entry(section);
      if (pour) {
        let sum = 0;
        for (let at = 0; at < length; at += PAGED_BYTES) {
          const piece = await source.read(offset + at, Math.min(PAGED_BYTES, length - at), signal);
          sum = crc32(piece, sum);
          pour(piece);
        }
        if (sum !== checksum) throw new FormatError(`section "${id}" does not match its checksum`, offset);
        step = running.next(EMPTY);
        continue;
      }
      const bytes =
        offset + length <= first.length
          ? first.subarray(offset, offset + length)
          : await source.read(offset, length, signal);
      if (bytes.length !== length || crc32(bytes) !== checksum) {
        throw new FormatError(`section "${id}" does not match its checksum`, offset);
      }
      step = running.next(new ByteReader(bytes, offset));
    }
  } finally {
    running.return(undefined as never);
  }
}

async function readTable(stream: ByteStream, size: number | undefined): Promise<ContainerTable> {
  const start = await stream.take(HEADER_BYTES);
  const count = new DataView(start.buffer, start.byteOffset).getUint32(16, true);
  // a count that is too large for any table is refused by the reader without the entries
  const rest = count <= 256 ? await stream.take(count * ENTRY_BYTES) : new Uint8Array(0);
  const head = new Uint8Array(start.length + rest.length);
  head.set(start);
  head.set(rest, start.length);
  const table = readContainerTable(head);
  if (size !== undefined && size !== table.length) {
    throw new FormatError(`expected ${table.length} bytes as the header says, got ${size}`, 24);
  }
  return table;
}

/** The next section of the stream, checked. */
async function answer(
  stream: ByteStream,
  { id, offset, length, checksum }: SectionEntry,
  pour: Need['pour'],
  progress: () => void,
): Promise<ByteReader> {
  const at = stream.offset;
  const gap = await stream.take(offset - at);
  if (gap.some((byte) => byte !== 0)) throw new FormatError('expected zero bytes between sections', at);
  let reader = EMPTY;
  let actual = 0;
  if (pour) {
    await stream.pour(length, (piece) => {
      actual = crc32(piece, actual);
      pour(piece);
      progress();
    });
  } else {
    const bytes = await stream.take(length);
    actual = crc32(bytes);
    progress();
    reader = new ByteReader(bytes, offset);
  }
  if (actual !== checksum) throw new FormatError(`section "${id}" does not match its checksum`, offset);
  return reader;
}
