/** The same scan compiled by gcc for this machine, for scale: best time of one vector, or null where there is no gcc. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
__attribute__((noinline)) static void dot_rows(const float *q, const float *rows, long n, long d, float *out) {
  for (long i = 0; i < n; i++) {
    float sum = 0;
    for (long j = 0; j < d; j++) sum += q[j] * rows[i * d + j];
    out[i] = sum;
  }
}
int main(int argc, char **argv) {
  long n = atol(argv[1]), d = atol(argv[2]);
  float *q = malloc(4 * d), *rows = malloc(4 * n * d), *out = malloc(4 * n), sink = 0;
  for (long i = 0; i < d; i++) q[i] = (float)(i % 17) - 8;
  for (long i = 0; i < n * d; i++) rows[i] = (float)(i % 31) - 15;
  double best = 1e30;
  for (int r = 0; r < 300; r++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    dot_rows(q, rows, n, d, out);
    clock_gettime(CLOCK_MONOTONIC, &b);
    sink += out[r % n];
    double ns = ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / n;
    if (ns < best) best = ns;
  }
  printf("%f %f", best, sink);
  return 0;
}
`;

/** Best ns a vector of n × d rows with gcc -O3 -march=native -ffast-math, or null without a working gcc. */
export function gccDot(n: number, d: number): number | null {
  const folder = mkdtempSync(join(tmpdir(), 'gcc-dot-'));
  try {
    const source = join(folder, 'dot.c');
    const program = join(folder, 'dot');
    writeFileSync(source, SOURCE);
    execFileSync('gcc', ['-O3', '-march=native', '-ffast-math', '-o', program, source], { stdio: 'ignore' });
    return Number.parseFloat(execFileSync(program, [String(n), String(d)], { encoding: 'utf8' }));
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Best ns a unit of 300 calls, measured as the C program measures itself. */
export function dotBaseline(call: () => void, units: number): number {
  let best = Infinity;
  for (let r = 0; r < 300; r++) {
    const start = process.hrtime.bigint();
    call();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / units);
  }
  return best;
}
