/** Files that commands read and write: opened, checked and closed in one place, so that every error names its argument. */
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Core, createCore, type VectorSet } from '@sagitta/core-wasm';
import type { IvfIndex } from '@sagitta/retrieval';
import { inFlight } from '../cluster/in-flight.ts';
import { FORMATS } from '../formats.ts';
import { loadIndexFile } from '../index-file.ts';
import { type FileTarget, resolveOutput, type StreamTarget } from '../output-target.ts';
import { formatFor, openVectors } from '../readers/open-vectors.ts';
import { joinSources } from '../readers/row-range.ts';
import { isRandomAccess, readAll, type VectorSource } from '../readers/vector-source.ts';
import type { VectorOptions } from './arguments.ts';
import { asFailure, blame, CommandFailure } from './failure.ts';
import type { Reporter } from './io.ts';

/** Files that are opened at a time: of an object each is two requests. */
const OPENED_AT_ONCE = 16;

/** Opens a file of vectors for body and closes it; errors while it is read name the argument too. */
export async function withVectors<T>(
  argument: string,
  path: string,
  options: VectorOptions,
  body: (source: VectorSource) => Promise<T>,
  role: 'base' | 'queries' = 'base',
): Promise<T> {
  const source = await opened(argument, path, options, role);
  try {
    return await body(source);
  } finally {
    await source.close();
  }
}

async function opened(
  argument: string,
  path: string,
  options: VectorOptions,
  role: 'base' | 'queries',
): Promise<VectorSource> {
  const source = await blame(argument, () => {
    const format = formatFor(path, options.format);
    // other formats know their dimension: it is compared below
    const d = isRaw(path, options) ? options.d : undefined;
    return openVectors(path, { format, d, column: options.column, role });
  });
  const { d } = options;
  if (d === undefined || source.d === d) return blaming(argument, source);
  await source.close();
  throw new CommandFailure(argument, `expected ${d} dimensions, ${path} has ${source.d}`);
}

/** Opens several files of vectors, in their order, as one for body, and closes them. */
export async function withAllVectors<T>(
  argument: string,
  paths: readonly string[],
  options: VectorOptions,
  body: (source: VectorSource) => Promise<T>,
): Promise<T> {
  const outcomes = await inFlight(OPENED_AT_ONCE, paths, (path) =>
    opened(argument, path, options, 'base').then(
      (source) => ({ source }),
      (error: unknown) => ({ error }),
    ),
  );
  const sources = outcomes.flatMap((outcome) => ('source' in outcome ? [outcome.source] : []));
  try {
    for (const outcome of outcomes) if ('error' in outcome) throw outcome.error;
    const [first, ...others] = sources;
    if (!first) throw new CommandFailure(argument, 'expected a file, got none');
    return await body(await blame(argument, () => joinSources([first, ...others])));
  } finally {
    for (const source of sources) await source.close();
  }
}

function blaming(argument: string, source: VectorSource): VectorSource {
  const blamed: VectorSource = {
    path: source.path,
    d: source.d,
    n: source.n,
    records: () => source.records?.(),
    close: () => source.close(),
    async *chunks(rowsPerChunk) {
      try {
        yield* source.chunks(rowsPerChunk);
      } catch (error) {
        throw asFailure(argument, error);
      }
    },
  };
  if (!isRandomAccess(source)) return blamed;
  return Object.assign(blamed, {
    readRows: (start: number, rows: number) => blame(argument, () => source.readRows(start, rows)),
  });
}

/** All of --queries, or the first `limit`; refuses another dimension than d, which is that of `owner`. */
export function readQueries(
  path: string,
  options: VectorOptions,
  d: number,
  owner: string,
  limit?: number,
  argument = '--queries',
): Promise<VectorSet> {
  const { column, format } = options;
  const reading = {
    ...(column && { column }),
    ...(format && { format }),
    ...(isRaw(path, options) && { d }),
  };
  const read = async (source: VectorSource): Promise<VectorSet> => {
    if (source.d !== d) {
      throw new CommandFailure(argument, `expected ${d} dimensions as ${owner} has, ${path} has ${source.d}`);
    }
    return readAll(source, limit);
  };
  return withVectors(argument, path, reading, read, 'queries');
}

function isRaw(path: string, options: VectorOptions): boolean {
  const format = formatFor(path, options.format);
  return format !== undefined && FORMATS[format].isRaw === true;
}

/** Runs body with a core and the index of a file, and frees both. */
export async function withIndex<T>(
  path: string,
  body: (index: IvfIndex, core: Core) => T | Promise<T>,
): Promise<T> {
  const core = createCore();
  try {
    const index = await blame('FILE', () => loadIndexFile(core, path));
    try {
      return await body(index, core);
    } finally {
      index.dispose();
    }
  } finally {
    core.dispose();
  }
}

/** An argument that names a file to write, and its value if it was given. */
export type Output = readonly [argument: string, path: string | undefined];

/**
 * Refuses, before hours of work, places that cannot be written to, files that are read by the same command, and one file
 * for two outputs. Where an output goes to stdout, the report leaves it.
 */
export async function checkOutputs(
  outputs: readonly Output[],
  inputs: readonly string[],
  report: Reporter,
): Promise<void> {
  const owners = new Map<string, string>();
  for (const [argument, path] of outputs) {
    if (path === undefined) continue;
    const target = await checkOutput(argument, path, inputs);
    const owner = owners.get(target.path);
    if (owner !== undefined) {
      throw new CommandFailure(argument, `expected another file than ${path}, which ${owner} names`);
    }
    owners.set(target.path, argument);
    if (target.kind === 'stream' && target.descriptor === 1) report.leaveStdout();
  }
}

async function checkOutput(
  argument: string,
  path: string,
  inputs: readonly string[],
): Promise<FileTarget | StreamTarget> {
  if (path === '' || path.endsWith('/')) {
    throw new CommandFailure(argument, `expected the path of a file to write, got "${path}"`);
  }
  const target = await blame(argument, async () => {
    const found = await resolveOutput(path);
    if (found.kind === 'file') await access(dirname(found.path), constants.W_OK);
    return found;
  });
  for (const input of inputs) {
    if ((await realpath(input).catch(() => undefined)) === target.path) {
      throw new CommandFailure(argument, `expected another file than ${input}, which is read`);
    }
  }
  return target;
}
