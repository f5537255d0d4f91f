/** The command as a function: arguments in, exit status out. Nothing here touches the process. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addBridgeCommand } from './bridge/bridge.ts';
import { addBuildCommand } from './build.ts';
import { addClusterCommand } from './cluster/cluster.ts';
import { addInitCommand } from './collection/init.ts';
import { addCompactCommand, addExportCommand, addVerifyCommand } from './collection/maintain.ts';
import { addQueryCommand } from './collection/query.ts';
import { addTextCommand } from './collection/text-build.ts';
import { addAddCommand, addDeleteCommand } from './collection/write.ts';
import { addCompareCommand } from './compare.ts';
import { addCompletionCommand } from './completion.ts';
import { addDiagnoseCommand } from './diagnose.ts';
import { addEncodeCommand } from './encode.ts';
import { addErrorCommand } from './error.ts';
import { addEvalCommand } from './eval.ts';
import { CommandFailure, mayPass } from './failure.ts';
import { addInfoCommand } from './info.ts';
import { type CommandIo, isColoured, styled } from './io.ts';
import { addMvCommand } from './mv/mv.ts';
import { addPcaCommand } from './pca.ts';
import { addPublishCommand } from './publish.ts';
import { addRecommendCommand } from './recommend.ts';
import { addSearchCommand } from './search.ts';
import { addServeCommand } from './serve.ts';
import { addTableCommand } from './table.ts';
import { addTrainCommand } from './train.ts';
import { addTruthCommand } from './truth.ts';

/**
 * 0: done; 1: the work failed, e.g. a bad file; 2: bad usage; 75: it failed for a reason that may pass, and wants to be tried again
 * (EX_TEMPFAIL of sysexits.h). After an interrupt the process ends with 130.
 */
export type ExitStatus = 0 | 1 | 2 | 75;

/** argv — the words after the command's name. */
export async function runCommand(argv: readonly string[], io: CommandIo): Promise<ExitStatus> {
  const program = makeProgram(io);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const status = mayPass(error) ? 75 : 1;
    const what = styled('red', 'error:', isColoured(io.stderr));
    if (error instanceof CommandFailure) io.stderr.write(`${what} ${error.message}\n`);
    // not foreseen: the stack is what a bug report needs
    else
      io.stderr.write(`${what} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return status;
  }
}

const EXAMPLES = `
Examples:
  sagitta text build docs docs-index && sagitta query docs-index "how to prune roses"
  sagitta init notes --d 384 && sagitta add notes notes.npy --ids ids.txt --metadata notes.jsonl
  sagitta build base.fvecs --out base.sag && sagitta search base.sag --queries queries.fvecs -k 10

"sagitta help COMMAND" has the flags of a command, an example and the fields of --json.
Exit status: 0 done, 1 the work failed, 2 bad usage, 75 it may pass when tried again, 130 interrupted.`;

/** All commands, by what people do with them. */
function makeProgram(io: CommandIo): Command {
  const program = new Command('sagitta')
    .description('Compresses vectors and searches them, texts and documents too.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help for what is there)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHasColors: () => isColoured(io.stdout),
      getErrHasColors: () => isColoured(io.stderr),
    })
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      // taken out again where there are no colours
      styleTitle: (text) => styled('bold', text, true),
      styleSubcommandTerm: (text) => styled('cyan', text, true),
      styleOptionTerm: (text) => styled('cyan', text, true),
    })
    .addHelpText('after', EXAMPLES);
  program.commandsGroup('Documents and records that last:');
  addTextCommand(program, io);
  addInitCommand(program, io);
  addAddCommand(program, io);
  addQueryCommand(program, io);
  addDeleteCommand(program, io);
  addServeCommand(program, io);
  addExportCommand(program, io);
  addCompactCommand(program, io);
  addVerifyCommand(program, io);
  program.commandsGroup('Index files:');
  addBuildCommand(program, io);
  addSearchCommand(program, io);
  addInfoCommand(program, io);
  addMvCommand(program, io);
  addTableCommand(program, io);
  addBridgeCommand(program, io);
  program.commandsGroup('Beyond one machine:');
  addTrainCommand(program, io);
  addEncodeCommand(program, io);
  addPublishCommand(program, io);
  addClusterCommand(program, io);
  program.commandsGroup('Measure and choose:');
  addRecommendCommand(program, io);
  addCompareCommand(program, io);
  addDiagnoseCommand(program, io);
  addTruthCommand(program, io);
  addEvalCommand(program, io);
  addErrorCommand(program, io);
  addPcaCommand(program, io);
  const own = 'This command:';
  program.commandsGroup(own);
  addCompletionCommand(program, io);
  const help = new Command('help')
    .argument('[COMMAND]')
    .description('tell what a command does')
    .helpGroup(own);
  program.addHelpCommand(help);
  return program;
}

/** The same two levels up from src/cli and from dist/cli. */
function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}
