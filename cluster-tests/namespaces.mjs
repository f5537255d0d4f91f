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
  // others may lay networks too
  const net = `10.${128 + (process.pid % 100)}`;
  const [namespaces, links] = [[], []];
  const close = async () => {
    // links would go with their namespaces, at some time
    for (const link of links) await ip('link', 'delete', link);
    for (const name of namespaces) await ip('netns', 'delete', name);
  };
  const add = async (name) => {
    await ip('netns', 'add', name);
    namespaces.push(name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  };
  const up = async (name, link, address) => {
    await ip('-n', name, 'address', 'add', address, 'dev', link);
    await ip('-n', name, 'link', 'set', link, 'up');
  };
  const machine = async (i) => {
    const name = `${base}m${i}`;
    await add(name);
    const routeHost = `${net}.0.${i + 1}`;
    await ip('-n', hub, 'link', 'add', `to${i}`, 'type', 'veth', 'peer', 'name', 'routes', 'netns', name);
    await ip('-n', hub, 'link', 'set', `to${i}`, 'master', 'bridge', 'up');
    await up(name, 'routes', `${routeHost}/24`);
    const here = `${base}c${i}`;
    const host = `${net}.${i + 1}.2`;
    await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', 'clients', 'netns', name);
    links.push(here);
    await ip('address', 'add', `${net}.${i + 1}.1/30`, 'dev', here);
    await ip('link', 'set', here, 'up');
    await up(name, 'clients', `${host}/30`);
    return {
      ...{ host, port: 4222, routeHost, routePort: 6222, within: ['ip', 'netns', 'exec', name] },
      cut: () => ip('-n', hub, 'link', 'set', `to${i}`, 'down'),
      join: () => ip('-n', hub, 'link', 'set', `to${i}`, 'up'),
    };
  };
  try {
    await add(hub);
    await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', hub, 'link', 'set', 'bridge', 'up');
    const places = [];
    for (let i = 0; i < count; i++) places.push(await machine(i));
    return { places, close };
  } catch (error) {
    await close();
    throw error;
  }
}
