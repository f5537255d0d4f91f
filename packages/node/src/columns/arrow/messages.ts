/** The messages of an Arrow file or stream: where the schema, dictionaries and record batches lie, from their heads alone. */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { DataFile } from '../../files/data-file.ts';
import { FlatTable } from './flat-table.ts';

export const ARROW_MAGIC = 'ARROW1';
const CONTINUATION = 0xffffffff;
const MAX_HEAD_BYTES = 1 << 26;
const [SCHEMA, DICTIONARY, BATCH] = [1, 2, 3] as const;

/** A record batch or a dictionary: counts and places, all of them checked to lie inside the file. */
export interface ArrowBatchHead {
  readonly rows: number;
  /** Pairs of length and number of missing values. */
  readonly nodes: Float64Array;
  /** Pairs of offset in the body and length. */
  readonly buffers: Float64Array;
  readonly variadic: Float64Array;
  readonly codec: 'LZ4_FRAME' | 'ZSTD' | undefined;
  /** Byte of the file at which the body begins. */
  readonly body: number;
}

export interface ArrowDictionary {
  readonly id: number;
  readonly isDelta: boolean;
  readonly head: ArrowBatchHead;
  /** Record batches before it. */
  readonly before: number;
}

export interface ArrowMessages {
  readonly schema: FlatTable;
  readonly batches: readonly ArrowBatchHead[];
  readonly dictionaries: readonly ArrowDictionary[];
}

/** Reads every head. @throws FormatError on anything that is no Arrow file or stream, or is cut short */
export async function readMessages(file: DataFile): Promise<ArrowMessages> {
  const end = await endOfFile(file);
  return end === undefined ? streamMessages(file) : fileMessages(file, end);
}

/** Message after message, the schema first. */
async function streamMessages(file: DataFile): Promise<ArrowMessages> {
  const { path, size } = file;
  const batches: ArrowBatchHead[] = [];
  const dictionaries: ArrowDictionary[] = [];
  let schema: FlatTable | undefined;
  for (let at = 0; at < size; ) {
    const message = await readHead(file, at, size);
    if (message === undefined) break;
    if (message.kind === SCHEMA) schema = message.header;
    else if (schema === undefined) throw new FormatError(`${path}: expected an Arrow schema first`, at);
    else if (message.kind === BATCH) batches.push(batchHead(path, message.header, message));
    else dictionaries.push(dictionaryHead(path, message, batches.length));
    at = message.body + message.bodyBytes;
  }
  if (schema === undefined) throw new FormatError(`${path}: expected an Arrow schema, got none`, 0);
  return { schema, batches, dictionaries };
}

/** By the footer, which ends at `end`: some writers leave the schema out in front. */
async function fileMessages(file: DataFile, end: number): Promise<ArrowMessages> {
  const { path, size } = file;
  const fail = (what: string): FormatError => new FormatError(`${path}: footer: ${what}`, end);
  const length = new Uint8Array(4);
  await file.read(length, end);
  const footerBytes = new DataView(length.buffer).getInt32(0, true);
  const most = Math.min(MAX_HEAD_BYTES, end - 8);
  if (footerBytes < 8 || footerBytes > most) throw fail(`expected at most ${most} bytes, got ${footerBytes}`);
  const bytes = new Uint8Array(footerBytes);
  await file.read(bytes, end - footerBytes);
  const footer = FlatTable.root(bytes);
  const schema = footer.table(1);
  if (schema === undefined) throw fail('expected an Arrow schema, got none');
  // blocks do not overlap, so that what is read is no more than the file
  let left = size;
  const heads = async (field: number, kind: number): Promise<Head[]> => {
    const blocks = footer.int64s(field, 3);
    const found: Head[] = [];
    for (let i = 0; i < blocks.length; i += 3) {
      const at = blocks[i] as number;
      const head = at >= 8 && at < end ? await readHead(file, at, end) : undefined;
      if (head?.kind !== kind)
        throw fail(`expected a ${kind === BATCH ? 'record batch' : 'dictionary'} at ${at}`);
      left -= head.body + head.bodyBytes - at;
      if (left < 0) throw fail('expected blocks that do not overlap');
      found.push(head);
    }
    return found;
  };
  // in a file a dictionary is never replaced, and what is added to it belongs to all
  const dictionaries = (await heads(2, DICTIONARY)).map((head) => dictionaryHead(path, head, 0));
  const batches = (await heads(3, BATCH)).map((head) => batchHead(path, head.header, head));
  return { schema, batches, dictionaries };
}

