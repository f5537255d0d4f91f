/**
 * Reads the file of a MultiVectorIndex. Stores check their own numbers before they take memory, and everything must fit
 * together, so a hostile file ends in FormatError and leaves nothing behind.
 */
import {
  type Container,
  type Core,
  checkCore,
  checkOptions,
  FormatError,
  MAX_DIMENSION,
  making,
  readContainer,
} from '@sagitta/core-wasm';
import { readTokenStore, TOKEN_METRICS, type TokenMetric, type TokenStore } from '../maxsim/index.ts';
import {
  type FdeEncoder,
  type FdeStore,
  MAX_FDE_LENGTH,
  numbersDefect,
  readFdeEncoder,
  readFdeStore,
} from '../muvera/index.ts';
import { RECORD_SECTIONS, readRecords } from '../records/format.ts';
import { readRecords1 } from '../records/format-1.ts';
import type { JsonValue } from '../records/json.ts';
import type { Clock } from '../search/statistics.ts';
import { FdeLists } from './fde-lists.ts';
import { MULTI_VECTOR_KIND, MULTI_VECTOR_VERSION } from './format.ts';
import { MultiVectorIndex } from './multi-vector-index.ts';

interface Meta {
  readonly n: number;
  readonly d: number;
  readonly metric: TokenMetric;
  readonly length: number;
  readonly hasFinerFdes: boolean;
  readonly hasFinerTokens: boolean;
  readonly nlist: number;
  readonly compactAt: number;
  readonly parameterHash: string;
}

function readMeta(container: Container): Meta {
  const reader = container.reader('META');
  const n = reader.u32In('n', 0, 0xfffffffe);
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = TOKEN_METRICS[reader.u32In('metric', 0, TOKEN_METRICS.length - 1)] as TokenMetric;
  const length = reader.u32In('FDE length', 1, MAX_FDE_LENGTH);
  const hasFinerFdes = reader.u32In('finer FDEs', 0, 1) === 1;
  const hasFinerTokens = reader.u32In('finer tokens', 0, 1) === 1;
  const nlist = reader.u32In('nlist', 0, 2 ** 20);
  const compactAt = reader.f64();
  if (!(compactAt >= 0.01 && compactAt <= 1)) reader.fail(`"compactAt" expected 0.01 to 1, got ${compactAt}`);
  const parameterHash = reader.string();
  reader.end();
  return { n, d, metric, length, hasFinerFdes, hasFinerTokens, nlist, compactAt, parameterHash };
}

function checkSections(container: Container, meta: Meta): void {
  for (const [ids, isWanted] of [
    [['FD2P', 'FD2C'], meta.hasFinerFdes],
    [['TK2P', 'TK2C'], meta.hasFinerTokens],
    [['LCEN', 'LIST'], meta.nlist > 0],
    [['IDS', 'MDAT'], container.version === 1],
    [RECORD_SECTIONS, container.version > 1],
  ] as const) {
    for (const id of ids) {
      if (container.has(id) && !isWanted) throw new FormatError(`expected no section "${id}", got one`, 32);
    }
  }
}

function readEncoder(container: Container, { d, length, parameterHash }: Meta): FdeEncoder {
  const reader = container.reader('FDEN');
  const encoder = readFdeEncoder(reader);
  reader.end();
  if (encoder.d !== d || encoder.length !== length || encoder.parameterHash !== parameterHash) {
    reader.fail(
      `the encoder expected d = ${d}, length ${length} and parameters ${parameterHash}, got ${encoder.d}, ${encoder.length} and ${encoder.parameterHash}`,
    );
  }
  return encoder;
}

/** Rows of a store that has to have n of them. */
function checkRows(name: string, store: { readonly n: number }, n: number): void {
  if (store.n !== n) throw new FormatError(`section "${name}" expected ${n} rows, got ${store.n}`, 32);
}

/**
 * The index that saveMultiVectorIndex wrote. Nothing of bytes is kept; the caller disposes the index.
 * @throws FormatError on bytes that are no such index, CapacityError where the core's memory ends
 */
export function loadMultiVectorIndex<M = JsonValue>(
  core: Core,
  bytes: Uint8Array,
  options: { readonly clock?: Clock } = {},
): MultiVectorIndex<M> {
  checkCore(core);
  checkOptions('options', options, { clock: 'function' });
  const container = readContainer(bytes);
  if (container.kind !== MULTI_VECTOR_KIND) {
    throw new FormatError(`kind expected "${MULTI_VECTOR_KIND}", got "${container.kind}"`, 8);
  }
  const { version } = container;
  if (version < 1 || version > MULTI_VECTOR_VERSION) {
    throw new FormatError(`version expected 1 to ${MULTI_VECTOR_VERSION}, got ${version}`, 6);
  }
  const meta = readMeta(container);
  checkSections(container, meta);
  const { n } = meta;
  const encoder = readEncoder(container, meta);
  return making((own) => {
    const fdeStore = (name: string): FdeStore => {
      const reader = container.reader(`${name}P`);
      const store = own(readFdeStore(core, reader, container.section(`${name}C`)));
      checkRows(`${name}C`, store, n);
      if (store.length !== meta.length) {
        reader.fail(`length of FDEs expected ${meta.length}, got ${store.length}`);
      }
      return store;
    };
    const tokenStore = (name: string): TokenStore => {
      const reader = container.reader(`${name}P`);
      const store = own(readTokenStore(core, reader, container.section(`${name}C`)));
      checkRows(`${name}C`, store, n);
      if (store.d !== meta.d || store.metric !== meta.metric) {
        reader.fail(`tokens expected d = ${meta.d} and ${meta.metric}, got ${store.d} and ${store.metric}`);
      }
      return store;
    };
    const stores = {
      fdes: fdeStore('FDE'),
      ...(meta.hasFinerFdes && { finerFdes: fdeStore('FD2') }),
      tokens: tokenStore('TOK'),
      ...(meta.hasFinerTokens && { finerTokens: tokenStore('TK2') }),
      ...(meta.nlist > 0 && { lists: own(readLists(core, container, meta)) }),
    };
    // the stores have n rows: nothing else bounds row numbers
    const records = version === 1 ? readRecords1<M>(container, n) : readRecords<M>(container, n);
    for (let slot = 0; slot < n; slot++) {
      const length = stores.tokens.lengthOf(slot);
      if (stores.finerTokens && stores.finerTokens.lengthOf(slot) !== length) {
        throw new FormatError(`section "TK2P" expected ${length} tokens in row ${slot}, as in "TOKP"`, 32);
      }
    }
    return new MultiVectorIndex<M>({ ...meta, ...options, core, encoder, stores, records });
  });
}

function readLists(core: Core, container: Container, { n, nlist, length }: Meta): FdeLists {
  const centroidReader = container.reader('LCEN');
  const centroids = centroidReader.f32Array('centroids', nlist * length);
  const defect = numbersDefect('centroids', centroids);
  if (defect !== undefined) centroidReader.fail(defect);
  centroidReader.end();
  const listReader = container.reader('LIST');
  const assigned = listReader.u32Array(n);
  for (const list of assigned) {
    if (list >= nlist) listReader.fail(`list of a document expected below ${nlist}, got ${list}`);
  }
  listReader.end();
  const lists = new FdeLists(core, centroids, length);
  lists.restore(assigned);
  return lists;
}
