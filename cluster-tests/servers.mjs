// Servers of objects that run here: s3rver, which answers ranges and knows no conditions, and miniflare's R2, which knows them.
import { mkdir } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { Miniflare } from 'miniflare';
import S3rver from 's3rver';

export const BUCKET = 'sagitta';

/** Credentials and endpoint of a server of S3, as the environment says them. */
export const environmentOf = (url) => ({
  AWS_ENDPOINT_URL_S3: url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
});

export function clientOf(url) {
  return new S3({
    endpoint: url,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

export async function startS3(folder) {
  const directory = join(folder, 's3');
  await mkdir(directory, { recursive: true });
  const server = new S3rver({
    ...{ port: 0, address: '127.0.0.1', silent: true, directory },
    configureBuckets: [{ name: BUCKET }],
  });
  const { port } = await server.run();
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** A bucket of R2, in memory. */
export async function startR2() {
  const miniflare = new Miniflare({
    modules: true,
    script: 'export default { fetch: () => new Response() }',
    r2Buckets: ['BUCKET'],
    host: '127.0.0.1',
    port: 0,
  });
  return { bucket: await miniflare.getR2Bucket('BUCKET'), close: () => miniflare.dispose() };
}

/** A way to a server that answers as `fault` says of a method and a path, when it says so. */
export async function faultyWay(url, fault) {
  const target = new URL(url);
  const server = createServer(async (asked, answer) => {
    const { method, url: path, headers } = asked;
    const how = await fault(method, path);
    if (how === 'busy') {
      asked.resume();
      return void answer.writeHead(503).end();
    }
    const passed = request({ host: target.hostname, port: target.port, method, path, headers }, (from) => {
      answer.writeHead(from.statusCode, from.headers);
      if (how !== 'cut') return void from.pipe(answer);
      from.once('data', (chunk) =>
        answer.write(chunk.subarray(0, chunk.length >> 1), () => answer.destroy()),
      );
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}
