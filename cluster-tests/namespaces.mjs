// Machines as network namespaces, each with one link to the others and one to here: a link to the others can be cut alone.
import { mustExecute } from '../tools/checks/process.mjs';

const ip = (...words) => mustExecute('ip', words);

/** Whether this process may make namespaces. */
export async function mayCut() {
  const name = `sgt-${process.pid}`;
  try {
    await ip('netns', 'add', name);
    await ip('netns', 'delete', name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Lays a network of so many machines, which hear one another over a bridge that stands in a namespace of its own.
 * @returns the places of servers, with `cut()` and `join()` of their links to the others
 */
export async function layNetwork(count) {
  const base = `sgt${process.pid}`;
  const hub = `${base}h`;
  const within = (name) => ['netns', 'exec', name];
  const names = [hub];
  await ip('netns', 'add', hub);
  await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
  await ip('-n', hub, 'link', 'set', 'bridge', 'up');
  const places = [];
  for (let i = 0; i < count; i++) {
    const name = `${base}m${i}`;
    names.push(name);
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
    // to the others
    await ip('-n', hub, 'link', 'add', `to${i}`, 'type', 'veth', 'peer', 'name', 'routes', 'netns', name);
    await ip('-n', hub, 'link', 'set', `to${i}`, 'master', 'bridge', 'up');
    await ip('-n', name, 'address', 'add', `10.231.0.${i + 1}/24`, 'dev', 'routes');
    await ip('-n', name, 'link', 'set', 'routes', 'up');
    // to here
    const here = `${base}c${i}`;
    await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', 'clients', 'netns', name);
    await ip('address', 'add', `10.231.${i + 1}.1/30`, 'dev', here);
    await ip('link', 'set', here, 'up');
    await ip('-n', name, 'address', 'add', `10.231.${i + 1}.2/30`, 'dev', 'clients');
    await ip('-n', name, 'link', 'set', 'clients', 'up');
    places.push({
      ...{ host: `10.231.${i + 1}.2`, port: 4222, routeHost: `10.231.0.${i + 1}`, routePort: 6222 },
      within: ['ip', ...within(name)],
      cut: () => ip('-n', hub, 'link', 'set', `to${i}`, 'down'),
      join: () => ip('-n', hub, 'link', 'set', `to${i}`, 'up'),
    });
  }
  // links go with their namespaces
  const close = async () => {
    for (const name of names) await ip('netns', 'delete', name);
  };
  return { places, close };
}
