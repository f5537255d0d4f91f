/** What an index of FDEs is made of. */
import { type Core, checkNumber, checkOneOf, UnsupportedError } from '@sagitta/core-wasm';
import type { Program, SectionTable } from '../files/program.ts';
import type { FdeEncoding } from '../muvera/index.ts';
import { FDE_INDEXES, type FdeIndex, type FdeIndexKind } from './fde-index.ts';

const DEFAULT_BITS = 4;

export interface FdeIndexOptions {
  readonly kind: Exclude<FdeIndexKind, 'scan'>;
  /** Code bits a number. */
  readonly bits: number;
  /** lists: how many. */
  readonly nlist: number;
  /** graph: edges of a document, and width of the search for them. */
  readonly degree?: number | undefined;
  readonly efConstruction?: number | undefined;
  readonly seed: number;
}

/** Is what makes indexes of FDEs, in lists and in graphs, and reads them. */
export interface FdeIndexMethod {
  /** @internal */
  train(core: Core, sample: Float32Array, length: number, options: FdeIndexOptions): FdeIndex;
  /** @internal */
  read(core: Core, table: SectionTable, length: number): Program<FdeIndex>;
}

/** What the caller asked for. */
interface AskedOptions {
  readonly fdeIndex?: FdeIndexKind;
  readonly fdeEncoding?: FdeEncoding;
  readonly fdeBits?: number;
  readonly degree?: number;
  readonly efConstruction?: number;
}

/**
 * Options of an index of FDEs; undefined: they are scanned. nlist — checked.
 * @throws RangeError on options that do not belong to it
 */
export function checkFdeIndex(
  options: AskedOptions,
  nlist: number,
): Omit<FdeIndexOptions, 'seed'> | undefined {
  const kind = checkOneOf('fdeIndex', options.fdeIndex ?? (nlist > 0 ? 'lists' : 'scan'), FDE_INDEXES);
  const { degree, efConstruction, fdeBits, fdeEncoding } = options;
  for (const [name, value] of Object.entries({ degree, efConstruction })) {
    if (value === undefined || kind === 'graph') continue;
    throw new RangeError(`"${name}" expected none without fdeIndex: 'graph', got ${value}`);
  }
  if (kind === 'scan' && nlist > 0) {
    throw new RangeError(`"nlist" expected 0 with fdeIndex: 'scan', got ${nlist}`);
  }
  if (kind === 'scan') return undefined;
  if (fdeEncoding !== undefined && fdeEncoding !== 'saq') {
    const what = kind === 'graph' ? 'a graph' : 'lists';
    throw new RangeError(`"fdeEncoding" expected 'saq' for FDEs in ${what}, got '${fdeEncoding}'`);
  }
  if (kind === 'lists' && nlist === 0) {
    throw new RangeError('"nlist" expected at least 1 for FDEs in lists, got 0');
  }
  if (kind === 'graph' && nlist > 0) {
    throw new RangeError(`"nlist" expected 0 with fdeIndex: 'graph', which has no lists, got ${nlist}`);
  }
  const bits = checkNumber('fdeBits', fdeBits ?? DEFAULT_BITS, 0.25, 12);
  return { kind, bits, nlist, degree, efConstruction };
}

/** @throws UnsupportedError where nothing that makes or reads one was given */
export function needsIndexes(label: string, indexes: FdeIndexMethod | undefined): FdeIndexMethod {
  if (indexes) return indexes;
  throw new UnsupportedError(
    `"${label}" expected a scan of FDEs, got an index of them: give indexes: fdeIndexes among the options`,
  );
}
