/**
 * Objects of an HDF5 file: the superblock, object headers with their messages, and the links of groups, as written by default (version 0:
 * symbol tables) and by libver="latest" (messages). Version 3.0 of the format's specification, sections II, III.A to III.D and IV.A.
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import type { DataFile } from '../../files/data-file.ts';
import { type Cursor, Hdf5Bytes } from './hdf5-bytes.ts';

export const HDF5_SIGNATURE: readonly number[] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Types of messages. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  continuation: 0x10,
  symbolTable: 0x11,
} as const;

export interface Message {
  readonly type: number;
  readonly body: Cursor;
}

const MAX_HEADER_BYTES = 1 << 20;
/** Pieces of a header, nodes of a tree: far above what is written, and an end to what leads in circles. */
const MAX_PARTS = 4096;
const MAX_LINKS = 1 << 16;

/** @returns the bytes of the file, and the address of the root group's header */
export async function openHdf5(file: DataFile): Promise<{ bytes: Hdf5Bytes; root: number }> {
  const plain = new Hdf5Bytes(file, 8, 8, 0);
  const start = await signatureAt(plain);
  const head = await plain.upTo(start + 8, 120);
  const version = head.unsigned(1);
  if (version > 3) throw plain.fail(`expected a superblock of version 0 to 3, got ${version}`, start + 8);
  const isOld = version < 2;
  if (isOld) head.skip(4);
  const [offsetBytes, lengthBytes] = [head.unsigned(1), head.unsigned(1)];
  if (![2, 4, 8].includes(offsetBytes) || ![2, 4, 8].includes(lengthBytes))
    throw plain.fail(
      `expected addresses and lengths of 2, 4 or 8 bytes, got ${offsetBytes} and ${lengthBytes}`,
      start,
    );
  const sized = new Hdf5Bytes(file, offsetBytes, lengthBytes, 0);
  const rest = await sized.upTo(start + 8 + head.position, 120);
  // a reserved byte, two sizes of trees and flags; or only flags
  rest.skip(isOld ? (version === 1 ? 13 : 9) : 1);
  const base = rest.address();
  // free space or extension, end of file
  rest.address();
  rest.address();
  if (isOld) {
    rest.address();
    rest.address();
  }
  const root = rest.address();
  return { bytes: new Hdf5Bytes(file, offsetBytes, lengthBytes, base), root };
}

/** The superblock begins at 0, 512, 1,024, 2,048 … */
async function signatureAt(bytes: Hdf5Bytes): Promise<number> {
  for (let at = 0; at + 16 <= bytes.file.size; at = at === 0 ? 512 : 2 * at) {
    const head = await bytes.at(at, 8);
    if (HDF5_SIGNATURE.every((byte, i) => head.bytes[i] === byte)) return at;
  }
  throw bytes.fail('expected the signature "\\x89HDF" of an HDF5 file');
}

/** The messages of the object whose header lies at an address. */
export async function readMessages(bytes: Hdf5Bytes, address: number): Promise<Message[]> {
  const head = await bytes.upTo(address, 32);
  const isNew = Buffer.from(head.bytes.subarray(0, 4)).toString('latin1') === 'OHDR';
  return isNew ? newMessages(bytes, address) : oldMessages(bytes, address);
}

async function oldMessages(bytes: Hdf5Bytes, address: number): Promise<Message[]> {
  const head = await bytes.at(address, 16);
  const version = head.unsigned(1);
  if (version !== 1) throw bytes.fail(`expected an object header of version 1 or 2, got ${version}`, address);
  const size = head.skip(7).unsigned(4);
  const messages: Message[] = [];
  const parts = [{ at: address + 16, size }];
  for (let i = 0; i < parts.length; i++) {
    const part = await headerPart(bytes, parts[i], i, address);
    while (part.left >= 8) {
      const type = part.unsigned(2);
      const length = part.unsigned(2);
      part.skip(4);
      const body = part.take(Math.min(length, part.left));
      if (type === MESSAGE.continuation) parts.push({ at: body.address(), size: body.length() });
      else messages.push({ type, body });
    }
  }
  return messages;
}

