/**
 * Finds the Markdown documentation under a folder, in an order that depends on the names alone.
 *
 * Links are not followed: npm links workspaces into node_modules, and following them would visit a package twice.
 * Change logs, licences and translations ("README.fr.md") are left out: they are many, and nobody asks them questions.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { MarkdownFile } from './passages.ts';

export interface MarkdownFileOptions {
  /** Bytes above which a file is cut; default 256 KiB. */
  readonly maximumFileBytes?: number;
  /** Files read at most, the first ones in order of name; default 20,000. */
  readonly maximumFiles?: number;
}

const SKIPPED_FOLDERS = new Set(['.git', '.hg', '.svn', '.turbo', '.cache']);
const SKIPPED_NAMES =
  /^(changelog|changes|history|releases?|licen[cs]e|copying|notice|third[-_]?party.*|authors|contributors|code[-_]of[-_]conduct)([-_.].*)?$/i;
const TRANSLATION = /^readme[-_.][a-z]{2}([-_][a-z]{2,4})?\.(md|markdown)$/i;
const MARKDOWN = /\.(md|markdown)$/i;

/**
 * Reads the Markdown files under `root` (a folder, or one file).
 * @throws Error with the system's code (ENOENT, EACCES) if root cannot be read; folders below that cannot are skipped
 */
export async function findMarkdownFiles(
  root: string,
  options: MarkdownFileOptions = {},
): Promise<MarkdownFile[]> {
  const maximumFileBytes = options.maximumFileBytes ?? 256 * 1024;
  const maximumFiles = options.maximumFiles ?? 20_000;
  const entry = await lstat(root);
  const paths: string[] = [];
  if (entry.isFile()) paths.push(root);
  else await collectPaths(await readdir(root, { withFileTypes: true }), root, paths);
  const named = paths.map((path) => ({ path, name: relative(root, path).split(sep).join('/') || path }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const files: MarkdownFile[] = [];
  for (const { path, name } of named.slice(0, maximumFiles)) {
    const bytes = await readFile(path);
    files.push({ name, text: new TextDecoder().decode(bytes.subarray(0, maximumFileBytes)) });
  }
  return files;
}

/** True for the names of files that hold documentation. */
export function isDocumentation(fileName: string): boolean {
  return MARKDOWN.test(fileName) && !SKIPPED_NAMES.test(fileName) && !TRANSLATION.test(fileName);
}

async function collectPaths(
  entries: readonly {
    readonly name: string;
    isDirectory(): boolean;
    isFile(): boolean;
  }[],
  folder: string,
  paths: string[],
): Promise<void> {
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile() && isDocumentation(entry.name)) paths.push(path);
    if (!entry.isDirectory() || SKIPPED_FOLDERS.has(entry.name)) continue;
    const inner = await readdir(path, { withFileTypes: true }).catch(() => []);
    await collectPaths(inner, path, paths);
  }
}
