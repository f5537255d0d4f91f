/** sagitta serve: a collection over HTTP, until it is interrupted. */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_HOST, DEFAULT_PORT, isLoopback } from '../server/address.ts';
import type { RequestEntry } from '../server/app.ts';
import { addOutputOptions, integer } from './arguments.ts';
import { mustBeCollection } from './collection/with-collection.ts';
import { asFailure, blame, CommandFailure } from './failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from './io.ts';
import { count } from './text.ts';

interface ServeCommandOptions extends OutputOptions {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly readOnly?: boolean;
  readonly maxBody: number;
  readonly concurrency: number;
}

export function addServeCommand(program: Command, io: CommandIo): void {
  const command = program
    .command('serve')
    .summary('serve a collection over HTTP')
    .description(
      'Serves the collection of a folder over HTTP: search, insert, upsert and delete in JSON or float32, metrics, an OpenAPI document and a ' +
        'page to search with. Ctrl-C or SIGTERM ends it when what runs is done.',
    )
    .argument('<FOLDER>', 'the folder of a collection')
    .option('--port <P>', 'port to listen at; 0 takes one that is free', integer(0, 65_535), DEFAULT_PORT)
    .option(
      '--host <H>',
      'address to listen at; the default is reached from this machine alone',
      DEFAULT_HOST,
    )
    .option('--token <T>', 'what requests must carry as a bearer token', token)
    .option('--token-file <F>', 'the same, read from a file: no list of processes shows it')
    .option('--read-only', 'refuse writes; another process may write meanwhile')
    .option('--max-body <BYTES>', 'bytes of a request at most', integer(1, 2 ** 30), 16 * 2 ** 20)
    .option(
      '--concurrency <N>',
      'requests that run at a time; more are told to try again',
      integer(1, 65_536),
      64,
    );
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
A line of JSON for each request goes to stderr, unless --quiet.
Example:
  sagitta serve notes --port 7244 --token-file token.txt
  curl -H "Authorization: Bearer $(cat token.txt)" -H 'content-type: application/json' -d '{"id":"a","k":5}' localhost:7244/search
JSON: url, host, port, n, d, metric, isReadOnly.`,
    )
    .action((folder: string, options: ServeCommandOptions) =>
      serve(folder, options, io, reporter(io, options)),
    );
}

/** What a header can carry as one word. */
const TOKEN = /^[\x21-\x7e]+$/;

function token(text: string): string {
  if (TOKEN.test(text)) return text;
  throw new InvalidArgumentError('Expected characters of ASCII without spaces.');
}

async function serve(
  folder: string,
  options: ServeCommandOptions,
  io: CommandIo,
  report: Reporter,
): Promise<void> {
  const { port, host, readOnly, maxBody, concurrency, quiet } = options;
  const secret = await tokenOf(options);
  if (secret === undefined && !isLoopback(host)) {
    report.note(`${host} is reached from other machines, and no --token is asked for`);
  }
  const log = (entry: RequestEntry): void => void io.stderr.write(`${JSON.stringify(entry)}\n`);
  // taken over before anything is open: an interruption while it opens ends it well too
  const interrupted = io.interrupted?.() ?? new Promise<never>(() => {});
  await mustBeCollection(folder);
  const { serveCollection } = await import('../server/serve-collection.ts');
  const server = await serveCollection(folder, {
    port,
    host,
    maxBody,
    concurrency,
    ...(readOnly && { readOnly }),
    ...(secret !== undefined && { token: secret }),
    ...(!quiet && { log }),
  }).catch((error: unknown) => {
    throw failureOf(error);
  });
  try {
    const { n, d, metric, isReadOnly } = server.collection;
    report.result({ url: server.url, host: server.host, port: server.port, n, d, metric, isReadOnly }, [
      `${folder}: ${count(n)} records of ${d} dimensions, ${metric}${isReadOnly ? ', read only' : ''}`,
      `listening at ${server.url}`,
    ]);
    await interrupted;
    report.note('ending: no new requests; those that run are done first');
  } finally {
    await server.close();
  }
}

async function tokenOf({ token: given, tokenFile }: ServeCommandOptions): Promise<string | undefined> {
  if (tokenFile === undefined) return given;
  if (given !== undefined)
    throw new CommandFailure('--token-file', 'expected no --token beside it, got both');
  const text = (await blame('--token-file', () => readFile(tokenFile, 'utf8'))).trim();
  if (TOKEN.test(text)) return text;
  throw new CommandFailure(
    '--token-file',
    `expected one word of ASCII in ${tokenFile}, got ${text === '' ? 'nothing' : 'more'}`,
  );
}

/** A port that is taken is the port's fault, a name that is none the host's, all else the folder's. */
function failureOf(error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  // by their codes: the other commands start without collections
  if (code === 'SAGITTA_LOCKED' || code === 'SAGITTA_STORAGE') {
    return new CommandFailure('FOLDER', message, error);
  }
  if (syscall === 'listen') return asFailure(code === 'EADDRNOTAVAIL' ? '--host' : '--port', error);
  return asFailure(syscall === 'getaddrinfo' ? '--host' : 'FOLDER', error);
}
