/** Work that must not overlap: what shares a place in a stream, or room for one piece. */

/** A queue of its own: what is handed to it runs one after the other, in the order in which it came, whatever fails. */
export function oneByOne(): <T>(body: () => Promise<T>) => Promise<T> {
  let busy: Promise<unknown> = Promise.resolve();
  return (body) => {
    const turn = busy.then(body);
    busy = turn.catch(() => undefined);
    return turn;
  };
}
