/** sagitta text: the documents of a folder as a collection that is searched by words. */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { Collection } from '@sagitta/retrieval/collection';
import type { TextModel } from '@sagitta/retrieval/text';
import type { Command } from 'commander';
import { isCollection } from '../../collection/database-name.ts';
import type { FolderCollection, FolderUpdate, PassageMetadata } from '../../texts/folder-collection.ts';
import { addOutputOptions, integer } from '../arguments.ts';
import { blame, CommandFailure } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { count, fieldLines, seconds } from '../text.ts';

interface TextBuildOptions extends OutputOptions {
  readonly model?: string;
  readonly dimension?: number;
  readonly watch?: boolean;
}

/** Reasons that are shown; --json has all. */
const SHOWN = 5;
const DIMENSION = 128;

export function addTextCommand(program: Command, io: CommandIo): void {
  const text = program.command('text').summary('make the documents of a folder searchable by words');
  const command = text
    .command('build')
    .summary('put Markdown, text and HTML of a folder into a collection')
    .description(
      'Cuts the Markdown, text and HTML of DIR into passages and makes OUT a collection of them, searched by words. Where OUT is there it is brought ' +
        'up to date: passages that are new or changed are written, those that are gone are deleted. Nothing is downloaded: vectors come from a ' +
        'model that is trained on the passages themselves.',
    )
    .argument('<DIR>', 'the folder with documents: .md .markdown .txt .text .html .htm .xhtml')
    .argument('<OUT>', 'the folder of the collection; made where there is none')
    .option(
      '--model <FILE>',
      'a saved text model instead of one that is trained (saveTextModel, saveStaticTokens)',
    )
    .option(
      '--dimension <D>',
      `dimensions of the model that is trained (default: ${DIMENSION})`,
      integer(2, 4096),
    )
    .option('--watch', 'then follow the folder until Ctrl-C; a line for each change, with --json an object');
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
The model learns once, when OUT is made: words that come later say nothing until OUT is removed and built again. Links, names that begin with a
dot, node_modules, files above 8 MiB and what is not UTF-8 are passed over.
Example:
  sagitta text build docs docs-index --watch
  sagitta query docs-index "what survives a power cut"
JSON: dir, folder, files, passages, written, deleted, skipped [{file, reason}], n, seconds.`,
    )
    .action((dir: string, out: string, options: TextBuildOptions) => {
      if (options.model !== undefined && options.dimension !== undefined) {
        command.error(
          "error: option '--dimension <D>' is of a model that is trained, not of '--model <FILE>'.",
        );
      }
      return build(dir, out, options, io, reporter(io, options));
    });
}

async function build(
  dir: string,
  out: string,
  options: TextBuildOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  // taken over before anything is open
  const interrupted = options.watch ? (io.interrupted?.() ?? new Promise<never>(() => {})) : undefined;
  if (resolve(dir) === resolve(out) || relative(resolve(out), resolve(dir)).split(/[\\/]/)[0] !== '..') {
    throw new CommandFailure(
      'OUT',
      `${out}: expected another folder than DIR, outside or inside of it, got one around it`,
    );
  }
  const start = performance.now();
  const isThere = await isCollection(out);
  const given = options.model === undefined ? undefined : await readModel(options.model);
  const model = isThere ? given : (given ?? (await trained(dir, options, report)));
  const { openFolder } = await import('../../collection/open-collection.ts');
  const collection = await blame(given ? '--model' : 'OUT', () =>
    openFolder<PassageMetadata>(out, model ? { textModel: model } : {}, io.threads),
  );
  try {
    if (!collection.textModel || !collection.keepsTexts) {
      throw new CommandFailure(
        'OUT',
        `${out}: expected a collection that text build made, got one without texts or their model`,
      );
    }
    const { FolderCollection: Folder } = await import('../../texts/folder-collection.ts');
    const followed = await Folder.of(collection, dir);
    const update = await report.progress('read', undefined, 'files', (progress) =>
      blame('DIR', () => followed.update((done) => progress.update(done))),
    );
    tell(dir, out, collection, update, (performance.now() - start) / 1000, report);
    if (interrupted) await follow(dir, out, collection, followed, interrupted, report);
  } finally {
    await blame('OUT', () => collection.close());
  }
}

async function readModel(path: string): Promise<TextModel> {
  const { loadTextModel } = await import('@sagitta/retrieval/text');
  return blame('--model', async () => loadTextModel(await readFile(path)));
}

async function trained(
  dir: string,
  { dimension = DIMENSION }: TextBuildOptions,
  report: Reporter,
): Promise<TextModel> {
  const { sampleTexts } = await import('../../texts/folder-collection.ts');
  const { trainStaticTokens } = await import('@sagitta/retrieval/text');
  const texts = await blame('DIR', () => sampleTexts(dir));
  if (texts.length === 0) {
    throw new CommandFailure('DIR', `${dir}: expected Markdown, text or HTML with words, got none`);
  }
  report.note(`training on ${count(texts.length)} passages`);
  try {
    return trainStaticTokens(texts, { dimension });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const what = 'expected passages that differ in their words, to learn from (or --model FILE)';
    throw new CommandFailure('DIR', `${dir}: ${what}, got ${count(texts.length)} that do not`, error);
  }
}

function tell(
  dir: string,
  out: string,
  { n }: Collection<PassageMetadata>,
  update: FolderUpdate,
  spent: number,
  report: Reporter,
): void {
  const { files, passages, written, deleted, skipped } = update;
  const more = skipped.length - SHOWN;
  report.result({ dir, folder: out, ...update, n, seconds: spent }, [
    ...fieldLines([
      ['collection', out],
      ['files', count(files)],
      ['passages', `${count(passages)}: ${count(written)} written, ${count(deleted)} deleted`],
      ['time', seconds(spent)],
    ]),
    ...skipped.slice(0, SHOWN).map(({ file, reason }) => `  passed over ${file}: ${reason}`),
    ...(more > 0 ? [`  and ${count(more)} more (--json has all)`] : []),
  ]);
}

async function follow(
  dir: string,
  out: string,
  collection: Collection<PassageMetadata>,
  followed: FolderCollection,
  interrupted: Promise<void>,
  report: Reporter,
): Promise<void> {
  const { watchFolder } = await import('../../texts/watch-folder.ts');
  const update = async (): Promise<{ isChanged: boolean }> => {
    const start = performance.now();
    const done = await followed.update();
    const isChanged = done.written + done.deleted > 0;
    const spent = (performance.now() - start) / 1000;
    if (isChanged) {
      const { skipped: _, ...told } = done;
      report.result({ dir, folder: out, ...told, n: collection.n, seconds: spent }, [
        `${count(done.written)} passages written, ${count(done.deleted)} deleted, ${count(done.passages)} in ${count(done.files)} files`,
      ]);
    }
    return { isChanged };
  };
  const watch = await blame('DIR', () => watchFolder(dir, (name) => followed.suspect(name), update));
  report.note(`following ${dir}; Ctrl-C ends it`);
  try {
    await blame('DIR', () => Promise.race([interrupted, watch.failed]));
  } finally {
    await watch.close();
  }
}