async function newMessages(bytes: Hdf5Bytes, address: number): Promise<Message[]> {
  const head = await bytes.upTo(address, 40);
  const version = head.expect('OHDR').unsigned(1);
  if (version !== 2) throw bytes.fail(`expected an object header of version 1 or 2, got ${version}`, address);
  const flags = head.unsigned(1);
  head.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
  const size = head.unsigned(1 << (flags & 3));
  const messages: Message[] = [];
  const parts = [{ at: address + head.position, size }];
  for (let i = 0; i < parts.length; i++) {
    const part = await headerPart(bytes, parts[i], i, address);
    const least = flags & 4 ? 6 : 4;
    while (part.left >= least) {
      const type = part.unsigned(1);
      const length = part.unsigned(2);
      part.skip(least - 3);
      const body = part.take(length);
      // a continuation begins with its signature and ends with a checksum
      if (type === MESSAGE.continuation) parts.push({ at: body.address() + 4, size: body.length() - 8 });
      else messages.push({ type, body });
    }
  }
  return messages;
}

function headerPart(
  bytes: Hdf5Bytes,
  part: { readonly at: number; readonly size: number } | undefined,
  i: number,
  address: number,
): Promise<Cursor> {
  if (part === undefined || i >= MAX_PARTS || !(part.size >= 0 && part.size <= MAX_HEADER_BYTES))
    throw bytes.fail(`expected an object header of at most ${MAX_HEADER_BYTES} bytes`, address);
  return bytes.at(part.at, part.size);
}

/** Names in a group, and the addresses of their headers; undefined if it is no group. */
export async function readLinks(bytes: Hdf5Bytes, address: number): Promise<Map<string, number> | undefined> {
  const messages = await readMessages(bytes, address);
  const table = messages.find(({ type }) => type === MESSAGE.symbolTable);
  if (table !== undefined) return tableLinks(bytes, table.body);
  const info = messages.find(({ type }) => type === MESSAGE.linkInfo);
  if (info === undefined) return undefined;
  const flags = info.body.skip(1).unsigned(1);
  info.body.skip(flags & 1 ? 8 : 0);
  if (info.body.address() !== Infinity)
    throw new UnsupportedError(
      `${bytes.file.path}: groups with many links, written by libver="latest", are not read`,
    );
  const links = new Map<string, number>();
  for (const { type, body } of messages) {
    if (type !== MESSAGE.link) continue;
    const linkFlags = body.skip(1).unsigned(1);
    const kind = linkFlags & 8 ? body.unsigned(1) : 0;
    body.skip((linkFlags & 4 ? 8 : 0) + (linkFlags & 16 ? 1 : 0));
    const name = body.text(body.unsigned(1 << (linkFlags & 3)));
    if (kind === 0) links.set(name, body.address());
  }
  return links;
}

async function tableLinks(bytes: Hdf5Bytes, body: Cursor): Promise<Map<string, number>> {
  const [tree, heap] = [body.address(), body.address()];
  const heapHead = (await bytes.at(heap, 8 + 2 * bytes.lengthBytes + bytes.offsetBytes))
    .expect('HEAP')
    .skip(4);
  const size = heapHead.length();
  heapHead.length();
  const names = await bytes.at(heapHead.address(), size);
  const links = new Map<string, number>();
  const nodes = [tree];
  for (let i = 0; i < nodes.length; i++) {
    const at = nodes[i] as number;
    if (i >= MAX_PARTS || links.size > MAX_LINKS)
      throw bytes.fail('expected a tree of links with an end', at);
    const node = await bytes.upTo(at, 1 << 14);
    const signature = node.text(4);
    if (signature === 'SNOD') {
      const count = node.skip(2).unsigned(2);
      for (let j = 0; j < count; j++) {
        const name = node.address();
        const header = node.address();
        node.skip(24);
        const end = names.bytes.indexOf(0, name);
        if (!(name < names.bytes.length) || end < 0) throw bytes.fail('expected a name inside the heap', at);
        links.set(Buffer.from(names.bytes.subarray(name, end)).toString('utf8'), header);
      }
      continue;
    }
    if (signature !== 'TREE')
      throw bytes.fail(`expected "TREE" or "SNOD", got ${JSON.stringify(signature)}`, at);
    const count = node.skip(2).unsigned(2);
    node.skip(2 * bytes.offsetBytes + bytes.lengthBytes);
    for (let j = 0; j < count; j++) {
      nodes.push(node.address());
      node.skip(bytes.lengthBytes);
    }
  }
  return links;
}
