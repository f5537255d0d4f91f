/** Where a server listens. */

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 7244;
/** Names by which requests of this machine call it. */
export const LOCAL_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** Whether a host is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
