import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

/** Kernels and a small userland for a virtual machine, out of Debian packages; everything lies in a cache of its own. */

export const series = ['6.1', '6.12'] as const;
const userland = [
  'busybox-static',
  'bash',
  'coreutils',
  'dash',
  'diffutils',
  'findutils',
  'grep',
  'python3-minimal',
  'sed',
  'tar',
];
/** With what they depend on: a network card and the client. */
const modules = ['virtio_pci', 'virtio_net', '9p', '9pnet_fd'];

export const cache = (): string =>
  process.env['WEFT_INTEROP_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weft-interop');

const run = async (program: string, args: readonly string[], cwd = '/'): Promise<string> =>
  (await promisify(execFile)(program, args, { cwd, maxBuffer: 1 << 26 })).stdout;

const sh = (script: string, ...args: string[]): Promise<string> =>
  run('/bin/bash', ['-ec', `set -o pipefail; ${script}`, 'bash', ...args]);

/** The newest package of a series; undefined where apt knows none. */
const kernelPackage = async (wanted: string): Promise<string | undefined> => {
  const found = await run('apt-cache', ['search', '--names-only', `^linux-image-${wanted.replace('.', '\\.')}\\.`]);
  const names = found.split('\n').map((line) => line.split(' ')[0]!);
  return names
    .filter((name) => /^linux-image-[\d.]+[-+~a-z\d]*-amd64$/.test(name) && !/-(cloud|rt)-/.test(name))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
};

/** The packages and all they depend on that is a package and no choice. */
const closure = async (names: readonly string[]): Promise<string[]> => {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const lines = (await run('apt-cache', ['depends', '--recurse', ...without, ...names])).split('\n');
  return [...new Set(lines.filter((line) => /^[a-z\d]/.test(line) && !line.includes(':')))];
};

/** Makes `path` whole or not at all. */
const make = async (path: string, fill: (directory: string) => Promise<void>): Promise<string> => {
  if (existsSync(path)) return path;
  mkdirSync(cache(), { recursive: true });
  const directory = mkdtempSync(`${path}.`);
  try {
    await fill(directory);
    renameSync(join(directory, 'made'), path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return path;
};

/** A cpio archive of bash, Python and the tools, compressed. */
const makeUserland = (): Promise<string> =>
  make(join(cache(), 'userland.cpio.gz'), async (directory) => {
    await run('apt-get', ['-q', 'download', ...(await closure(userland))], directory);
    await sh(
      `cd "$1"; mkdir -p root/usr/{bin,sbin,lib,lib64} root/busybox root/etc; for d in bin sbin lib lib64; do ln -s usr/$d root/$d; done
       for package in *.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C root; done
       rm -rf root/usr/share/{doc,man,locale,info,perl} root/usr/lib/*/perl* root/var
       echo weft > root/etc/hostname; echo 'root:x:0:0:root:/root:/bin/bash' > root/etc/passwd; echo 'root:x:0:' > root/etc/group
       [ -x root/usr/bin/python3 ]; [ -x root/usr/bin/busybox ]
       (cd root; find . | cpio -o -H newc --quiet -R 0:0) | gzip -1 > made`,
      directory,
    );
  });

export interface Kernel {
  readonly release: string;
  readonly image: string;
  /** Archives that make up the initramfs, in order. */
  readonly parts: readonly string[];
}

/** A kernel of a series and what boots with it. Throws where a package cannot be had. */
export const kernel = async (wanted: string): Promise<Kernel> => {
  const name = await kernelPackage(wanted);
  if (name === undefined)
    throw new Error(`apt knows no kernel ${wanted}: its archive (backports, security) is not configured`);
  const release = name.slice('linux-image-'.length);
  const image = join(cache(), `vmlinuz-${release}`);
  const drivers = await make(join(cache(), `modules-${release}.cpio`), async (directory) => {
    await run('apt-get', ['-q', 'download', name], directory);
    await sh('cd "$1"; mkdir root; dpkg-deb -x *.deb root; depmod -b root "$2"', directory, release);
    copyFileSync(join(directory, 'root', 'boot', basename(image)), image);
    const order = new Set<string>();
    for (const module of modules) {
      const lines = await run('modprobe', ['-d', join(directory, 'root'), '-S', release, '--show-depends', module]);
      for (const [, path] of lines.matchAll(/^insmod (\S+)/gm)) order.add(path!);
    }
    mkdirSync(join(directory, 'new', 'modules'), { recursive: true });
    for (const path of order) {
      const target = join(directory, 'new', 'modules', basename(path).replace(/\.xz$/, ''));
      await sh('case $1 in *.xz) xz -dc "$1" > "$2";; *) cp "$1" "$2";; esac', path, target);
    }
    const list = [...order].map((path) => basename(path).replace(/\.xz$/, ''));
    writeFileSync(join(directory, 'new', 'modules', 'order'), `${list.join('\n')}\n`);
    await sh('cd "$1/new"; find . | cpio -o -H newc --quiet -R 0:0 > ../made', directory);
  });
  return { release, image, parts: [await makeUserland(), drivers] };
};

/** The initramfs of one run: what is cached, and these files. */
export const initramfs = async (directory: string, parts: readonly string[]): Promise<string> => {
  const files = readdirSync(directory).join('\n');
  const target = `${directory}.initrd`;
  // Uncompressed archives may only follow at a multiple of four bytes.
  await sh(
    `cd "$1"; { for part in "\${@:4}"; do cat "$part"; size=$(stat -c %s "$part"); head -c $(((4 - size % 4) % 4)) /dev/zero; done
     echo "$2" | cpio -o -H newc --quiet -R 0:0; } > "$3"`,
    directory,
    files,
    target,
    ...parts,
  );
  return target;
};
