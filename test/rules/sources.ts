import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The project's own directory. */
export const top = resolve(import.meta.dirname, '../..');

/** Files git knows of or would take, relative to the top, by patterns in which only ** goes over a slash. */
export const tracked = (...patterns: string[]): string[] =>
  execFileSync(
    'git',
    [
      'ls-files',
      '--cached',
      '--others',
      '--exclude-standard',
      '--deduplicate',
      '--',
      ...patterns.map((pattern) => `:(glob)${pattern}`),
    ],
    {
      cwd: top,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
    .split('\n')
    .filter(Boolean)
    .filter((path) => readable(path));

const readable = (path: string): boolean => {
  try {
    readFileSync(join(top, path));
    return true;
  } catch {
    return false;
  }
};

export const textOf = (path: string): string => readFileSync(join(top, path), 'utf8');

/** What a module imports: files relative to the top, and packages by their name. */
export interface Imports {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

/** Statements stand at the beginning of a line (the formatter sees to it); calls may stand anywhere. */
const STATEMENT = /^(?:import |(?:import|export|\})[^'\n]*\bfrom )'([^']+)'/gm;
const CALL = /\b(?:import|require|import\.meta\.resolve)\(\s*'([^']+)'/g;

export const importsOf = (path: string): Imports => {
  const files = new Set<string>();
  const packages = new Set<string>();
  const text = withoutComments(textOf(path));
  for (const match of [...text.matchAll(STATEMENT), ...text.matchAll(CALL)]) {
    const name = match[1]!;
    if (name.startsWith('.')) files.add(relative(top, resolve(top, dirname(path), name)));
    else if (!name.startsWith('node:')) packages.add(packageOf(name));
  }
  return { files: [...files], packages: [...packages] };
};

const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

const withoutComments = (text: string): string => text.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
