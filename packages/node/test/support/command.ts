/** Runs the command in this process and collects what it writes. */
import { Writable } from 'node:stream';
import type { CommandIo } from '../../src/cli/io.ts';
import { type ExitStatus, runCommand } from '../../src/cli/run.ts';
import type { ThreadFiles } from '../../src/collection/folder-store.ts';

export interface CommandRun {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

type Argument = string | number;

class Text extends Writable {
  text = '';
  readonly #seen: ((text: string) => void) | undefined;

  constructor(seen?: (text: string) => void) {
    super();
    this.#seen = seen;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
    this.#seen?.(chunk.toString());
  }
}

/** The few members of a terminal that progress bars use; what moves the cursor is left out of the text. */
class Terminal extends Text {
  readonly isTTY = true;
  readonly columns = 120;
  readonly rows = 40;
  cursorTo(): boolean {
    return true;
  }
  moveCursor(): boolean {
    return true;
  }
  clearLine(): boolean {
    return true;
  }
  clearScreenDown(): boolean {
    return true;
  }
}

async function run(
  argv: readonly Argument[],
  stdout: Text,
  stderr: Text,
  threads?: ThreadFiles,
): Promise<CommandRun> {
  const io: CommandIo = { stdout, stderr, ...(threads && { threads }) };
  const status = await runCommand(argv.map(String), io);
  return { status, stdout: stdout.text, stderr: stderr.text };
}

export function sagitta(...argv: readonly Argument[]): Promise<CommandRun> {
  return run(argv, new Text(), new Text());
}

/** With threads of collections that run these files. */
export function sagittaWithThreads(threads: ThreadFiles, ...argv: readonly Argument[]): Promise<CommandRun> {
  return run(argv, new Text(), new Text(), threads);
}

/** With a terminal on stderr. */
export function sagittaOnTerminal(...argv: readonly Argument[]): Promise<CommandRun> {
  return run(argv, new Text(), new Terminal());
}

/** Calls `seen` with each piece of stderr, in the middle of the work. */
export function sagittaWatched(
  seen: (text: string) => void,
  ...argv: readonly Argument[]
): Promise<CommandRun> {
  return run(argv, new Text(), new Text(seen));
}

/** With --json: exactly one object on stdout, and success. */
export async function sagittaJson<T>(...argv: readonly Argument[]): Promise<T> {
  const { status, stdout, stderr } = await sagitta(...argv, '--json');
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  const lines = stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`expected one line on stdout, got ${stdout}`);
  return JSON.parse(lines[0] as string) as T;
}
