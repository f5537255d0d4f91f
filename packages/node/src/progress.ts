/** Progress on stderr: a bar with rate and time left on a terminal, nothing or an occasional line elsewhere. */
import cliProgress from 'cli-progress';

export interface Progress {
  /** `done` units so far, of the total. */
  update(done: number): void;
  /** Ends the display; idempotent. To be called in `finally`: a bar that is not stopped keeps the process alive. */
  stop(): void;
}

/** A stream that may be a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface ProgressOptions {
  /** What is going on, e.g. "encode". */
  readonly label: string;
  /** Units in all; undefined if unknown, then only count and rate are shown. */
  readonly total?: number | undefined;
  /** What is counted, e.g. "vectors". */
  readonly unit?: string | undefined;
  /** Show nothing at all. */
  readonly quiet?: boolean | undefined;
  /** Without a terminal: a line every few seconds. */
  readonly verbose?: boolean | undefined;
  /** Default: stderr, so that stdout keeps nothing but results. */
  readonly stream?: ProgressStream | undefined;
  /** Milliseconds of a monotonic clock; a test's own. */
  readonly now?: (() => number) | undefined;
}

const LINE_INTERVAL_MS = 5000;
const SILENT: Progress = { update: () => undefined, stop: () => undefined };

export function startProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  if (options.quiet === true) return SILENT;
  if (stream.isTTY === true) return startBar(options, stream);
  return options.verbose === true ? startLines(options, stream) : SILENT;
}

function startBar(options: ProgressOptions, stream: ProgressStream): Progress {
  const { label, total, now = defaultNow } = options;
  const format = total === undefined ? '{label} {counts}' : '{label} {bar} {percentage}% {counts}';
  // the cursor is left alone: an interrupt would not bring it back
  const bar = new cliProgress.SingleBar(
    { stream, format, hideCursor: false, barsize: 24, fps: 8, clearOnComplete: false },
    cliProgress.Presets.shades_classic,
  );
  const start = now();
  let last = 0;
  let stopped = false;
  const payload = (): { label: string; counts: string } => ({
    label,
    counts: describe(last, now() - start, options),
  });
  bar.start(total ?? Number.MAX_SAFE_INTEGER, 0, payload());
  return {
    update(done) {
      last = done;
      if (!stopped) bar.update(done, payload());
    },
    stop() {
      if (stopped) return;
      stopped = true;
      bar.update(last, payload());
      bar.stop();
    },
  };
}

function startLines(options: ProgressOptions, stream: ProgressStream): Progress {
  const { label, now = defaultNow } = options;
  const start = now();
  let next = start + LINE_INTERVAL_MS;
  return {
    update(done) {
      const time = now();
      if (time < next) return;
      next = time + LINE_INTERVAL_MS;
      stream.write(`${label}: ${describe(done, time - start, options)}\n`);
    },
    stop: () => undefined,
  };
}

/** E.g. "1,200/60,000 vectors, 48,000/s, 1:12 left". */
function describe(done: number, elapsedMs: number, options: ProgressOptions): string {
  const { total, unit } = options;
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const count = total === undefined ? formatCount(done) : `${formatCount(done)}/${formatCount(total)}`;
  const parts = [unit === undefined ? count : `${count} ${unit}`];
  if (rate > 0) parts.push(`${formatCount(rate)}/s`);
  if (rate > 0 && total !== undefined && done < total)
    parts.push(`${formatTime((total - done) / rate)} left`);
  return parts.join(', ');
}

function formatCount(value: number): string {
  return value < 10 && !Number.isInteger(value)
    ? value.toFixed(1)
    : Math.round(value).toLocaleString('en-US');
}

/** Seconds as m:ss or h:mm:ss. */
function formatTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function defaultNow(): number {
  return performance.now();
}
