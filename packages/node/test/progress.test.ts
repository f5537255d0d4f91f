import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ProgressOptions, type ProgressStream, startProgress } from '../src/progress.ts';

/** A stream that keeps what is written, with the few members a terminal has. */
function recorder(isTTY: boolean): { stream: ProgressStream; text: () => string } {
  let text = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const extras = { isTTY, columns: 120, rows: 40, fd: 2, cursorTo: () => true, moveCursor: () => true };
  const stream = Object.assign(sink, extras, { clearLine: () => true, clearScreenDown: () => true });
  return { stream, text: () => text };
}

function run(isTTY: boolean, options: Partial<ProgressOptions>): string {
  const { stream, text } = recorder(isTTY);
  let time = 0;
  const progress = startProgress({
    label: 'encode',
    total: 60_000,
    unit: 'vectors',
    stream,
    now: () => time,
    ...options,
  });
  try {
    for (let done = 10_000; done <= 60_000; done += 10_000) {
      time += 2000;
      progress.update(done);
    }
  } finally {
    progress.stop();
    progress.stop();
  }
  return text();
}

describe('startProgress', () => {
  it('draws a bar with rate and time left on a terminal', () => {
    const text = run(true, {});
    expect(text).toContain('encode');
    expect(text).toContain('100% 60,000/60,000 vectors, 5,000/s');
    expect(text).not.toContain('\u001b[?25l');
  });

  it('shows the count where the total is unknown', () => {
    expect(run(true, { total: undefined })).toContain('encode 60,000 vectors, 5,000/s');
  });

  it('writes nothing elsewhere', () => {
    expect(run(false, {})).toBe('');
    expect(run(true, { quiet: true })).toBe('');
  });

  it('writes a line every few seconds elsewhere if asked', () => {
    expect(run(false, { verbose: true })).toBe(
      'encode: 30,000/60,000 vectors, 5,000/s, 0:06 left\nencode: 60,000/60,000 vectors, 5,000/s\n',
    );
    expect(run(false, { verbose: true, total: 60_000_000 })).toContain(', 3:19:54 left\n');
  });
});
