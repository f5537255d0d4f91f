/** A database of fake-indexeddb as one tab has it: transactions that end in the tab's turn, and none in a dead tab. */
import type { FakeTab } from './fake-tab.ts';

/** The object with some properties read and written in another way. */
function withOthers<T extends object>(
  target: T,
  get: (key: string | symbol) => unknown,
  set: (key: string | symbol, value: unknown) => unknown = (_, value) => value,
): T {
  return new Proxy(target, {
    get(_, key) {
      const other = get(key);
      if (other !== undefined) return other;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (_, key, value) => Reflect.set(target, key, set(key, value), target),
  });
}

export function factoryOf(factory: IDBFactory, tab: FakeTab): IDBFactory {
  return withOthers(factory, (key) => {
    if (key !== 'open') return undefined;
    return (...args: Parameters<IDBFactory['open']>): IDBOpenDBRequest => {
      tab.check();
      const opening = factory.open(...args);
      return withOthers(opening, (name) =>
        name === 'result' ? connectionOf(opening.result, tab) : undefined,
      );
    };
  });
}

function connectionOf(connection: IDBDatabase, tab: FakeTab): IDBDatabase {
  tab.onKill(() => connection.close());
  return withOthers(connection, (key) => {
    if (key !== 'transaction') return undefined;
    return (...args: Parameters<IDBDatabase['transaction']>): IDBTransaction => {
      tab.check();
      if (args[1] === 'readwrite') tab.change();
      const transaction = connection.transaction(...args);
      return withOthers(
        transaction,
        () => undefined,
        (name, value) =>
          name === 'oncomplete' && typeof value === 'function'
            ? () => void tab.turn().then(() => value())
            : value,
      );
    };
  });
}
