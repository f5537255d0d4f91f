/**
 * The documents of a folder: what lies there in Markdown, text and HTML. Links are not followed, so that no loop is walked and nothing
 * is read twice; names that begin with a dot, node_modules, and folders that are collections are passed over.
 */
import type { Dirent } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError } from '@sagitta/core-wasm';
import { isCollection } from '../collection/database-name.ts';
import { type Block, textBlocks } from './blocks.ts';
import { markdownBlocks } from './markdown.ts';

/** Bytes of a document at most: a larger one is data. */
const MOST_BYTES = 1 << 23;

type Read = (text: string) => Iterable<Block> | Promise<Iterable<Block>>;

// most folders have no HTML
const readHtml: Read = async (text) => (await import('./html.ts')).htmlBlocks(text);
const KINDS: ReadonlyMap<string, Read> = new Map([
  ['md', markdownBlocks],
  ['markdown', markdownBlocks],
  ['txt', textBlocks],
  ['text', textBlocks],
  ['html', readHtml],
  ['htm', readHtml],
  ['xhtml', readHtml],
]);

/** Extensions of documents. */
export const DOCUMENT_EXTENSIONS: readonly string[] = [...KINDS.keys()].map((extension) => `.${extension}`);

export interface FoundFile {
  /** From the folder, with forward slashes. */
  readonly name: string;
  /** Another one where the file may be another. */
  readonly signature: string;
}

/** Said of what is not read. */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** Folders that could not be listed: nobody knows what lies there. */
  readonly unread: readonly Skipped[];
}

/** @throws the system's error where the folder itself cannot be listed */
export async function findDocuments(folder: string): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const unread: Skipped[] = [];
  await walk(await readdir(folder, { withFileTypes: true }), '');
  return { files, unread };

  async function walk(entries: readonly Dirent[], inside: string): Promise<void> {
    const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of sorted) {
      const name = `${inside}${entry.name}`;
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isFile() && KINDS.has(extensionOf(name))) {
        const info = await lstat(join(folder, name), { bigint: true }).catch(() => undefined);
        // gone since
        if (info) files.push({ name, signature: `${info.ino} ${info.size} ${info.mtimeNs} ${info.ctimeNs}` });
      } else if (entry.isDirectory() && !(await isCollection(join(folder, name)))) {
        const inner = await readdir(join(folder, name), { withFileTypes: true }).catch(
          (error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOENT') unread.push({ file: name, reason: reasonOf(error) });
            return [];
          },
        );
        await walk(inner, `${name}/`);
      }
    }
  }
}

/** A document's blocks; or why it has none: isGone, since it is no document any more, or since nobody can read it now. */
export type ReadDocument =
  | { readonly blocks: Iterable<Block> }
  | { readonly blocks?: undefined; readonly reason: string; readonly isGone: boolean };

export async function readDocument(folder: string, name: string): Promise<ReadDocument> {
  let bytes: Uint8Array;
  try {
    const file = await open(join(folder, name), 'r');
    try {
      const { size } = await file.stat();
      if (size > MOST_BYTES) {
        return { reason: `expected at most ${MOST_BYTES} bytes, got ${size}`, isGone: true };
      }
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { reason: reasonOf(error as Error), isGone: code === 'ENOENT' };
  }
  if (bytes.includes(0)) return { reason: 'expected text, got zero bytes', isGone: true };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { blocks: await (KINDS.get(extensionOf(name)) as Read)(text) };
  } catch (error) {
    if (error instanceof FormatError) return { reason: error.message, isGone: true };
    if (!(error instanceof TypeError)) throw error;
    return { reason: 'expected UTF-8, got other bytes', isGone: true };
  }
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

function reasonOf({ message }: Error): string {
  return message.replace(/^E[A-Z0-9]+: ([^,]+)(?:, .*)?$/s, '$1');
}