/** Where the footer's length stands, or undefined if it is a stream; a file must have its end as well. */
async function endOfFile(file: DataFile): Promise<number | undefined> {
  const { path, size } = file;
  const head = new Uint8Array(Math.min(8, size));
  await file.read(head, 0);
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('FEA1'))
    throw new UnsupportedError(
      `${path}: expected Arrow or Feather version 2, got Feather version 1, which pandas reads and writes anew`,
    );
  if (!text.startsWith(ARROW_MAGIC)) return undefined;
  const tail = new Uint8Array(6);
  if (size < 18) throw new FormatError(`${path}: the file is cut short`, size);
  await file.read(tail, size - 6);
  if (Buffer.from(tail).toString('latin1') === ARROW_MAGIC) return size - 10;
  throw new FormatError(
    `${path}: expected the magic "${ARROW_MAGIC}" at the end: the file is cut short or damaged`,
    size - 6,
  );
}

interface Head {
  readonly kind: typeof SCHEMA | typeof DICTIONARY | typeof BATCH;
  readonly header: FlatTable;
  readonly body: number;
  readonly bodyBytes: number;
}

/** undefined at the end of the stream. */
async function readHead(file: DataFile, at: number, end: number): Promise<Head | undefined> {
  const { path } = file;
  const lengths = new Uint8Array(8);
  const fail = (what: string): FormatError => new FormatError(`${path}: ${what}`, at);
  if (at + 4 > end) throw fail('the message is cut short');
  await file.read(lengths.subarray(0, Math.min(8, end - at)), at);
  const view = new DataView(lengths.buffer);
  // before version 0.15 there was no mark of continuation
  const isOld = view.getUint32(0, true) !== CONTINUATION;
  const headBytes = view.getInt32(isOld ? 0 : 4, true);
  const start = at + (isOld ? 4 : 8);
  if (headBytes === 0) return undefined;
  if (headBytes < 8 || headBytes > MAX_HEAD_BYTES || start + headBytes > end)
    throw fail(`expected an Arrow message of at most ${end - start} bytes, got ${headBytes}`);
  const bytes = new Uint8Array(headBytes);
  await file.read(bytes, start);
  const table = FlatTable.root(bytes);
  const bodyBytes = table.int64(3);
  const body = start + headBytes;
  if (bodyBytes < 0 || body + bodyBytes > end)
    throw fail(
      `expected a body of at most ${end - body} bytes, got ${bodyBytes}: the file is cut short or damaged`,
    );
  const kind = table.int8(1);
  const header = table.table(2);
  if (header === undefined || (kind !== SCHEMA && kind !== DICTIONARY && kind !== BATCH))
    throw fail(`expected a schema, a dictionary or a record batch, got message ${kind}`);
  return { kind, header, body, bodyBytes };
}

function dictionaryHead(path: string, { header, body, bodyBytes }: Head, before: number): ArrowDictionary {
  const data = header.table(1);
  if (data === undefined) throw new FormatError(`${path}: expected a dictionary, got an empty one`, body);
  return {
    id: header.int64(0),
    isDelta: header.int8(2) !== 0,
    head: batchHead(path, data, { body, bodyBytes }),
    before,
  };
}

function batchHead(
  path: string,
  header: FlatTable,
  { body, bodyBytes }: Pick<Head, 'body' | 'bodyBytes'>,
): ArrowBatchHead {
  const fail = (what: string): FormatError => new FormatError(`${path}: record batch: ${what}`, body);
  const rows = header.int64(0);
  const nodes = header.int64s(1, 2);
  const buffers = header.int64s(2, 2);
  const compression = header.table(3);
  const codec = compression === undefined ? undefined : (['LZ4_FRAME', 'ZSTD'] as const)[compression.int8(0)];
  if (compression !== undefined && codec === undefined)
    throw new UnsupportedError(`${path}: expected LZ4 or ZSTD compression, got codec ${compression.int8(0)}`);
  if (!Number.isSafeInteger(rows) || rows < 0) throw fail(`expected a number of rows, got ${rows}`);
  for (let i = 0; i < buffers.length; i += 2) {
    const [offset, length] = [buffers[i] as number, buffers[i + 1] as number];
    if (offset < 0 || length < 0 || offset + length > bodyBytes)
      throw fail(`expected buffers inside ${bodyBytes} bytes, got ${length} from ${offset}`);
  }
  return { rows, nodes, buffers, variadic: header.int64s(4, 1), codec, body };
}
