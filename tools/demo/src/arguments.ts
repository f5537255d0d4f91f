/** What stands behind `npm run demo --`: a folder or file of Markdown, a question, both or neither. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

export interface DemoArguments {
  /** Absolute path; undefined: the documentation in node_modules. */
  readonly folder: string | undefined;
  readonly question: string | undefined;
}

/**
 * The first argument is a folder if there is one of that name; words that remain are the question.
 * @throws RangeError if the first argument looks like a path and nothing is there
 */
export function parseArguments(words: readonly string[], workingFolder: string): DemoArguments {
  const [first, ...rest] = words;
  const path = first === undefined ? undefined : resolve(workingFolder, first);
  const isFolder = path !== undefined && first !== '' && existsSync(path);
  if (!isFolder && first !== undefined && /^(\.{0,2}\/|~|[A-Za-z]:\\)\S*$/.test(first)) {
    throw new RangeError(
      `"folder" expected a folder of Markdown files, got "${first}", which does not exist`,
    );
  }
  const question = (isFolder ? rest : words).join(' ').trim();
  return { folder: isFolder ? path : undefined, question: question === '' ? undefined : question };
}
