/** Files with a line for each record: ids, names, metadata. */
import type { JsonValue } from '@sagitta/retrieval';
import { openDataFile } from '../files/data-file.ts';
import { readLines } from '../files/lines.ts';
import { blame, CommandFailure } from './failure.ts';

/** Lines of a file, a last empty one left out. */
export function readTextLines(argument: string, path: string): Promise<string[]> {
  return blame(argument, async () => {
    const file = await openDataFile(path);
    try {
      const lines: string[] = [];
      for await (const { text } of readLines(file)) lines.push(text.replace(/\r$/, ''));
      if (lines.at(-1) === '') lines.pop();
      return lines;
    } finally {
      await file.close();
    }
  });
}

/** One JSON value a line; an empty line is a document without. */
export async function readMetadata(path: string): Promise<(JsonValue | undefined)[]> {
  const lines = await readTextLines('--metadata', path);
  return lines.map((line, i) => {
    if (line.trim() === '') return undefined;
    try {
      const value: JsonValue = JSON.parse(line);
      return value;
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new CommandFailure('--metadata', `${path}: line ${i + 1}: expected JSON: ${what}`);
    }
  });
}
