/** Flags of quantizers, made of the option tables of their methods: a new option is a flag without a line here. */
import {
  type CodeName,
  METHODS,
  type OptionSpec,
  type OwnQuantizerOptions,
  QUANTIZER_NAMES,
} from '@sagitta/quantizers';
import {
  type NumberSpec,
  quantizerChoice,
  quantizerNamed,
  quantizerOptionNames,
} from '@sagitta/quantizers/internal';
import type { IndexOptions } from '@sagitta/retrieval';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { integer, number } from './arguments.ts';

/** Values of flags as they were parsed. */
type OwnFlags = {
  readonly [K in keyof Omit<OwnQuantizerOptions, 'iterations'>]?: string | number | boolean;
};

export interface QuantizerFlags extends OwnFlags {
  readonly quantizer: CodeName;
  readonly bits?: number;
  readonly secondary?: CodeName;
  readonly secondaryBits?: number;
}

/** Set by flags of their own. */
const NOT_FROM_TABLES: readonly string[] = ['bits', 'queries', 'primary'];
/** Options whose names other flags of a build have: --iterations is that of the lists. */
const RENAMED: Readonly<Record<string, string>> = { iterations: 'codebookIterations' };
const [LEAST_BITS, MOST_BITS] = [1 / 16, 16];

/** An option of one method or of several. */
type Owners = readonly (readonly [method: string, spec: OptionSpec])[];

/** Every option by name, but for those with flags of their own. */
function tableOptions(): ReadonlyMap<string, Owners> {
  const found = new Map<string, Owners>();
  for (const method of METHODS) {
    for (const [name, spec] of Object.entries(method.options)) {
      if (!NOT_FROM_TABLES.includes(name)) found.set(name, [...(found.get(name) ?? []), [method.name, spec]]);
    }
  }
  return found;
}

/** E.g. "dimensions that are kept (pca; default: what bits pay for)". */
function helpOf(owners: Owners): string {
  const said = new Map<string, string[]>();
  for (const [method, spec] of owners) {
    const text = `${spec.says} (%; default: ${spec.default})`;
    said.set(text, [...(said.get(text) ?? []), method]);
  }
  return [...said].map(([text, methods]) => text.replace('%', methods.join(', '))).join('; ');
}

/** secondBits → second-bits */
function flagOf(option: string): string {
  return (RENAMED[option] ?? option).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function addTableOption(command: Command, name: string, owners: Owners): void {
  const specs = owners.map(([, spec]) => spec);
  const help = helpOf(owners);
  const flag = flagOf(name);
  const numbers = specs.filter(
    (spec): spec is NumberSpec => spec.kind === 'integer' || spec.kind === 'number',
  );
  if (numbers.length > 0) {
    const parse = numbers.every(({ kind }) => kind === 'integer') ? integer : number;
    const least = Math.min(...numbers.map((spec) => spec.least));
    const most = Math.max(...numbers.map((spec) => spec.most));
    command.option(`--${flag} <N>`, help, parse(least, most));
    return;
  }
  const choices = specs.flatMap((spec) => (spec.kind === 'choice' ? spec.choices : []));
  if (choices.length > 0) {
    const isNumber = choices.every((choice) => typeof choice === 'number');
    const option = new Option(`--${flag} <${isNumber ? 'N' : 'NAME'}>`, help);
    command.addOption(option.choices([...new Set(choices.map(String))]));
    return;
  }
  command.option(`--${flag}`, help);
  if (specs.some((spec) => spec.default === true)) command.option(`--no-${flag}`, `not ${flag}`);
}

/** An option whose value is the name of a quantizer, an older word for one with it. */
function nameOption(flags: string, help: string, names: readonly string[]): Option {
  return new Option(flags, help).choices(names).argParser((word: string) => {
    try {
      if (names.includes(quantizerNamed('name', word).name)) return word;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}.`);
  });
}

/** E.g. "saq 0.25 to 12 (4)", of every method with a choice of bits. */
function bitsHelp(): string {
  const ranges = METHODS.flatMap(({ name, options: { bits } }) =>
    bits?.kind === 'integer' || bits?.kind === 'number'
      ? [`${name} ${bits.least} to ${bits.most} (${bits.default})`]
      : [],
  );
  return `code bits a dimension, with the default: ${ranges.join(', ')}`;
}

export function addQuantizerOptions(command: Command): Command {
  const primaries = METHODS.filter((one) => 'readCoder' in one && one.name !== 'leanvec');
  command
    .addOption(nameOption('--quantizer <NAME>', 'the compression', QUANTIZER_NAMES).default('saq'))
    .option('--bits <B>', bitsHelp(), number(LEAST_BITS, MOST_BITS));
  for (const [name, owners] of tableOptions()) addTableOption(command, name, owners);
  const names = primaries.map(({ name }) => name);
  return command
    .addOption(
      nameOption('--primary <NAME>', 'what codes the kept dimensions (leanvec; default: lvq)', names),
    )
    .option('--training-queries <FILE>', 'queries that the projection is suited to (leanvec)')
    .addOption(
      nameOption(
        '--secondary <NAME>',
        'a second code of all dimensions that scores candidates again',
        QUANTIZER_NAMES,
      ),
    )
    .option('--secondary-bits <B>', 'bits a dimension of the second code', number(LEAST_BITS, MOST_BITS));
}

/**
 * What the flags say to an index.
 * @throws CommanderError on flags that the quantizer does not have, and on values out of its ranges
 */
export function quantizerOptions(
  command: Command,
  flags: QuantizerFlags,
): Pick<IndexOptions, 'quantizer' | 'bits' | 'quantizerOptions' | 'secondary'> {
  const { quantizer, secondary, secondaryBits } = flags;
  if (secondaryBits !== undefined && secondary === undefined) {
    return command.error("error: option '--secondary-bits <B>' expected --secondary beside it.");
  }
  const { name } = quantizerNamed('quantizer', quantizer);
  const own = ownOptions(flags);
  const known = quantizerOptionNames(name, own.primary);
  for (const option of Object.keys(own)) {
    if (known.includes(option)) continue;
    return command.error(`error: option '--${flagOf(option)}' is none of the quantizer ${name}.`);
  }
  // float32 has its bits
  const bits = name === 'float32' ? undefined : flags.bits;
  try {
    quantizerChoice({ name: quantizer, bits, own });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = error.message.replace(/^"(\w+)"/, (_, option: string) => `option '--${flagOf(option)}'`);
    return command.error(`error: ${message}.`);
  }
  return {
    quantizer,
    ...(bits !== undefined && { bits }),
    quantizerOptions: own,
    ...(secondary && {
      secondary: { quantizer: secondary, ...(secondaryBits !== undefined && { bits: secondaryBits }) },
    }),
  };
}

/** What flags of the tables, and --primary, were given; numbers among choices as numbers. */
function ownOptions(flags: QuantizerFlags): OwnQuantizerOptions {
  const given = new Map<string, unknown>(Object.entries(flags));
  const own: Record<string, unknown> = {};
  for (const [option, owners] of tableOptions()) {
    const value = given.get(RENAMED[option] ?? option);
    if (value === undefined) continue;
    const isNumber = owners.some(
      ([, { kind, default: usual }]) => kind === 'choice' && typeof usual === 'number',
    );
    own[option] = isNumber ? Number(value) : value;
  }
  if (flags.primary !== undefined) own.primary = flags.primary;
  return own;
}
