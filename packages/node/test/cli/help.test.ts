/** What helps on the way: help in groups, colours on terminals alone, completion in real shells. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run.ts';
import { sagitta } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = temporaryFolder();

class Screen extends Writable {
  text = '';
  readonly isTTY = true;
  readonly #colours: boolean;

  constructor(colours: boolean) {
    super();
    this.#colours = colours;
  }
  /** As terminals of Node's answer: false under NO_COLOR. */
  hasColors(): boolean {
    return this.#colours;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function onScreen(hasColours: boolean, ...argv: readonly string[]): Promise<string> {
  const stdout = new Screen(hasColours);
  const stderr = new Screen(hasColours);
  await runCommand(argv, { stdout, stderr });
  return stdout.text + stderr.text;
}

describe('help', () => {
  it('has commands in groups, examples, and every command once', async () => {
    const { stdout } = await sagitta('--help');
    const groups = ['Documents and records that last:', 'Index files:', 'Measure and choose:', 'Examples:'];
    const places = groups.map((group) => stdout.indexOf(`\n${group}`));
    expect(places.every((place) => place > 0)).toBe(true);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    for (const command of ['text', 'query', 'build', 'recommend', 'completion', 'help']) {
      expect(stdout.match(new RegExp(`^ {2}${command}( |$)`, 'gm')), command).toHaveLength(1);
    }
    expect(stdout.match(/^ {2}sagitta .*$/gm)).toHaveLength(3);
    expect(stdout.includes('\x1b')).toBe(false);
  });

  it('is coloured where a terminal says so, and nowhere else', async () => {
    const plain = await onScreen(false, '--help');
    const coloured = await onScreen(true, '--help');
    expect(plain.includes('\x1b')).toBe(false);
    expect(coloured.includes('\x1b[1m')).toBe(true);
    const [first = '', ...rest] = coloured.split('\x1b[');
    expect(first + rest.map((part) => part.replace(/^\d+m/, '')).join('')).toBe(plain);
    const failed = await onScreen(true, 'info', 'none');
    expect(failed.startsWith('\x1b[31merror:\x1b[0m FILE: ')).toBe(true);
    expect(await onScreen(false, 'info', 'none')).toMatch(/^error: FILE: /);
  });
});

describe('completion', () => {
  const script = (shell: string): string => join(folder.path, `sagitta.${shell}`);
  beforeAll(async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { status, stdout } = await sagitta('completion', shell);
      expect(status).toBe(0);
      writeFileSync(script(shell), stdout);
    }
  });

  const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
  function asked(shell: string, program: string): string[] {
    const { stdout, stderr, status } = spawnSync(shell, ['-c', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout.split('\n').filter((line) => line !== '');
  }
  const SHELLS: Readonly<Record<string, (...words: readonly string[]) => string[]>> = {
    bash: (...words) =>
      asked(
        'bash',
        `source ${script('bash')}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _sagitta; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ),
    zsh: (...words) =>
      asked(
        'zsh',
        `compdef() { }; _files() { }; compadd() { shift; print -l -- "$@" }; _describe() { print -l -- \${\${(P)2}%%:*} }
         source ${script('zsh')}; words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _sagitta`,
      ).filter((word) => word.startsWith(words.at(-1) as string)),
    fish: (...words) =>
      asked('fish', `source ${script('fish')}; complete -C '${words.join(' ')}'`).map(
        (line) => line.split('\t')[0] as string,
      ),
  };

  it.each(Object.keys(SHELLS).filter(isThere))('completes commands, flags and values in %s', (shell) => {
    const complete = SHELLS[shell] as (typeof SHELLS)[string];
    expect(complete('sagitta', 'bui')).toEqual(['build']);
    expect(complete('sagitta', 'text', 'b')).toEqual(['build']);
    expect(complete('sagitta', 'mv', 'se')).toEqual(['search']);
    expect(complete('sagitta', 'build', '--keep')).toEqual(['--keep-vectors']);
    expect(complete('sagitta', 'text', 'build', 'docs', '--wa')).toEqual(['--watch']);
    expect(complete('sagitta', 'init', 'notes', '--metric', 'co')).toEqual(['cosine']);
    expect([...complete('sagitta', 'build', 'a.npy', '--index', '')].sort()).toEqual([
      'flat',
      'graph',
      'ivf',
    ]);
    expect(complete('sagitta', 'help', 'comp')).not.toContain('--json');
  });

  it('knows its shells', async () => {
    const { status, stderr } = await sagitta('completion', 'tcsh');
    expect(status).toBe(2);
    expect(stderr).toMatch(/'tcsh' is invalid.*bash, zsh, fish/);
  });
});
