import { must, type Report } from '../support/report.ts';
import { installed } from '../support/served.ts';
import { run } from './client.ts';

/** diod's clients list and read (9P2000.L); they have no way to write. */
export const diod = async (report: Report, port: number): Promise<void> => {
  const [cat, ls] = [installed('diodcat'), installed('diodls')];
  if (!cat || !ls) {
    report.skip('diod', 'apt-get install diod');
    return;
  }
  const at = ['-s', `127.0.0.1:${port}`, '-a', '/'];
  await report.check('diodls lists the root', async () => {
    const { code, out, err } = await run(ls, [...at, '-l']);
    must(code === 0 && /^-r--r--r--.* README$/m.test(out) && /^d.* agents$/m.test(out), out + err);
    must(!/ \.live$/m.test(out), 'what waits is listed');
    return undefined;
  });
  await report.check('diodcat reads texts', async () => {
    for (const path of ['README', 'help', 'status', 'index', 'doctor']) {
      const { code, out, err } = await run(cat, [...at, path]);
      must(code === 0 && out.length > 0, `${path}: ${err}`);
    }
    return undefined;
  });
  await report.check('diodcat of what is not there', async () => {
    const { code, err } = await run(cat, [...at, 'nothing']);
    must(code !== 0 && /No such file/.test(err), err);
    return undefined;
  });
};
