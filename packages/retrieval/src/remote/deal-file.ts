/**
 * One worker's share of the file of an index: the vectors that global ids deal to it (global-id.ts), as an index file with
 * ids of its own. The file is read once from front to back; the share is held in pieces until it is loaded.
 */
import { type Core, containerPieces, FormatError, littleEndianBytes } from '@sagitta/core-wasm';
import type { ByteSource } from '../index.ts';
import { localId, SHARD_ROWS, shardOf, shardSize } from './global-id.ts';
import { BLOCK, IndexFile, withCount, wordsOf } from './index-file.ts';
import type { Share } from './protocol.ts';
import { Repacker } from './repacker.ts';

/** Ids that are looked at together. */
const IDS = 1 << 16;

/** Pieces of a file. */
export interface DealtFile {
  readonly pieces: Uint8Array[];
  readonly hasSecondary: boolean;
}

/** Vectors of one worker, list after list: where each lies in its list, and its local id. */
interface Dealt {
  readonly counts: Uint32Array;
  readonly positions: Uint32Array;
  readonly ids: Uint32Array;
}

/** @throws FormatError on bytes that are no index, CapacityError where the core's memory ends, the signal's reason */
export async function dealFile(
  core: Core,
  source: ByteSource,
  share: Share,
  signal: AbortSignal,
): Promise<DealtFile> {
  const file = await IndexFile.open(source, signal);
  const layouts = await file.layouts(core);
  const dealt = await dealIds(file, share);
  const parts: Record<string, Uint8Array[]> = {
    META: [withCount(file.meta, dealt.ids.length)],
    SIZE: [littleEndianBytes(dealt.counts)],
    IDS: [littleEndianBytes(dealt.ids)],
  };
  const sections: { id: string; pieces: Uint8Array[] }[] = [];
  // in the order of the file, which is that of its reader
  for (const { id } of file.table.sections) {
    let pieces = parts[id];
    if (id === 'CODE') {
      using repacker = new Repacker(core, layouts.codes, 1);
      pieces = await dealCodes(file, dealt, repacker);
    } else if (id === 'VECS') pieces = await dealRuns(file, id, share, (rows) => rows * 4 * file.d);
    else if (id === 'SECC') {
      const { blockBytes } = layouts.secondary ?? { blockBytes: 0 };
      pieces = await dealRuns(file, id, share, (rows) => Math.ceil(rows / BLOCK) * blockBytes);
    }
    sections.push({ id, pieces: pieces ?? [await file.section(id).rest()] });
  }
  const { kind, version } = file.table;
  return { pieces: containerPieces({ kind, version, sections }), hasSecondary: file.has('SECC') };
}

async function dealIds(file: IndexFile, { shard, shards }: Share): Promise<Dealt> {
  const { n, sizes } = file;
  const mine = shardSize(n, shard, shards);
  const [positions, ids] = [new Uint32Array(mine), new Uint32Array(mine)];
  const counts = new Uint32Array(sizes.length);
  const reader = file.section('IDS');
  let found = 0;
  for (const [list, size] of sizes.entries()) {
    for (let first = 0; first < size; first += IDS) {
      const some = wordsOf(await reader.take(4 * Math.min(IDS, size - first)));
      for (const [i, id] of some.entries()) {
        if (id >= n) throw new FormatError(`"id" expected a number below ${n}, got ${id}`);
        if (shardOf(id, shards) !== shard) continue;
        // one id too many stands twice, and another is missing elsewhere
        if (found === mine) throw new FormatError(`ids expected each once, got more than ${mine} of a share`);
        positions[found] = first + i;
        ids[found++] = localId(id, shards);
        counts[list] = (counts[list] as number) + 1;
      }
    }
  }
  if (found < mine) throw new FormatError(`ids expected ${mine} of a share, got ${found}`);
  return { counts, positions, ids };
}

async function dealCodes(
  file: IndexFile,
  { counts, positions }: Dealt,
  repacker: Repacker,
): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const reader = file.section('CODE');
  const { windowBlocks, blockBytes } = repacker;
  const rows = windowBlocks * BLOCK;
  let next = 0;
  for (const [list, size] of file.sizes.entries()) {
    const end = next + (counts[list] as number);
    for (let first = 0; first < size; first += rows) {
      const blocks = Math.ceil(Math.min(rows, size - first) / BLOCK);
      repacker.fill(0, await reader.take(blocks * blockBytes));
      while (next < end && (positions[next] as number) < first + rows) {
        const from = positions[next] as number;
        let run = 1;
        while (next + run < end && positions[next + run] === from + run && from + run < first + rows) run++;
        const packed = repacker.pack(0, from - first, run);
        next += packed;
        if (packed < run) pieces.push(repacker.flush());
      }
    }
    pieces.push(repacker.flush());
  }
  return pieces;
}

/** Of a section in the order of ids: what belongs to the runs of a share. byteLength — of so many vectors. */
async function dealRuns(
  file: IndexFile,
  id: string,
  { shard, shards }: Share,
  byteLength: (rows: number) => number,
): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const reader = file.section(id);
  for (let first = 0; first < file.n; first += SHARD_ROWS) {
    const run = await reader.take(byteLength(Math.min(SHARD_ROWS, file.n - first)));
    if (shardOf(first, shards) === shard) pieces.push(run);
  }
  return pieces;
}
