/** Where a command writes, and how: results to stdout as text or one JSON object, everything else to stderr. */
import type { ThreadFiles } from '../collection/folder-store.ts';
import { type Progress, type ProgressStream, startProgress } from '../progress.ts';

export interface CommandIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: ProgressStream;
  /** Files of the threads of collections, where they are not those of the package. */
  readonly threads?: ThreadFiles;
  /** Takes SIGINT and SIGTERM over: resolves at the first, the second ends the process. Without it nothing interrupts. */
  readonly interrupted?: () => Promise<void>;
}

/** Whether a stream is a terminal that shows colours and is asked for them: Node's terminals know NO_COLOR, FORCE_COLOR and TERM. */
export function isColoured(stream: NodeJS.WritableStream): boolean {
  return 'hasColors' in stream && typeof stream.hasColors === 'function' && stream.hasColors() === true;
}

const STYLES = { bold: 1, dim: 2, red: 31, cyan: 36 } as const;

/** A text in a style, where there are colours. */
export function styled(style: keyof typeof STYLES, text: string, hasColours: boolean): string {
  return hasColours && text !== '' ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

/** Options that every command has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface Reporter {
  /** A line on stderr about what comes next. */
  note(text: string): void;
  /** Runs body with a progress display on stderr, which ends with it. */
  progress<T>(
    label: string,
    total: number | undefined,
    unit: string,
    body: (progress: Progress) => T,
  ): Promise<Awaited<T>>;
  /** Makes the result go to stderr, since stdout is what a file is written to. */
  leaveStdout(): void;
  /** The result: the object as JSON, or the lines. */
  result(value: object, lines: readonly string[]): void;
}

export function reporter(io: CommandIo, options: OutputOptions): Reporter {
  const quiet = options.quiet === true;
  let results: NodeJS.WritableStream = io.stdout;
  return {
    note(text) {
      if (!quiet) io.stderr.write(`${text}\n`);
    },
    async progress<T>(
      label: string,
      total: number | undefined,
      unit: string,
      body: (progress: Progress) => T,
    ): Promise<Awaited<T>> {
      const known = total !== undefined && Number.isFinite(total) ? total : undefined;
      const progress = startProgress({ label, total: known, unit, quiet, verbose: true, stream: io.stderr });
      try {
        return await body(progress);
      } finally {
        progress.stop();
      }
    },
    leaveStdout() {
      results = io.stderr;
    },
    result(value, lines) {
      results.write(options.json === true ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
    },
  };
}
