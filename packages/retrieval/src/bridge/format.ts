/**
 * Saved bridges: kind "bridge", version 1.
 *
 *   META  u32 method (position in BRIDGE_METHODS) · u32 dQuery · u32 dBase · u32 d (1 to 65,536) · f64 λ (0 without one)
 *   REPT  u32 pairs (20 to 2^24) · u32 duplicates · f64 mate's reciprocal rank · f64 mate at one · f64 overlap at ten ·
 *         u32 trials (1 to 256) · per trial: u32 method · f64 λ · f64 overlap · f64 mate's reciprocal rank; all shares 0 to 1
 *   QMAP  f32 matrix dQuery × d · f32 constant d, amounts at most 2^40; missing for reverse-linear
 *   BMAP  the same from dBase; missing for procrustes and linear
 *
 * d is dBase, or dQuery for reverse-linear, or the number of pairs for relative ones. Advice follows from the figures.
 */
import {
  type ByteReader,
  ByteWriter,
  type Container,
  type Core,
  FormatError,
  largestAmount,
  littleEndianBytes,
  MAX_DIMENSION,
  readContainer,
  type Section,
  writeContainer,
} from '@sagitta/core-wasm';
import { adviseBridge } from './advice.ts';
import type { Affine } from './affine.ts';
import { Bridge, type BridgeReport } from './bridge.ts';
import { BRIDGE_METHODS, type BridgeMethod, changesBase, isRegularized } from './fit.ts';
import { LEAST_LAMBDA, MOST_LAMBDA } from './train.ts';
import type { BridgeTrial } from './trials.ts';

const KIND = 'bridge';
const VERSION = 1;
const MAX_PAIRS = 2 ** 24;
const MAX_TRIALS = 256;
const MAX_ENTRY = 2 ** 40;

/** Writes a bridge as bytes, for readBridge. */
export function writeBridge(bridge: Bridge): Uint8Array<ArrayBuffer> {
  const { method, regularization, dQuery, dBase, query, base, report } = bridge.parts();
  const meta = new ByteWriter().u32(BRIDGE_METHODS.indexOf(method)).u32(dQuery).u32(dBase);
  const figures = new ByteWriter().u32(report.pairs).u32(report.duplicates);
  figures.f64(report.mateReciprocalRank).f64(report.mateAtOne).f64(report.overlapAtTen);
  figures.u32(report.tried.length);
  for (const trial of report.tried) {
    figures.u32(BRIDGE_METHODS.indexOf(trial.method)).f64(trial.regularization);
    figures.f64(trial.heldOutOverlap).f64(trial.mateReciprocalRank);
  }
  return writeContainer({
    kind: KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [meta.u32(bridge.d).f64(regularization).finish()] },
      { id: 'REPT', pieces: [figures.finish()] },
      ...mapSection('QMAP', query),
      ...mapSection('BMAP', base),
    ],
  });
}

function mapSection(id: string, map: Affine | undefined): Section[] {
  if (map === undefined) return [];
  const pieces = [map.matrix, map.constant].map((values) => littleEndianBytes(Float32Array.from(values)));
  return [{ id, pieces }];
}

/**
 * Reads a bridge that writeBridge wrote.
 * @throws FormatError on anything else
 */
export function readBridge(core: Core, bytes: Uint8Array): Bridge {
  const container = readContainer(bytes);
  if (container.kind !== KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const method = readMethod(meta);
  const dQuery = meta.u32In('dQuery', 1, MAX_DIMENSION);
  const dBase = meta.u32In('dBase', 1, MAX_DIMENSION);
  const d = meta.u32In('d', 1, MAX_DIMENSION);
  const regularization = readLambda(meta, method);
  const own = method === 'reverse-linear' ? dQuery : changesBase(method) ? d : dBase;
  if (d !== own) meta.fail(`"d" expected ${own} for ${method}, got ${d}`);
  meta.end();
  return new Bridge(core, {
    method,
    regularization,
    dQuery,
    dBase,
    query: method === 'reverse-linear' ? absent(container, 'QMAP') : readMap(container, 'QMAP', dQuery, d),
    base: changesBase(method) ? readMap(container, 'BMAP', dBase, d) : absent(container, 'BMAP'),
    report: readReport(container, method, regularization),
  });
}

function readMethod(reader: ByteReader): BridgeMethod {
  return BRIDGE_METHODS[reader.u32In('method', 0, BRIDGE_METHODS.length - 1)] as BridgeMethod;
}

function readLambda(reader: ByteReader, method: BridgeMethod): number {
  const value = reader.f64();
  const [least, most] = isRegularized(method) ? [LEAST_LAMBDA, MOST_LAMBDA] : [0, 0];
  if (!(value >= least && value <= most) || Object.is(value, -0)) {
    reader.fail(`"regularization" expected ${least} to ${most}, got ${value}`);
  }
  return value;
}

function absent(container: Container, id: string): undefined {
  if (container.has(id)) container.reader(id).fail(`expected no section "${id}" for this method`);
  return undefined;
}

function readMap(container: Container, id: string, from: number, to: number): Affine {
  const reader = container.reader(id);
  const matrix = reader.f32Array('matrix', from * to);
  const constant = reader.f32Array('constant', to);
  for (const values of [matrix, constant]) {
    const most = largestAmount(values);
    if (most > MAX_ENTRY) reader.fail(`"${id}" expected amounts of at most 2^40, got ${most}`);
  }
  reader.end();
  return { from, to, matrix, constant };
}

function readReport(container: Container, method: BridgeMethod, regularization: number): BridgeReport {
  const reader = container.reader('REPT');
  const share = (label: string): number => {
    const value = reader.f64();
    if (value >= 0 && value <= 1 && !Object.is(value, -0)) return value;
    return reader.fail(`"${label}" expected a share from 0 to 1, got ${value}`);
  };
  const pairs = reader.u32In('pairs', 20, MAX_PAIRS);
  const duplicates = reader.u32In('duplicates', 0, 0xffff_ffff);
  const mateReciprocalRank = share('mateReciprocalRank');
  const mateAtOne = share('mateAtOne');
  const overlapAtTen = share('overlapAtTen');
  const count = reader.u32In('trials', 1, MAX_TRIALS);
  const tried: BridgeTrial[] = [];
  for (let i = 0; i < count; i++) {
    const own = readMethod(reader);
    tried.push({
      method: own,
      regularization: readLambda(reader, own),
      heldOutOverlap: share('heldOutOverlap'),
      mateReciprocalRank: share('mateReciprocalRank'),
    });
  }
  const chosen = tried.find((trial) => trial.method === method && trial.regularization === regularization);
  if (chosen === undefined) return reader.fail('expected a trial of the method that was chosen, got none');
  reader.end();
  const advice = adviseBridge(pairs, chosen);
  return { pairs, duplicates, mateReciprocalRank, mateAtOne, overlapAtTen, tried, ...advice };
}
