// Three servers of NATS as a cluster on loopback, with JetStream, each of which can be killed and started again.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { findOnPath } from '../runtime-tests/install.mjs';
import { mustExecute } from '../tools/checks/process.mjs';

const PROGRAM = 'nats-server';

/** Installs the Debian package where the program is missing. Needs root and apt. */
export async function installNats() {
  if (findOnPath(PROGRAM) ?? findIn('/usr/sbin')) return;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await mustExecute('apt-get', ['update'], { env });
  await mustExecute('apt-get', ['install', '-y', '--no-install-recommends', PROGRAM], { env });
}

const findIn = (folder) => {
  const { PATH } = process.env;
  process.env.PATH = `${PATH}:${folder}`;
  return findOnPath(PROGRAM);
};

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startNats(folder, count = 3) {
  const ports = await Promise.all(
    Array.from({ length: count }, async () => [await freePort(), await freePort()]),
  );
  const routes = ports.map(([, port]) => `nats://127.0.0.1:${port}`).join(', ');
  const servers = await Promise.all(
    ports.map(async ([client, route], i) => {
      const own = join(folder, `nats-${i}`);
      await mkdir(own, { recursive: true });
      const config = join(own, 'nats.conf');
      const cluster = `cluster { name: test, listen: "127.0.0.1:${route}", routes: [${routes}] }`;
      await writeFile(
        config,
        `server_name: s${i}\nlisten: "127.0.0.1:${client}"\njetstream { store_dir: "${own}" }\n${count > 1 ? cluster : ''}\n`,
      );
      return new Server(config, join(own, 'log'));
    }),
  );
  for (const server of servers) server.start();
  const urls = ports.map(([port]) => `nats://127.0.0.1:${port}`);
  const cluster = {
    urls,
    servers,
    close: () => Promise.all(servers.map((server) => server.kill())),
  };
  await ready(urls);
  return cluster;
}

class Server {
  constructor(config, log) {
    Object.assign(this, { config, log });
  }
  start() {
    const child = spawn(PROGRAM, ['-c', this.config, '-l', this.log], { stdio: 'ignore' });
    this.child = child;
    this.ended = new Promise((resolve) => child.on('close', resolve));
  }
  async kill() {
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
