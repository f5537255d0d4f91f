/** sagitta mv: documents as token sets, searched by late interaction. */
import type { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { addMvBuildCommand } from './build.ts';
import { addMvEvalCommand } from './eval.ts';
import { addMvSearchCommand } from './search.ts';

export function addMvCommand(program: Command, io: CommandIo): void {
  const group = program
    .command('mv')
    .summary('multi-vector indexes: build, search, eval')
    .description('Documents as sets of token vectors: FDEs find candidates, MaxSim ranks them.');
  addMvBuildCommand(group, io);
  addMvSearchCommand(group, io);
  addMvEvalCommand(group, io);
}
