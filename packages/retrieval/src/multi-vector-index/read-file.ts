/**
 * The program that reads the file of a MultiVectorIndex, whole or all but its tokens. Stores check their own numbers before
 * they take memory, and everything must fit together, so a hostile file ends in FormatError and leaves nothing behind.
 */
import { type ByteReader, type Core, FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import { type Program, reading, type SectionTable } from '../files/program.ts';
import { readTokenParameters, type TokenParameters } from '../maxsim/create-token-store.ts';
import { TOKEN_METRICS, type TokenMetric, type TokenStore } from '../maxsim/index.ts';
import { MAX_FDE_LENGTH } from '../muvera/fde-encoder.ts';
import { type FdeEncoder, type FdeStore, readFdeEncoder, readFdeStore } from '../muvera/index.ts';
import { RECORD_SECTIONS, readRecords } from '../records/format.ts';
import { readRecords1 } from '../records/format-1.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../search/statistics.ts';
import { FDE_INDEX_SECTIONS, type FdeIndex } from './fde-index.ts';
import { type FdeIndexMethod, needsIndexes } from './fde-index-options.ts';
import { INDEXED_VERSION, MULTI_VECTOR_KIND } from './format.ts';
import { MultiVectorIndex } from './multi-vector-index.ts';

interface Meta {
  readonly n: number;
  readonly d: number;
  readonly metric: TokenMetric;
  readonly length: number;
  readonly hasFinerFdes: boolean;
  readonly hasFinerTokens: boolean;
  readonly compactAt: number;
  readonly parameterHash: string;
}

function readMeta(reader: ByteReader): Meta {
  const n = reader.u32In('n', 0, 0xfffffffe);
  const d = reader.u32In('d', 1, MAX_DIMENSION);
  const metric = TOKEN_METRICS[reader.u32In('metric', 0, TOKEN_METRICS.length - 1)] as TokenMetric;
  const length = reader.u32In('FDE length', 1, MAX_FDE_LENGTH);
  const hasFinerFdes = reader.u32In('finer FDEs', 0, 1) === 1;
  const hasFinerTokens = reader.u32In('finer tokens', 0, 1) === 1;
  // lists of slots were worth less than a scan: their sections are passed over
  reader.u32In('nlist', 0, 2 ** 20);
  const compactAt = reader.f64();
  if (!(compactAt >= 0.01 && compactAt <= 1)) reader.fail(`"compactAt" expected 0.01 to 1, got ${compactAt}`);
  const parameterHash = reader.string();
  reader.end();
  return { n, d, metric, length, hasFinerFdes, hasFinerTokens, compactAt, parameterHash };
}

function checkSections(table: SectionTable, meta: Meta): void {
  for (const [ids, isWanted] of [
    [['FD2P', 'FD2C'], meta.hasFinerFdes],
    [['TK2P', 'TK2C'], meta.hasFinerTokens],
    [['FDEP', 'FDEC'], table.version < INDEXED_VERSION],
    [FDE_INDEX_SECTIONS, table.version === INDEXED_VERSION],
    [['IDS', 'MDAT'], table.version === 1],
    [RECORD_SECTIONS, table.version > 1],
  ] as const) {
    for (const id of ids) {
      if (table.has(id) && !isWanted) throw new FormatError(`expected no section "${id}", got one`, 32);
    }
  }
}

function readEncoder(reader: ByteReader, { d, length, parameterHash }: Meta): FdeEncoder {
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

/** Tokens of a file that stay where they are. */
export interface TokensElsewhere {
  readonly parameters: TokenParameters;
  /** Where codes begin in the file. */
  readonly offset: number;
}

export interface ReadMultiVector<M> extends Disposable {
  readonly index: MultiVectorIndex<M>;
  /** Where tokens are, which the index has none of then. */
  readonly tokens: TokensElsewhere | undefined;
  readonly finerTokens: TokensElsewhere | undefined;
}

const NONE = new Uint32Array(0);
const NO_CODES = new Uint8Array(0);

/** Reads a file; isPaged — leaves tokens where they are. */
export function* readMultiVector<M>(
  core: Core,
  table: SectionTable,
  options: {
    readonly clock?: Clock | undefined;
    readonly isPaged?: boolean;
    readonly indexes?: FdeIndexMethod | undefined;
  },
): Program<ReadMultiVector<M>> {
  if (table.kind !== MULTI_VECTOR_KIND) {
    throw new FormatError(`kind expected "${MULTI_VECTOR_KIND}", got "${table.kind}"`, 8);
  }
  const { version } = table;
  if (version < 1 || version > INDEXED_VERSION) {
    throw new FormatError(`version expected 1 to ${INDEXED_VERSION}, got ${version}`, 6);
  }
  const meta = readMeta(yield { section: 'META' });
  checkSections(table, meta);
  const encoder = readEncoder(yield { section: 'FDEN' }, meta);
  // given back unless the index is complete, also where the program is given up between two sections
  const owned: Disposable[] = [];
  const own = <T extends Disposable>(made: T): T => {
    owned.push(made);
    return made;
  };
  try {
    const fdes = own(yield* readFdesOf(core, table, meta, options.indexes));
    const finerFdes = meta.hasFinerFdes ? own(yield* readFdes(core, table, 'FD2', meta)) : undefined;
    const isPaged = options.isPaged ?? false;
    const first = yield* readTokens(core, table, 'TOK', meta, isPaged);
    const tokens = own(first.store);
    const second = meta.hasFinerTokens ? yield* readTokens(core, table, 'TK2', meta, isPaged) : undefined;
    const finerTokens = second && own(second.store);
    const { lengths } = first.parameters;
    for (const [slot, length] of second?.parameters.lengths.entries() ?? []) {
      if (length === lengths[slot]) continue;
      throw new FormatError(
        `section "TK2P" expected ${lengths[slot]} tokens in row ${slot}, as in "TOKP"`,
        32,
      );
    }
    // the stores have n rows: nothing else bounds row numbers
    const records = yield* readRecordSections<M>(table, meta.n);
    const index = new MultiVectorIndex<M>({
      ...meta,
      ...(options.clock && { clock: options.clock }),
      core,
      encoder,
      stores: {
        fdes,
        tokens,
        ...(finerFdes && { finerFdes }),
        ...(finerTokens && { finerTokens }),
      },
      records,
      lengths,
    });
    owned.length = 0;
    return {
      index,
      tokens: isPaged ? first : undefined,
      finerTokens: isPaged ? second : undefined,
      [Symbol.dispose]: () => index.dispose(),
    };
  } finally {
    for (const one of owned.reverse()) one[Symbol.dispose]();
  }
}

function* readFdesOf(
  core: Core,
  table: SectionTable,
  meta: Meta,
  indexes: FdeIndexMethod | undefined,
): Program<FdeStore | FdeIndex> {
  if (table.version < INDEXED_VERSION) return yield* readFdes(core, table, 'FDE', meta);
  const method = needsIndexes('file', indexes);
  return yield* reading(function* (keep): Program<FdeIndex> {
    const fdes = keep(yield* method.read(core, table, meta.length));
    checkRows('XMET', fdes, meta.n);
    return fdes;
  });
}

function* readFdes(core: Core, table: SectionTable, name: string, meta: Meta): Program<FdeStore> {
  const reader = yield { section: `${name}P` };
  const codes = yield { section: `${name}C` };
  const store = readFdeStore(core, reader, codes.view(table.entry(`${name}C`).length));
  const { n, length } = store;
  if (n === meta.n && length === meta.length) return store;
  store.dispose();
  checkRows(`${name}C`, { n }, meta.n);
  return reader.fail(`length of FDEs expected ${meta.length}, got ${length}`);
}

function* readTokens(
  core: Core,
  table: SectionTable,
  name: string,
  meta: Meta,
  isPaged: boolean,
): Program<TokensElsewhere & { readonly store: TokenStore }> {
  const reader = yield { section: `${name}P` };
  const parameters = readTokenParameters(reader);
  const { lengths, d, metric, rowBytes } = parameters;
  checkRows(`${name}C`, { n: lengths.length }, meta.n);
  if (d !== meta.d || metric !== meta.metric) {
    reader.fail(`tokens expected d = ${meta.d} and ${meta.metric}, got ${d} and ${metric}`);
  }
  let tokens = 0;
  for (const count of lengths) tokens += count;
  const { offset, length } = table.sized(`${name}C`, tokens * rowBytes);
  if (isPaged) return { parameters, offset, store: parameters.load(core, NONE, NO_CODES, offset) };
  const codes = yield { section: `${name}C` };
  return { parameters, offset, store: parameters.load(core, lengths, codes.view(length), offset) };
}

function* readRecordSections<M>(table: SectionTable, n: number): Program<Records<M>> {
  const readers = new Map<string, ByteReader>();
  const isOld = table.version === 1;
  for (const id of isOld ? ['IDS', 'MDAT'] : RECORD_SECTIONS) {
    if (isOld || table.has(id)) readers.set(id, yield { section: id });
  }
  const sections = {
    has: (id: string): boolean => readers.has(id),
    reader: (id: string): ByteReader => readers.get(id) as ByteReader,
  };
  return isOld ? readRecords1<M>(sections, n) : readRecords<M>(sections, n);
}
