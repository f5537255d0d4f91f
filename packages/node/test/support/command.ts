/** Runs the command in this process and collects what it writes. */
import { Writable } from 'node:stream';
import { type ExitStatus, runCommand } from '../../src/cli/run.ts';

export interface CommandRun {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

class Text extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export async function sagitta(...argv: readonly (string | number)[]): Promise<CommandRun> {
  const [stdout, stderr] = [new Text(), new Text()];
  const status = await runCommand(argv.map(String), { stdout, stderr });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

/** With --json: exactly one object on stdout, and success. */
export async function sagittaJson<T>(...argv: readonly (string | number)[]): Promise<T> {
  const { status, stdout, stderr } = await sagitta(...argv, '--json');
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  const lines = stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`expected one line on stdout, got ${stdout}`);
  return JSON.parse(lines[0] as string) as T;
}
