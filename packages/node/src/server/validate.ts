/** Values against schemas: what is wrong is said as everywhere else here, with the argument, what was expected and what came. */
import * as v from 'valibot';
import { badRequest } from './failure.ts';
import type { SchemaOf } from './schemas.ts';

/** label — what the value is called where it is wrong as a whole. @throws RequestFailure with the first thing that is wrong */
export function validate<T>(schema: SchemaOf<T>, value: unknown, label: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw badRequest(describe(nearest(result.issues[0]), label));
}

interface Fault {
  readonly issue: v.BaseIssue<unknown>;
  readonly keys: readonly unknown[];
}

/** Of a choice of shapes, what is wrong with the one that got furthest; where none got anywhere, the choice. */
function nearest(issue: v.BaseIssue<unknown>): Fault {
  const keys = (issue.path ?? []).map(({ key }) => key);
  const inner = (issue.issues ?? []).map(nearest);
  const [best] = inner.sort((a, b) => b.keys.length - a.keys.length);
  // paths within a choice begin at it
  return best && best.keys.length > 0
    ? { issue: best.issue, keys: [...keys, ...best.keys] }
    : { issue, keys };
}

function describe({ issue, keys }: Fault, label: string): string {
  const name = keys.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? `${key}` : `${text}.${key}`),
    '',
  );
  const argument = name === '' ? label : name;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `"${label}" expected known members, got "${argument}"`;
  }
  if (issue.type === 'custom') return `"${argument}" ${issue.message}, got ${issue.received}`;
  const expected = issue.expected ?? EXPECTED[issue.type]?.(issue.requirement) ?? issue.type;
  return `"${argument}" expected ${expected}, got ${issue.received === 'undefined' ? 'nothing' : issue.received}`;
}

/** What actions that say nothing of it expect. */
const EXPECTED: Readonly<Record<string, (requirement: unknown) => string>> = {
  integer: () => 'an integer',
  safe_integer: () => 'an integer up to 2^53 - 1 ({"bigint":"…"} for more)',
  regex: () => 'digits',
};
