/** Work on many things, a few of them at a time. */

/** Objects that are asked for at a time. */
export const AT_ONCE = 16;

/** The results of `body` for each item, in their order, at most `most` at a time; the first error ends it. */
export async function inFlight<T, R>(
  most: number,
  items: readonly T[],
  body: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  let hasFailed = false;
  const work = async (): Promise<void> => {
    while (next < items.length && !hasFailed) {
      const i = next++;
      try {
        results[i] = await body(items[i] as T, i);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
  return results;
}
