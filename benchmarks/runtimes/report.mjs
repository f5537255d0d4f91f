// The results as Markdown and one picture.
import { cpus, loadavg } from 'node:os';
import { barChartSvg } from '@sagitta/node';

/**
 * @typedef {object} RuntimeResult
 * @property {string} name
 * @property {string} engine
 * @property {string} version
 * @property {import('./suite.mjs').Measured[]} measured
 * @property {{ wasm: number, used: number }} memory
 * @property {number} [peakBytes]
 * @property {Record<string, number>} coldStart - milliseconds by phase
 */

/** @param {RuntimeResult[]} all */
export function runtimesReport(all, sizes, baseline) {
  const versions = all.map(({ name, version }) => `${name} (${version})`).join(', ');
  return `# The same work in every runtime

${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}, ${cpus().length} cores, one thread · ${new Date().toISOString().slice(0, 10)}. Written by
\`npm run bench:runtimes\`: ${versions}.

Nanoseconds a unit, the best of all rounds, runtimes taking turns; below it the time as a ratio to ${baseline}. Answers are those of Node ${process.version}, byte
for byte; float sums of the relaxed build lie within (2d − 1) ε Σ|x||y|; an answer that differs ends the command with an error.

${loadRemark()}![Time beside ${baseline}](runtimes.svg)

${groups(all)
  .map((group) => groupTable(all, group, baseline))
  .join('\n\n')}

## Cold start: import to the first answer over 10,000 × 384 at 4 bits, ms

The fastest of all tries, each in a fresh process or page; the file is read before. Node, Bun and Deno import the packages from disk; bundles
of workerd and browsers are parsed before the clock starts, and their clocks are coarse (Chromium 0.1 ms, Firefox and workerd 1 ms).

${coldStartTable(all)}

## Memory and bytes

The four indexes hold 10,000 × 384 vectors at 4, 2, 1 and 32 bits a dimension. Peak is the whole process after the suite.

| | ${all.map(({ name }) => name).join(' | ')} |
|---|${all.map(() => '---|').join('')}
| held by blocks, MB | ${all.map(({ memory }) => (memory.used / 1e6).toFixed(1)).join(' | ')} |
| WebAssembly memory, MB | ${all.map(({ memory }) => (memory.wasm / 1e6).toFixed(1)).join(' | ')} |
| peak of the process, MB | ${all.map(({ peakBytes }) => (peakBytes ? (peakBytes / 1e6).toFixed(0) : '–')).join(' | ')} |

createCore and loadIndex of everything that can be saved, gzipped: ${kB(sizes.inlined)} with the binary inlined; for workerd ${kB(sizes.workerd)} of script and ${kB(sizes.wasm)} of WebAssembly.
`;
}

/** One thread is measured: with more at work than cores, times say more about the neighbours. */
function loadRemark() {
  const [load] = loadavg();
  if (load <= cpus().length) return '';
  return `**The machine was busy: ${load.toFixed(0)} threads at work on ${cpus().length} cores. Answers and bytes hold; times and ratios do not, run it again.**\n\n`;
}

/** Medians over the cases of each group, as a ratio to the baseline. */
export function runtimesChart(all, baseline) {
  const others = all.filter(({ name }) => name !== baseline);
  const names = groups(all).filter((group) => others.every((one) => casesOf(one, group).length > 0));
  return barChartSvg({
    title: `Time beside ${baseline}: median over the cases of a group (less is better)`,
    xLabel: 'runtime',
    yLabel: 'ratio',
    groups: others.map(({ name }) => name),
    series: names
      .filter((group) => casesOf(all[0], group).length > 0)
      .map((group) => ({
        name: group,
        values: others.map((one) => median(casesOf(one, group).map((item) => ratio(all, item, baseline)))),
      })),
    width: 980,
  });
}

function groups(all) {
  return [...new Set(all.flatMap(({ measured }) => measured.map(({ group }) => group)))];
}

function casesOf({ measured }, group) {
  return measured.filter((one) => one.group === group);
}

/** The relaxed build is compared with simd in the baseline, which may have no relaxed SIMD. */
function ratio(all, { name, group, best }, baseline) {
  const { measured } = all.find((one) => one.name === baseline);
  const same = measured.find((one) => one.name === name && one.group === group);
  const other = same ?? measured.find((one) => one.name === name);
  return best / other.best;
}

function groupTable(all, group, baseline) {
  const have = all.filter((one) => casesOf(one, group).length > 0);
  const names = casesOf(have[0], group).map(({ name }) => name);
  const rows = names.map((name) => {
    const cells = all.map((one) => {
      const item = casesOf(one, group).find((other) => other.name === name);
      if (item === undefined) return '–';
      return `${significant(item.best)}<br>${ratio(all, item, baseline).toFixed(2)}×`;
    });
    const { unit } = casesOf(have[0], group).find((other) => other.name === name);
    return `| ${name} | ${unit} | ${cells.join(' | ')} |`;
  });
  return [
    `## ${group[0].toUpperCase()}${group.slice(1)}`,
    '',
    `| | ns a | ${all.map(({ name }) => name).join(' | ')} |`,
    `|---|---|${all.map(() => '---|').join('')}`,
    ...rows,
  ].join('\n');
}

function coldStartTable(all) {
  const phases = Object.keys(all[0].coldStart);
  const row = (label, value) => `| ${label} | ${all.map((one) => value(one).toFixed(1)).join(' | ')} |`;
  return [
    `| | ${all.map(({ name }) => name).join(' | ')} |`,
    `|---|${all.map(() => '---|').join('')}`,
    ...phases.map((phase) => row(phase, ({ coldStart }) => coldStart[phase])),
    row('**all**', ({ coldStart }) => Object.values(coldStart).reduce((sum, ms) => sum + ms, 0)),
  ].join('\n');
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function significant(value) {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : Number(value.toPrecision(3)).toString();
}

function kB(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
