/**
 * Saved classes: kind "classes", version 1.
 *
 *   META  u32 kind (position in CLASS_KINDS) · u32 d (1 to 65,536) · u32 dims (1 to d) · u32 classes (1 to 65,536)
 *   NAME  per class u16 byte count and UTF-8, each once
 *   ROWS  f32 classes × dims × d, rows of length 1 or less
 *   MEAN  f32 classes × d, rows of length 1 or less; of affine classes only
 */
import {
  ByteWriter,
  type Container,
  type Core,
  FormatError,
  littleEndianBytes,
  MAX_DIMENSION,
  readContainer,
  writeContainer,
} from '@sagitta/core-wasm';
import { CLASS_KINDS, type ClassKind, ClassModel } from './class-model.ts';

const KIND = 'classes';
const VERSION = 1;
const MAX_CLASSES = 65_536;

/** Writes classes as bytes, for readClasses. @throws RangeError on a label of more than 65,535 bytes */
export function writeClasses(model: ClassModel): Uint8Array<ArrayBuffer> {
  const { kind, d, dims, classes, rows, means } = model.parts();
  const names = new ByteWriter();
  for (const name of classes) names.string(name);
  const meta = new ByteWriter().u32(CLASS_KINDS.indexOf(kind)).u32(d).u32(dims).u32(classes.length);
  return writeContainer({
    kind: KIND,
    version: VERSION,
    sections: [
      { id: 'META', pieces: [meta.finish()] },
      { id: 'NAME', pieces: [names.finish()] },
      { id: 'ROWS', pieces: [littleEndianBytes(rows)] },
      ...(kind === 'affine' ? [{ id: 'MEAN', pieces: [littleEndianBytes(means)] }] : []),
    ],
  });
}

/** Reads classes that writeClasses wrote. @throws FormatError on anything else */
export function readClasses(core: Core, bytes: Uint8Array): ClassModel {
  const container = readContainer(bytes);
  if (container.kind !== KIND || container.version !== VERSION) {
    throw new FormatError(
      `expected kind ${KIND}, version ${VERSION}, got ${container.kind}, version ${container.version}`,
      6,
    );
  }
  const meta = container.reader('META');
  const kind = CLASS_KINDS[meta.u32In('kind', 0, CLASS_KINDS.length - 1)] as ClassKind;
  const d = meta.u32In('d', 1, MAX_DIMENSION);
  const dims = meta.u32In('dims', 1, kind === 'mean' ? 1 : d);
  const count = meta.u32In('classes', 1, MAX_CLASSES);
  meta.end();
  const classes = readNames(container, count);
  const rows = readRows(container, 'ROWS', count * dims, d);
  if (kind !== 'affine' && container.has('MEAN')) {
    container.reader('MEAN').fail('expected no section "MEAN" for this kind');
  }
  const means = kind === 'affine' ? readRows(container, 'MEAN', count, d) : new Float32Array(0);
  return new ClassModel(core, { kind, d, dims, classes, rows, means });
}

function readNames(container: Container, count: number): string[] {
  const reader = container.reader('NAME');
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = reader.string();
    if (seen.has(name)) reader.fail(`class ${i} expected once, got ${JSON.stringify(name)} again`);
    seen.add(name);
  }
  reader.end();
  return [...seen];
}

function readRows(container: Container, id: string, n: number, d: number): Float32Array {
  const reader = container.reader(id);
  const rows = reader.rows(id, n, d, 1);
  reader.end();
  return rows;
}
