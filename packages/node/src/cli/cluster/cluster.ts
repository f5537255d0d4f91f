/** sagitta cluster: builds by many machines. */
import type { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { addClusterBuildCommand } from './build.ts';
import { addClusterStatusCommand } from './status.ts';
import { addClusterWorkCommand } from './work.ts';

export function addClusterCommand(program: Command, io: CommandIo): void {
  const cluster = program
    .command('cluster')
    .summary('build on many machines')
    .description('Builds on many machines, by a queue of NATS JetStream and a storage that all of them see.');
  addClusterBuildCommand(cluster, io);
  addClusterWorkCommand(cluster, io);
  addClusterStatusCommand(cluster, io);
}
