// Child processes for the checks: run one command, keep its output, fail with that output when it fails.
import { spawn } from 'node:child_process';

/**
 * Runs a command to its end.
 * @param {string} command - program, found on PATH or given as a path
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, inherit?: boolean, timeoutMs?: number }} [options] -
 *   `inherit` shows the output as it comes instead of keeping it
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>} never rejects because of an exit code
 */
export function execute(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: options.inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal !== null) stderr += `\n${command} ended by ${signal}`;
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}

/**
 * Runs a command that has to succeed.
 * @returns {Promise<string>} its standard output
 * @throws Error with everything the command printed
 */
export async function mustExecute(command, args, options = {}) {
  const { code, stdout, stderr } = await execute(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}
