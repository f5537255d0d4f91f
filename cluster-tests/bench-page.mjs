// The page of a bench in sections, some of which a run has made anew.
import { readFile, writeFile } from 'node:fs/promises';

/** Puts sections (heading → text) in place of those of the same heading, new ones at the end. What stands before the first heading is `head`. */
export async function putSections(path, head, sections) {
  const page = await readFile(path, 'utf8').catch(() => '');
  const old = page.split(/^## /m).slice(1);
  const all = new Map(
    old.map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n')).trim()]),
  );
  for (const [heading, text] of Object.entries(sections)) all.set(heading, text.trim());
  const body = [...all].map(([heading, text]) => `## ${heading}\n\n${text}\n`);
  await writeFile(path, [`${head.trim()}\n`, ...body].join('\n'));
}
