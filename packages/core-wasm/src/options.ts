/** Options objects at the door: unknown names and wrong kinds are refused, with the name that was probably meant. */

/** Is the kind that checkOptions looks for, from the type of an option. */
export type OptionKind<V> = [V] extends [boolean]
  ? 'boolean'
  : [V] extends [number]
    ? 'number'
    : [V] extends [string]
      ? 'string'
      : [V] extends [(...given: never[]) => unknown]
        ? 'function'
        : 'any';

/** Every option of T and its kind; the compiler refuses a table that lacks one, or has one too many. */
export type OptionTable<T> = { readonly [K in keyof Required<T>]: OptionKind<NonNullable<T[K]>> };

/** Letters by which a name may differ from the one that was meant. */
const MOST_TYPOS = 2;

/**
 * Checks that `options` is an object of known names whose values, where they are given, are of their kinds. Ranges are
 * checked where the values are used.
 * @throws TypeError on what is no object and on values of another kind, RangeError on unknown names, with a suggestion
 */
export function checkOptions<T extends object>(label: string, options: T, table: OptionTable<T>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`"${label}" expected an object of options, got ${describe(options)}`);
  }
  const kinds: Readonly<Record<string, string>> = table;
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) throw new RangeError(unknown(label, name, Object.keys(kinds)));
    const kind = kinds[name];
    if (value === undefined || kind === 'any' || typeof value === kind) continue;
    throw new TypeError(`"${name}" expected a ${kind}, got ${describe(value)}`);
  }
}

function unknown(label: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const names = known.length > 0 ? known.join(', ') : 'none';
  return `"${label}" expected known options (${names}), got "${name}"${near ? `: did you mean "${near}"?` : ''}`;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const distances = known.map((one) => distance(lower, one.toLowerCase()));
  const least = Math.min(...distances);
  return least <= Math.min(MOST_TYPOS, lower.length / 2) ? known[distances.indexOf(least)] : undefined;
}

/** Letters to put in, take out or change on the way from a to b (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const changed = (row[j] as number) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** What came, in a word. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return value.constructor?.name ?? 'an object without a class';
}
