/**
 * What finds documents by their FDEs, at equal encodings: a scan of all codes, SAQ codes in lists, and in a graph. `npm run bench:fde-index`; SAGITTA_DATA adds mv-minicolbert-vaswani. Writes benchmarks/results/fde-index.md.
 */
import { type Core, createCore, type TokenSet } from '@sagitta/core-wasm';
import { writeFileAtomic } from '@sagitta/node';
import { saq } from '@sagitta/quantizers';
import { buildIndex, createTokenStore, graph } from '@sagitta/retrieval';
import { createFdeStore, type FdeEncoder, trainRegressionFde } from '@sagitta/retrieval/muvera';
import { cpuSeconds } from '../cpu-seconds.ts';
import { show } from '../figure.ts';
import { thisMachine } from '../report.ts';
import { type Contender, race } from './race.ts';
import { ClusteredTokens, loadVaswani, rowsOf } from './token-data.ts';

const K = 10;
/** Documents found, of which the exact ten are counted. */
const CANDIDATES = 100;
const ROUNDS = 5;
const CLUSTERED = { documents: 100_000, subjects: 1000, tokens: 12, queryTokens: 12, seed: 1 } as const;
const QUERIES = 100;
const BATCH = 2000;

interface FdeSet {
  readonly name: string;
  readonly encoder: FdeEncoder;
  /** n × length. */
  readonly fdes: Float32Array;
  readonly n: number;
  readonly queries: TokenSet;
  readonly truth: Uint32Array;
  readonly truthWidth: number;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function vaswani(core: Core, root: string): Promise<FdeSet> {
  const { name, documents, queries, truth, truthWidth } = await loadVaswani(root);
  const encoder = trainRegressionFde(core, documents, { features: 512 });
  const fdes = new Float32Array(documents.n * encoder.length);
  using session = encoder.createSession(core);
  session.encodeDocuments(documents, fdes);
  return { name, encoder, fdes, n: documents.n, queries, truth, truthWidth };
}

function clustered(core: Core): FdeSet {
  const { documents: n } = CLUSTERED;
  const made = new ClusteredTokens(CLUSTERED);
  const encoder = trainRegressionFde(core, made.documents(0, 4000), { features: 256 });
  const fdes = new Float32Array(n * encoder.length);
  const queries = made.queries(QUERIES, n);
  using session = encoder.createSession(core);
  using tokens = createTokenStore(core, { encoding: 'int8', d: made.d, metric: 'ip' });
  for (let first = 0; first < n; first += BATCH) {
    const end = Math.min(n, first + BATCH);
    const documents = made.documents(first, end);
    session.encodeDocuments(documents, fdes.subarray(first * encoder.length, end * encoder.length));
    tokens.append(documents);
  }
  log('encoded');
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  const truth = new Uint32Array(QUERIES * K);
  for (let q = 0; q < QUERIES; q++) {
    const rows = rowsOf(queries, q);
    const scores = tokens.scores({ data: rows, n: rows.length / made.d, d: made.d }, all);
    const best = all.slice().sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    truth.set(best.subarray(0, K), q * K);
  }
  const name = `${show(n)} made documents of ${CLUSTERED.tokens} tokens in ${show(CLUSTERED.subjects)} clusters`;
  return { name, encoder, fdes, n, queries, truth, truthWidth: K };
}

interface Built {
  readonly name: string;
  readonly seconds: number;
}

function measure(core: Core, set: FdeSet): string {
  const { encoder, fdes, n } = set;
  const { length, blockLength } = encoder;
  const sample = fdes.subarray(0, Math.min(n, 4096) * length);
  using session = encoder.createSession(core);
  const asked = Array.from({ length: set.queries.n }, (_, q) => session.encodeQuery(rowsOf(set.queries, q)));
  const nlist = Math.round(2 * Math.sqrt(n));
  const contenders: Contender[] = [];
  const built: Built[] = [];
  const build = <T>(name: string, make: () => T): T => {
    const start = cpuSeconds();
    const made = make();
    built.push({ name, seconds: cpuSeconds() - start });
    log(`${name}: built`);
    return made;
  };
  const add = (
    name: string,
    setting: string,
    bytesPerDocument: number,
    find: (query: Float32Array) => Uint32Array,
  ): void => {
    contenders.push({ name, setting, bytesPerDocument, search: (q) => find(asked[q] as Float32Array) });
  };
  const fill = (encoding: 'int8' | 'saq') => {
    const store = createFdeStore(core, { encoding, length, blockLength, sample });
    store.append(fdes);
    return store;
  };
  const int8 = build('scan, int8', () => fill('int8'));
  add('scan, int8', 'all', int8.bytesPerDocument, (query) => int8.search(query, CANDIDATES).slots);
  const codes = build('scan, saq 4 bits', () => fill('saq'));
  add('scan, saq 4 bits', 'all', codes.bytesPerDocument, (query) => codes.search(query, CANDIDATES).slots);
  const nprobes = [8, 16, 32, 64];
  for (const bits of [4, 6]) {
    const common = { metric: 'ip', quantizer: saq({ bits }) } as const;
    const lists = build(`lists, saq ${bits} bits`, () =>
      buildIndex(core, fdes, length, { ...common, nlist }),
    );
    for (const nprobe of nprobes) {
      add(
        `lists, saq ${bits} bits`,
        `nprobe ${nprobe} of ${nlist}`,
        lists.bytesPerVector,
        (query) => lists.search(query, CANDIDATES, { nprobe }).ids,
      );
    }
    const walked = build(`graph, saq ${bits} bits`, () =>
      buildIndex(core, fdes, length, { ...common, graph: graph() }),
    );
    for (const ef of [100, 200, 400, 800]) {
      add(
        `graph, saq ${bits} bits`,
        `ef ${ef}`,
        walked.bytesPerVector,
        (query) => walked.search(query, CANDIDATES, { ef }).ids,
      );
    }
  }
  const rows = race(contenders, set.queries.n, set, K, ROUNDS);
  return [
    `## ${set.name}`,
    '',
    `FDEs by regression, ${length} random features; ${CANDIDATES} documents found, the query's FDE is given.`,
    '',
    '| what finds | setting | share of the exact 10 | ms a query | bytes a document |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ name, setting, recall, ms, bytesPerDocument }) =>
        `| ${name} | ${setting} | ${recall.toFixed(3)} | ${ms.toFixed(3)} | ${show(Math.round(bytesPerDocument))} |`,
    ),
    '',
    `Processor seconds to build: ${built.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(' · ')}.`,
  ].join('\n');
}

async function main(): Promise<void> {
  const root = process.env['SAGITTA_DATA'];
  const sections: string[] = [];
  for (const make of [...(root === undefined ? [] : [(core: Core) => vaswani(core, root)]), clustered]) {
    using core = createCore();
    sections.push(measure(core, await make(core)));
    process.stdout.write(`${sections.at(-1)}\n`);
  }
  const { cpu, engine, date } = thisMachine();
  const text = `# What finds documents by their FDEs\n\nWritten by \`npm run bench:fde-index\`; contenders take turns of 8 queries, medians of ${ROUNDS} rounds. Other work ran on the machine: times say something as ratios only.\n\n${sections.join('\n\n')}\n\n${cpu}, ${engine}, ${date}, one thread.\n`;
  const path = new URL('../../results/fde-index.md', import.meta.url).pathname;
  await writeFileAtomic(path, [new TextEncoder().encode(text)]);
}

await main();
