import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { must, type Report } from '../support/report.ts';
import { installed } from '../support/served.ts';
import { run, until, type Said } from './client.ts';

const program = (): string | undefined => {
  const own = process.env['PLAN9'];
  return own !== undefined && existsSync(join(own, 'bin', '9p')) ? join(own, 'bin', '9p') : installed('9p');
};

/** plan9port's 9p(1) speaks 9P2000: the quick start, as far as it has the operations (it cannot make a directory). */
export const plan9port = async (report: Report, port: number): Promise<void> => {
  const client = program();
  if (client === undefined) {
    report.skip('plan9port', 'set PLAN9 to a built plan9port, or put its 9p into PATH');
    return;
  }
  const at = ['-a', `tcp!127.0.0.1!${port}`];
  const p9 = async (args: readonly string[], input?: string): Promise<Said> => run(client, [...at, ...args], input);
  const good = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, out, err } = await p9(args, input);
    must(code === 0, `9p ${args.join(' ')}: ${err}`);
    return out;
  };
  const agent = 'agents/plan9';

  await report.check('plan9port: a listing', async () => {
    const out = await good(['ls', '-l', '/']);
    must(/^--r--r--r-- .* README$/m.test(out) && /^d.* agents$/m.test(out) && !/live/.test(out), out);
    return undefined;
  });
  await report.check('plan9port: the quick start', async () => {
    await good(['write', 'ctl'], 'new plan9\n');
    await good(['write', `${agent}/inbox/new`], 'hello there\n');
    must((await good(['read', `${agent}/wait`])) === 'idle\n', 'wait');
    must((await good(['read', `${agent}/outbox/last`])).includes('hello there'), 'no answer');
    await good(['write', `${agent}/ctl`], 'tick\n');
    must((await good(['read', `${agent}/wait`])) === 'idle\n', 'wait');
    must(/^tick 2$/m.test(await good(['read', `${agent}/status`])), 'status');
    return undefined;
  });
  await report.check('plan9port: a bad verb is refused', async () => {
    const { code, err } = await p9(['write', `${agent}/ctl`], 'bogus\n');
    must(code !== 0 && /nvalid argument/.test(err), err);
    must(/EINVAL bogus/.test(await good(['read', `${agent}/error`])), 'no reason');
    return undefined;
  });
  await report.check('plan9port: live/trace as it happens', async () => {
    // It opens before it says anything, so records are made until it has shown one.
    let shown = false;
    const ticks = async (): Promise<void> => {
      for (let count = 0; count < 100 && !shown; count++) await good(['write', `${agent}/ctl`], 'tick\n');
    };
    let ticking: Promise<void> | undefined;
    await until(client, [...at, 'read', `${agent}/live/trace`], /"type"/, () => {
      ticking = ticks();
    });
    shown = true;
    await ticking;
    return undefined;
  });
  await report.check('plan9port: values and stat, create and remove', async () => {
    const note = `${agent}/memory/notes/n`;
    await good(['create', note]);
    await good(['write', note], 'a note\n');
    must((await good(['read', note])) === 'a note\n', 'read');
    must(/ 7 |'n'|length 7/.test(await good(['stat', note])), await good(['stat', note]));
    await good(['rm', note]);
    must((await p9(['read', note])).code !== 0, 'it is still there');
    return undefined;
  });
};
