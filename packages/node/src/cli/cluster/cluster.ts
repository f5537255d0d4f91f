/** sagitta cluster: builds and searches by many machines. */
import type { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { addClusterBuildCommand } from './build.ts';
import { addClusterFoldCommand } from './fold.ts';
import { addClusterRetryCommand } from './retry.ts';
import { addClusterRollbackCommand } from './rollback.ts';
import { addClusterServeCommand } from './serve.ts';
import { addClusterStatusCommand } from './status.ts';
import { addClusterSweepCommand } from './sweep.ts';
import { addClusterWorkCommand } from './work.ts';

export function addClusterCommand(program: Command, io: CommandIo): void {
  const cluster = program
    .command('cluster')
    .summary('build and search on many machines')
    .description(
      'Builds and searches on many machines, by a queue of NATS JetStream and a storage that all of them see.',
    );
  addClusterBuildCommand(cluster, io);
  addClusterWorkCommand(cluster, io);
  addClusterFoldCommand(cluster, io);
  addClusterServeCommand(cluster, io);
  addClusterStatusCommand(cluster, io);
  addClusterRetryCommand(cluster, io);
  addClusterRollbackCommand(cluster, io);
  addClusterSweepCommand(cluster, io);
}
