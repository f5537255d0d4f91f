// usage: rd-fuzz.mts seconds seed
import { mkdtempSync, writeFileSync, readFileSync, readdirSync, mkdirSync } from 'node:fs';
import { openVectors, openTokenSets } from './src/index.ts';
import { SEEDS } from './test/support/seed-files.ts';
import { FORMATS } from './src/formats.ts';
import { RandomStream, FormatError, UnsupportedError } from '@sagitta/core-wasm';
const seconds = Number(process.argv[2]), seed0 = Number(process.argv[3] ?? 1), only = process.argv[4];
const random = new RandomStream(seed0, 'fuzz');
const extra = readdirSync('/work/shared/cases/files').filter((f) => !/base|be\.|fortran|openai|deep/.test(f)).flatMap((f) => {
  const format = f.endsWith('.parquet') ? 'parquet' : f.endsWith('npz') ? 'npz' : 'arrow';
  const bytes = new Uint8Array(readFileSync('/work/shared/cases/files/' + f));
  return [{ name: f, format, bytes, isTokenSets: /listlist|nullrow|lz4|multi|pad|lies/.test(f) }];
}).concat(readdirSync('/tmp/rd-files').filter((f) => /^d_|chunk.hdf5|many.hdf5|ann.hdf5|latest.hdf5/.test(f)).map((f) => ({ name: f, format: f.endsWith('parquet') ? 'parquet' : 'hdf5', bytes: new Uint8Array(readFileSync('/tmp/rd-files/' + f)), isTokenSets: /toks|flat/.test(f) }))) as any[];
const pool = [...SEEDS, ...extra].filter((s) => !only || s.name.includes(only) || s.format === only);
const dir = mkdtempSync('/tmp/rd-fuzz-');
const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0x10, 0x40];
let tried = 0, good = 0, typed = 0, bad = 0, slowest = 0, slowName = '', rss = 0;
const until = Date.now() + seconds * 1000;
while (Date.now() < until) {
  const s = pool[random.nextBelow(pool.length)]!;
  let bytes = Buffer.from(s.bytes);
  const kind = random.nextBelow(10);
  if (kind === 0) bytes = bytes.subarray(0, random.nextBelow(bytes.length + 1));
  else if (kind === 1) { const at = random.nextBelow(bytes.length), n = random.nextBelow(64); bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + n))]); }
  else if (kind === 2) { const at = random.nextBelow(bytes.length), n = random.nextBelow(64), from = random.nextBelow(bytes.length); bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + n), bytes.subarray(at)]); }
  const count = 1 + random.nextBelow(kind < 6 ? 2 : 8);
  for (let i = 0; i < count && bytes.length > 0; i++) {
    // favour the ends, where headers and footers are
    let at = random.nextBelow(bytes.length);
    const where = random.nextBelow(4);
    if (where === 0) at = random.nextBelow(Math.min(bytes.length, 400)); else if (where === 1) at = bytes.length - 1 - random.nextBelow(Math.min(bytes.length, 400));
    const how = random.nextBelow(5);
    if (how === 0) bytes[at] = random.nextBelow(256); else if (how === 1) bytes[at]! ^= 1 << random.nextBelow(8); else if (how === 2) bytes[at] = interesting[random.nextBelow(8)]!;
    else { const w = 1 << random.nextBelow(4); for (let j = 0; j < w && at + j < bytes.length; j++) bytes[at + j] = how === 3 ? 0xff : (j === w - 1 ? 0x7f : 0xff); }
  }
  const path = `${dir}/case.${FORMATS[s.format as 'npy'].extensions[0]}`;
  writeFileSync(path, bytes);
  const t = performance.now();
  let error: any; 
  try {
    const source: any = await (s.isTokenSets ? openTokenSets : openVectors as any)(path, { column: s.column, d: s.d });
    try { let n = 0; for await (const c of s.isTokenSets ? source.batches(1000) : source.chunks(1000)) { n++; } } finally { await source.close(); }
  } catch (e) { error = e; }
  const ms = performance.now() - t;
  const mem = process.memoryUsage().rss;
  if (mem > rss) { rss = mem; if (mem > 700e6) { console.log('RSS', s.name, (mem/1e6)|0, error?.message?.slice(0,100)); writeFileSync(`${dir}/rss-${tried}-${s.name.replaceAll(' ', '-')}`, bytes); } }
  if (ms > slowest) { slowest = ms; slowName = s.name; if (ms > 400) { console.log('SLOW', s.name, ms|0, error?.message?.slice(0,100)); writeFileSync(`${dir}/slow-${tried}-${s.name.replaceAll(' ', '-')}`, bytes); } }
  tried++;
  if (error === undefined) good++;
  else if (error instanceof FormatError || error instanceof UnsupportedError || (error instanceof RangeError && /^"(column|d|path)"/.test(error.message))) typed++;
  else { bad++; console.log('BAD', s.name, error.stack?.slice(0, 400)); writeFileSync(`${dir}/bad-${tried}-${s.name.replaceAll(' ', '-')}`, bytes); if (bad > 8) break; }
}
console.log({ tried, good, typed, bad, slowest: slowest | 0, slowName, rssMB: (rss / 1e6) | 0, dir });
