/** What commands of a cluster have in common: where NATS is, and what the collection is called. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Nats } from '../../cluster/nats.ts';
import { blame, CommandFailure } from '../failure.ts';
import type { Reporter } from '../io.ts';

export interface NatsFlags {
  readonly nats?: string;
  readonly collection?: string;
}

const SERVERS = 'nats://127.0.0.1:4222';

export function addNatsOptions(command: Command): Command {
  return command
    .option('--nats <URLS>', `servers of NATS, with commas between (default: NATS_URL, or ${SERVERS})`)
    .option('--collection <NAME>', 'letters, digits, _ and - (default: the last name of PLACE)');
}

/** What the collection of a place is called. */
export function collectionOf({ collection }: NatsFlags, place: string): string {
  const name = collection ?? basename(place).replaceAll(/[^\w-]/g, '_');
  if (/^[\w-]+$/.test(name)) return name;
  throw new CommandFailure(
    '--collection',
    `expected letters, digits, "_" and "-", got ${JSON.stringify(name)}`,
  );
}

/**
 * Runs body with a connection, and closes it. isPatient — waits for servers as long as they are away, and says so.
 */
export async function withNats<T>(
  { nats: servers }: Pick<NatsFlags, 'nats'>,
  report: Reporter,
  { isPatient, signal }: { readonly isPatient: boolean; readonly signal?: AbortSignal },
  body: (nats: Nats) => Promise<T>,
): Promise<T> {
  const { connectNats } = await import('../../cluster/nats.ts');
  const said = { at: Number.NEGATIVE_INFINITY };
  const onPause = (error: unknown): void => {
    if (performance.now() - said.at < SAY_EVERY_MS) return;
    said.at = performance.now();
    report.note(`NATS does not answer, waiting: ${error instanceof Error ? error.message : error}`);
  };
  const connection = await blame('--nats', () =>
    connectNats({
      servers: (servers ?? process.env['NATS_URL'] ?? SERVERS).split(','),
      onPause,
      ...(signal && { signal }),
      ...(isPatient && { tries: Number.POSITIVE_INFINITY }),
    }),
  );
  try {
    return await body(connection);
  } finally {
    await connection.close();
  }
}

const SAY_EVERY_MS = 5000;
