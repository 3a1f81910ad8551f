import { spawn } from 'node:child_process';

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A foreign program, to its end, within 20 s. */
export const run = (program: string, args: readonly string[], input = ''): Promise<Said> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { timeout: 20_000, killSignal: 'SIGKILL' });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    // A program that does not read its input may be gone before it is given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

/** Runs until its output matches, then ends it with SIGINT; rejects where it ends before or 20 s pass. */
export const until = (program: string, args: readonly string[], pattern: RegExp, begun: () => void): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { timeout: 20_000, killSignal: 'SIGKILL' });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (pattern.test(out)) child.kill('SIGINT');
    });
    child.on('spawn', begun);
    child.on('error', reject);
    child.on('close', () => (pattern.test(out) ? resolve(out) : reject(new Error(`never said ${pattern}: ${out}`))));
  });
