/** Names of objects where a file is expected: s3://bucket/key. */

/** Whether a path names an object. */
export function isObjectPath(path: string): boolean {
  return /^s3:\/\//i.test(path);
}
