/**
 * Paths to a value in JSON: names with dots between them, "[2]" for an element and "[*]" for every one, such as
 * response.body.data[0].embedding. A name of an object's own that is the whole path comes first, dots and all.
 */

export type JsonPath = readonly (string | number | typeof EVERY)[];

const EVERY: unique symbol = Symbol('every element');
const MAX_STEPS = 64;

/** @throws RangeError naming "column" */
export function parsePath(text: string): JsonPath {
  const steps: (string | number | typeof EVERY)[] = [];
  let at = 0;
  while (at < text.length && steps.length < MAX_STEPS) {
    const index = /^\[(?:(\d{1,9})|\*)\]\.?/.exec(text.slice(at));
    const name = index === null ? /^([^.[\]]+)(?:\.(?=[^.[])|(?=\[)|$)/.exec(text.slice(at)) : null;
    const match = index ?? name;
    if (match === null) break;
    steps.push(name !== null ? (name[1] as string) : index?.[1] === undefined ? EVERY : Number(index[1]));
    at += match[0].length;
  }
  if (at === text.length && steps.length > 0) return steps;
  throw new RangeError(
    `"column" expected a name or a path such as data[0].embedding, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** The values at the path: one, those of every element, or none. */
export function valuesAt(root: unknown, path: JsonPath): unknown[] {
  let found: unknown[] = [root];
  for (const step of path) found = found.flatMap((value) => children(value, step));
  return found;
}

function children(value: unknown, step: JsonPath[number]): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) {
    if (step === EVERY) return value;
    return typeof step === 'number' && step < value.length ? [value[step]] : [];
  }
  return typeof step === 'string' && Object.hasOwn(value, step) ? [Reflect.get(value, step)] : [];
}

/** The value of an object's own name or, if it has none such, of the path. */
export function valuesOf(root: unknown, column: string): unknown[] {
  if (typeof root === 'object' && root !== null && Object.hasOwn(root, column))
    return [Reflect.get(root, column)];
  return valuesAt(root, parsePath(column));
}
