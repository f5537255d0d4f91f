// Strings that must not be in what a browser or an edge runtime loads, each with the reason.

/** @type {readonly { pattern: RegExp, name: string }[]} */
const FORBIDDEN = [
  // a policy without 'unsafe-eval' refuses these
  { pattern: /\beval\(/, name: 'eval' },
  { pattern: /\bnew Function\b/, name: 'new Function' },
  // a policy without blob: refuses workers made of these
  { pattern: /\bcreateObjectURL\b/, name: 'createObjectURL' },
  // neither exists there
  { pattern: /["'`]node:/, name: 'node:' },
  { pattern: /\brequire\(/, name: 'require()' },
  { pattern: /\bprocess\.(env|versions|platform|argv)\b/, name: 'process' },
  { pattern: /\bBuffer\.(from|alloc)/, name: 'Buffer' },
  { pattern: /\b__dirname\b/, name: '__dirname' },
  // the debug binary imports env.abort and carries the paths of its sources
  { pattern: /assembly\/\w+\.ts/, name: 'a path of assembly/' },
  // stays in this repository
  { pattern: /@sagitta\/source/, name: 'the private condition' },
  { pattern: /sourceMappingURL=data:/, name: 'an inline source map' },
];

/** @returns {string[]} names of what was found */
export function findForbidden(text) {
  return FORBIDDEN.filter(({ pattern }) => pattern.test(text)).map(({ name }) => name);
}
