/** sagitta cluster work: does the jobs of builds, until it is interrupted. */
import type { Command } from 'commander';
import type { JobEvent } from '../../cluster/work.ts';
import { addOutputOptions, integer } from '../arguments.ts';
import { blame } from '../failure.ts';
import { type CommandIo, type OutputOptions, type Reporter, reporter } from '../io.ts';
import { type NatsFlags, withNats } from './with-nats.ts';

interface WorkCommandOptions extends OutputOptions, Pick<NatsFlags, 'nats'> {
  readonly threads: number;
}

export function addClusterWorkCommand(cluster: Command, io: CommandIo): void {
  const command = cluster
    .command('work')
    .summary('do the jobs of builds')
    .description(
      'Takes jobs of all collections and does each in a process of its own, until it is interrupted: then those that run are given back. ' +
        'Any number of workers, on any machines that see the inputs and the place, at any time.',
    )
    .option(
      '--nats <URLS>',
      'servers of NATS, with commas between (default: NATS_URL, or nats://127.0.0.1:4222)',
    )
    .option('--threads <N>', 'shards that are coded at a time', integer(1, 1024), 1);
  addOutputOptions(command);
  command
    .addHelpText(
      'after',
      `
A line of JSON for each job goes to stderr, unless --quiet: what (begun, done, failed, buried), job, tries, error.
Example:
  sagitta cluster work --nats nats://a,nats://b,nats://c --threads 8`,
    )
    .action((options: WorkCommandOptions) => work(options, io, reporter(io, options)));
}

async function work(options: WorkCommandOptions, io: CommandIo, report: Reporter): Promise<void> {
  const interrupted = io.interrupted?.() ?? new Promise<never>(() => {});
  const { workForCluster } = await import('../../cluster/work.ts');
  const { openPlace } = await import('../../cluster/place.ts');
  const end = new AbortController();
  void interrupted.then(() => end.abort());
  const onJob = (event: JobEvent): void =>
    void io.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  const working = withNats(options, report, { isPatient: true, signal: end.signal }, (nats) =>
    blame('--nats', () =>
      workForCluster(nats, {
        slots: options.threads,
        command: [process.execPath, ...process.execArgv, process.argv[1] as string],
        openPlace,
        signal: end.signal,
        ...(!options.quiet && { onJob }),
      }),
    ),
  );
  await working.catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  report.note('ended; jobs that ran were given back');
}
