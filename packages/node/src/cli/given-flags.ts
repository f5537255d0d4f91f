/** Flags as words again: what a command was told, to be told to another. */
import type { Command, Option } from 'commander';

/** The words of those of `options` that were given on the command line; values are those of their parsers. */
export function givenFlags(command: Command, options: readonly Option[]): string[] {
  return options.flatMap((option) => {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') return [];
    const value: unknown = command.getOptionValue(name);
    // --no-NAME and --NAME are options of one name
    if (value === false) return option.negate ? [option.long as string] : [];
    if (value === true) return option.negate ? [] : [option.long as string];
    return [option.long as string, String(value)];
  });
}
