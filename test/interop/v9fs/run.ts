import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Report } from '../../support/report.ts';
import { installed } from '../../support/served.ts';
import { initramfs, kernel, series, type Kernel } from './image.ts';

const versions = ['9p2000.L', '9p2000.u', '9p2000'];
/** Seconds a machine may take, without hardware's help. */
const PATIENCE = 900;

const programs: readonly (readonly [program: string, pack: string])[] = [
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['cpio', 'cpio'],
  ['depmod', 'kmod'],
  ['xz', 'xz-utils'],
];

/** Linux's own client, of each kernel series, in every version of the protocol, against a server on this machine. */
export const v9fs = async (report: Report, port: number): Promise<void> => {
  const missing = programs.filter(([program]) => !installed(program)).map(([, pack]) => pack);
  const why = !installed('apt-get')
    ? 'its parts are packages of Debian'
    : missing.length > 0
      ? `apt-get install ${missing.join(' ')}`
      : undefined;
  for (const wanted of series) {
    if (why !== undefined) {
      report.skip(`v9fs ${wanted}`, why);
      continue;
    }
    let found: Kernel;
    try {
      found = await kernel(wanted);
    } catch (error) {
      report.skip(`v9fs ${wanted}`, `apt-get update, then again: ${(error as Error).message.split('\n')[0]!}`);
      continue;
    }
    await boot(report, found, port);
  }
};

const boot = async (report: Report, { release, image, parts }: Kernel, port: number): Promise<void> => {
  const base = mkdtempSync(join(tmpdir(), 'weft-v9fs-'));
  const [files, console] = [join(base, 'files'), join(base, 'console')];
  try {
    mkdirSync(files);
    for (const name of ['init', 'checks.sh']) copyFileSync(join(import.meta.dirname, name), join(files, name));
    chmodSync(join(files, 'init'), 0o755);
    writeFileSync(join(files, 'run-with'), `set -- ${port} ${versions.join(' ')}\n`);
    const initrd = await initramfs(files, parts);
    const qemu = spawn(
      'qemu-system-x86_64',
      // prettier-ignore
      ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-M', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '1024',
        '-kernel', image, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 quiet mitigations=off random.trust_cpu=on net.ifnames=0',
        '-netdev', 'user,id=n0', '-device', 'virtio-net-pci,netdev=n0', '-serial', `file:${console}`, '-serial', 'stdio'],
      { stdio: ['ignore', 'pipe', 'inherit'], timeout: PATIENCE * 1000, killSignal: 'SIGKILL' },
    );
    let ended = false;
    for await (const line of createInterface({ input: qemu.stdout })) {
      const [, what, name, said = ''] = /^(ok|not ok|skipped) ([^:]*)(?::(.*))?$/.exec(line.trim()) ?? [];
      if (what === 'ok') report.pass(`v9fs ${name!}`);
      else if (what === 'not ok') report.fail(`v9fs ${name!}`, said.trim());
      else if (what === 'skipped') report.skip(`v9fs ${name!}`, said.trim());
      else if (line.startsWith('ended ')) ended = true;
      else if (line.trim() !== '') globalThis.console.log(`# ${line.trim()}`);
    }
    const log = readFileSync(console, 'utf8');
    const complaints = /^.*(BUG:|Oops|Kernel panic|WARNING: CPU|blocked for more than|soft lockup).*$/m.exec(log);
    if (complaints) report.fail(`v9fs ${release} kernel`, complaints[0]);
    else if (!ended) report.fail(`v9fs ${release}`, `the machine did not come to its end: ${log.slice(-400)}`);
    else report.pass(`v9fs ${release} without complaints of the kernel`);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
};
