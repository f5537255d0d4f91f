/** docs/quantizer-options.md, made of the option tables of the methods. */
import { METHODS, type OptionSpec, type QuantizerMethod } from '../src/index.ts';
import { QUANTIZER_ALIASES } from '../src/names.ts';

const HEAD = `# Options of quantizers

Made of the option tables of the methods by a test (\`npx vitest run packages/quantizers/test/options-table.test.ts -u\` writes it anew). The same
tables are the checks of every option and the flags of \`sagitta build\`.

A quantizer is chosen as a value, \`quantizer: lvq({ bits: 4, secondBits: 8 })\`, or by name, \`quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 8 }\`
(\`sagitta build --quantizer lvq --bits 4 --second-bits 8\`). By name, LeanVec's \`primary\` is a name too, and the primary's options and bits stand beside it.
`;

/** The whole page. */
export function optionsPage(): string {
  const aliases = Object.entries(QUANTIZER_ALIASES).map(
    ([alias, { name, bits }]) =>
      `| \`${alias}\` | \`${name}\`${bits === undefined ? '' : ` at ${bits} bits`} |`,
  );
  return [
    HEAD,
    ...METHODS.map(section),
    `## Other words\n\nTaken wherever a name is; reports and files have the name.\n\n| word | means |\n|---|---|\n${aliases.join('\n')}\n`,
  ].join('\n');
}

function section(method: QuantizerMethod): string {
  const rows = Object.entries(method.options).map(([name, spec]) => row(name, spec));
  const bits = method.fixedBits === undefined ? '' : `Always ${method.fixedBits} bits a dimension. `;
  const table = `| option | values | default | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  return `## \`${method.name}\`\n\n${rows.length > 0 ? `${bits}${table}` : `${bits}No options.\n`}`;
}

function row(name: string, spec: OptionSpec): string {
  const isWords = typeof spec.default === 'string' && spec.kind !== 'choice';
  return `| \`${name}\` | ${valuesOf(spec)} | ${isWords ? spec.default : `\`${spec.default}\``} | ${spec.says} |`;
}

function valuesOf(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'choice':
      return spec.choices.map((choice) => `\`${choice}\``).join(', ');
    case 'boolean':
      return '`true`, `false`';
    case 'vectors':
      return 'vectors';
    case 'method':
      return 'a method, such as `rabitq({ bits: 4 })`';
    default: {
      const steps = spec.step === undefined ? spec.kind : `multiple of ${spec.step}`;
      return `${steps}, ${spec.least} to ${spec.most.toLocaleString('en-US')}`;
    }
  }
}
