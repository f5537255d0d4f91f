/** sagitta completion: a script for a shell, which completes commands, flags and the values that flags choose from; else files. */
import { Argument, type Command, type Option } from 'commander';
import type { CommandIo } from './io.ts';

const SHELLS = { bash, zsh, fish } as const;

export function addCompletionCommand(program: Command, io: CommandIo): void {
  program
    .command('completion')
    .summary('print what completes commands in a shell')
    .description('Prints a script that completes commands, flags and their values.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
Examples:
  eval "$(sagitta completion bash)"                                       in ~/.bashrc
  eval "$(sagitta completion zsh)"                                        in ~/.zshrc, after compinit
  sagitta completion fish > ~/.config/fish/completions/sagitta.fish`,
    )
    .action((shell: keyof typeof SHELLS) => {
      io.stdout.write(SHELLS[shell](nodesOf(program, program.name())));
    });
}

/** A command by its words, e.g. "sagitta mv build". */
interface Node {
  readonly words: string;
  readonly inner: readonly { readonly name: string; readonly about: string }[];
  readonly flags: readonly Flag[];
}

interface Flag {
  /** E.g. -k or --out. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

function nodesOf(command: Command, words: string): Node[] {
  const help = command.createHelp();
  const inner = help.visibleCommands(command);
  const node = {
    words,
    inner: inner.map((one) => ({ name: one.name(), about: one.summary() || one.description() })),
    flags: help.visibleOptions(command).map(flagOf),
  };
  // help has the commands for its words
  return [
    node,
    ...inner.filter((one) => one.name() !== 'help').flatMap((one) => nodesOf(one, `${words} ${one.name()}`)),
  ];
}

function flagOf({ short, long, description, required, optional, argChoices = [] }: Option): Flag {
  const names = [short, long].filter((name) => name !== undefined);
  return { names, about: description, takesValue: required || optional, choices: argChoices };
}

/** Between apostrophes, for bash and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const wordsOf = (node: Node): string[] => [
  ...node.inner.map(({ name }) => name),
  ...node.flags.flatMap(({ names }) => names),
];

/** Lines of a case: which flag of which command chooses from what. */
function choiceCases(nodes: readonly Node[], line: (flag: Flag) => string): string[] {
  return nodes.flatMap(({ words, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(
        (flag) => `    ${flag.names.map((name) => quoted(`${words} ${name}`)).join('|')}) ${line(flag)} ;;`,
      ),
  );
}

/** Words that lead to a command. */
const pathsOf = (nodes: readonly Node[]): string =>
  nodes
    .slice(1)
    .map(({ words }) => quoted(words))
    .join('|');

function bash(nodes: readonly Node[]): string {
  return `# completion of sagitta for bash
_sagitta() {
  local now=\${COMP_WORDS[COMP_CWORD]} at=sagitta words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
    ${pathsOf(nodes)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at \${COMP_WORDS[COMP_CWORD - 1]}" in
${choiceCases(nodes, ({ choices }) => `words=${quoted(choices.join(' '))}`).join('\n')}
    *) case "$at" in
${nodes.map((node) => `    ${quoted(node.words)}) words=${quoted(wordsOf(node).join(' '))} ;;`).join('\n')}
    esac
    # files where no flag or command begins so
    [[ $now == -* || $words != -* ]] || words=''
    ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$now"))
}
complete -o bashdefault -o default -F _sagitta sagitta
`;
}

function zsh(nodes: readonly Node[]): string {
  // a colon parts a name from what is said of it
  const told = (name: string, about: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${about.replaceAll(/\s+/g, ' ')}`);
  const all = (node: Node): string =>
    [
      ...node.inner.map(({ name, about }) => told(name, about)),
      ...node.flags.flatMap(({ names, about }) => names.map((name) => told(name, about))),
    ].join(' ');
  return `#compdef sagitta
_sagitta() {
  local at=sagitta i
  local -a told
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
    ${pathsOf(nodes)}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT - 1]}" in
${choiceCases(nodes, ({ choices }) => `compadd -- ${choices.map(quoted).join(' ')}; return`).join('\n')}
  esac
  case "$at" in
${nodes.map((node) => `    ${quoted(node.words)}) told=(${all(node)}) ;;`).join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* || \${told[1]} != -* ]]; then
    _describe 'sagitta' told
  else
    _files
  fi
}
compdef _sagitta sagitta
`;
}

function fish(nodes: readonly Node[]): string {
  const said = (text: string): string =>
    `'${text.replaceAll(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = nodes.flatMap(({ words, inner, flags }) => {
    const where = `complete -c sagitta -n ${said(`__sagitta_at ${words}`)}`;
    return [
      ...inner.map(({ name, about }) => `${where} -f -a ${name} -d ${said(about)}`),
      ...flags.map(({ names, about, takesValue, choices }) => {
        const by = names.map((name) =>
          name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
        );
        const value = choices.length > 0 ? ` -x -a ${said(choices.join(' '))}` : takesValue ? ' -r' : '';
        return `${where} ${by.join(' ')}${value} -d ${said(about)}`;
      }),
    ];
  });
  return `# completion of sagitta for fish
function __sagitta_at
  set -l at sagitta
  set -l given (commandline -opc)
  for word in $given[2..]
    switch "$at $word"
      case ${nodes
        .slice(1)
        .map(({ words }) => said(words))
        .join(' ')}
        set at "$at $word"
    end
  end
  test "$at" = "$argv"
end
${lines.join('\n')}
`;
}
