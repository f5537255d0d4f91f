/** The command as a function: arguments in, exit status out. Nothing here touches the process. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addBridgeCommand } from './bridge/bridge.ts';
import { addBuildCommand } from './build.ts';
import { addInitCommand } from './collection/init.ts';
import { addCompactCommand, addExportCommand, addVerifyCommand } from './collection/maintain.ts';
import { addQueryCommand } from './collection/query.ts';
import { addTextCommand } from './collection/text-build.ts';
import { addAddCommand, addDeleteCommand } from './collection/write.ts';
import { addCompareCommand } from './compare.ts';
import { addDiagnoseCommand } from './diagnose.ts';
import { addErrorCommand } from './error.ts';
import { addEvalCommand } from './eval.ts';
import { CommandFailure } from './failure.ts';
import { addInfoCommand } from './info.ts';
import type { CommandIo } from './io.ts';
import { addMvCommand } from './mv/mv.ts';
import { addPcaCommand } from './pca.ts';
import { addRecommendCommand } from './recommend.ts';
import { addSearchCommand } from './search.ts';
import { addServeCommand } from './serve.ts';
import { addTableCommand } from './table.ts';
import { addTruthCommand } from './truth.ts';

/** 0: done; 1: the work failed, e.g. a bad file; 2: bad usage. After an interrupt the process ends with 130. */
export type ExitStatus = 0 | 1 | 2;

/** argv — the words after the command's name. */
export async function runCommand(argv: readonly string[], io: CommandIo): Promise<ExitStatus> {
  const program = new Command('sagitta')
    .description('Compresses vectors and searches them: build an index, search it, measure it.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help for what is there)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .addHelpText('after', '\nExit status: 0 done, 1 the work failed, 2 bad usage, 130 interrupted.');
  addBuildCommand(program, io);
  addSearchCommand(program, io);
  addEvalCommand(program, io);
  addTruthCommand(program, io);
  addInfoCommand(program, io);
  addErrorCommand(program, io);
  addCompareCommand(program, io);
  addInitCommand(program, io);
  addAddCommand(program, io);
  addQueryCommand(program, io);
  addDeleteCommand(program, io);
  addCompactCommand(program, io);
  addVerifyCommand(program, io);
  addExportCommand(program, io);
  addTextCommand(program, io);
  addMvCommand(program, io);
  addPcaCommand(program, io);
  addRecommendCommand(program, io);
  addBridgeCommand(program, io);
  addDiagnoseCommand(program, io);
  addTableCommand(program, io);
  addServeCommand(program, io);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CommandFailure) io.stderr.write(`error: ${error.message}\n`);
    // not foreseen: the stack is what a bug report needs
    else
      io.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

/** The same two levels up from src/cli and from dist/cli. */
function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}
