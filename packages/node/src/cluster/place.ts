/// <reference path="./peer-modules.d.ts" />
/** The storage behind a name as commands take it: a folder, or s3://bucket/prefix. */
import { UnsupportedError } from '@sagitta/core-wasm';
import { folderObjects } from './folder-objects.ts';
import type { ObjectStorage } from './object-storage.ts';
import type { S3Methods } from './s3-client.ts';
import { s3Storage } from './s3-storage.ts';

const LIBRARY = '@aws-sdk/client-s3';
/** Milliseconds for a connection, and for which nothing may come. */
const [CONNECT_MS, IDLE_MS] = [5000, 20_000];

/**
 * Opens a storage by its name. Region, endpoint and credentials of S3 are those that the library finds, e.g. in AWS_REGION,
 * AWS_ENDPOINT_URL_S3 and AWS_ACCESS_KEY_ID; with an endpoint of its own the bucket stands in the path.
 * @throws RangeError on a name that is neither, UnsupportedError where the library is not installed
 */
export async function openPlace(name: string): Promise<ObjectStorage> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return folderObjects(name);
  const s3 = /^s3:\/\/([^/]+)(?:\/(.*?))?\/?$/.exec(name);
  if (!s3)
    throw new RangeError(`"place" expected a folder or s3://bucket/prefix, got ${JSON.stringify(name)}`);
  const [, bucket = '', prefix] = s3;
  return s3Storage({ bucket, ...(prefix && { prefix }), client: await s3Client() });
}

/** Clients by the environment that they were made in: inputs of many files share one. */
const clients = new Map<string, Promise<S3Methods>>();

function s3Client(): Promise<S3Methods> {
  const environment = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  const name = JSON.stringify(environment.sort(([a], [b]) => (a < b ? -1 : 1)));
  const client = clients.get(name) ?? newS3Client();
  clients.set(name, client);
  client.catch(() => clients.delete(name));
  return client;
}

async function newS3Client(): Promise<S3Methods> {
  let library: { readonly S3?: new (options: object) => S3Methods };
  try {
    // written out: a computed name would make the compiler add a helper
    library = await import('@aws-sdk/client-s3');
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new UnsupportedError(
      `${LIBRARY} expected to be installed beside @sagitta/node (npm install ${LIBRARY}), got: ${what}`,
    );
  }
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  if (typeof library.S3 !== 'function') {
    throw new UnsupportedError(`${LIBRARY} expected the class S3 of version 3, got a library without it`);
  }
  return new library.S3({
    forcePathStyle: (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined,
    // one that stands still is asked again
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
    // older servers know no checksums behind a body
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}
