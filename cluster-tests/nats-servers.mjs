// Servers of NATS as a cluster, with JetStream, each of which can be killed and started again.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { installFromDebian } from '../runtime-tests/install.mjs';

const PROGRAM = 'nats-server';

/** Installs the Debian package where the program is missing. Needs root and apt. */
export async function installNats() {
  process.env.PATH = `${process.env.PATH}:/usr/sbin`;
  await installFromDebian([PROGRAM]);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Where a server is on loopback. */
const onLoopback = async () => ({
  ...{ host: '127.0.0.1', routeHost: '127.0.0.1', within: [] },
  ...{ port: await freePort(), routePort: await freePort() },
});

/**
 * Starts servers that are one cluster. count — how many on loopback, or `places` where they are: host and port for clients, routeHost
 * and routePort for one another, and the words `within` before the program. jetstream — settings of it.
 */
export async function startNats(folder, { count = 3, places, jetstream = '', name = 'nats' } = {}) {
  const at = places ?? (await Promise.all(Array.from({ length: count }, onLoopback)));
  const routes = at.map(({ routeHost, routePort }) => `nats://${routeHost}:${routePort}`).join(', ');
  const servers = await Promise.all(
    at.map(async ({ host, port, routeHost, routePort, within }, i) => {
      const own = join(folder, `${name}-${i}`);
      await mkdir(own, { recursive: true });
      const config = join(own, 'nats.conf');
      const cluster = `cluster { name: test, listen: "${routeHost}:${routePort}", routes: [${routes}] }`;
      await writeFile(
        config,
        `server_name: s${i}\nlisten: "${host}:${port}"\njetstream { store_dir: "${own}", ${jetstream} }\n${at.length > 1 ? cluster : ''}\n`,
      );
      return new Server([...within, PROGRAM, '-c', config, '-l', join(own, 'log')], `nats://${host}:${port}`);
    }),
  );
  for (const server of servers) server.start();
  const urls = servers.map(({ url }) => url);
  const close = () => Promise.all(servers.map((server) => server.kill()));
  try {
    await ready(urls);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ urls, servers, close },
    /** Starts what a step has left dead. */
    async restore() {
      const dead = servers.filter(({ isUp }) => !isUp);
      for (const server of dead) server.start();
      if (dead.length > 0) await ready(urls);
    },
  };
}

class Server {
  isUp = false;
  constructor(words, url) {
    Object.assign(this, { words, url });
  }
  start() {
    const [program, ...words] = this.words;
    this.child = spawn(program, words, { stdio: 'ignore' });
    this.isUp = true;
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }
  async kill() {
    this.isUp = false;
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** Until JetStream has a leader: before, it answers nobody. */
async function ready(urls) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const connection = await connect({ servers: urls, timeout: 2000 });
      try {
        const answer = await connection.request('$JS.API.INFO', '', { timeout: 1000 });
        if (answer.json().error === undefined) return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
