/** Seconds that this process has computed for, whatever else the machine was doing. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
