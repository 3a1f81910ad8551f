#!/usr/bin/env node
// src/main.ts and everything it reaches -> dist/weft.cjs. One file, because opening hundreds costs more than the
// program itself takes to start. What runs in a thread of its own is a file of its own. esbuild is imported only when there is something to build: this module answers
// `stale` in a few milliseconds.
import { mkdirSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cache } from './load.cjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'dist', 'weft.cjs');

/** Packages that find a binary or a thread's code beside their own files stay outside. */
const external = ['koffi', 'level', 'classic-level', 'fuse-native', 'piscina'];

/** The newest change below a directory, in ms; a file that was removed shows in its directory's own time. */
const newest = (directory) =>
  readdirSync(directory, { withFileTypes: true }).reduce((time, entry) => {
    const path = join(directory, entry.name);
    return Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }, statSync(directory).mtimeMs);

export const stale = () => {
  const built = statSync(output, { throwIfNoEntry: false });
  if (!built) return true;
  const others = ['package.json', 'package-lock.json', 'bin/build.mjs'].map(
    (name) => statSync(join(root, name)).mtimeMs,
  );
  return Math.max(newest(join(root, 'src')), ...others) > built.mtimeMs;
};

export const build = async () => {
  const started = new Date();
  const { build: esbuild } = await import('esbuild');
  const { outputFiles } = await esbuild({
    absWorkingDir: root,
    entryPoints: { weft: 'src/main.ts', 'keys-worker': 'src/drivers/keys/worker.ts' },
    outdir: dirname(output),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    external,
    sourcemap: 'external',
    minify: false,
    legalComments: 'eof',
    // What is one level below the root in the sources is one level below it in the bundle too.
    define: { 'import.meta.url': 'weft_url', 'import.meta.dirname': '__dirname' },
    banner: { js: "'use strict'; const weft_url = require('node:url').pathToFileURL(__filename).href;" },
    write: false,
    logLevel: 'warning',
  });
  mkdirSync(dirname(output), { recursive: true });
  for (const { path, contents } of outputFiles) replace(path, contents, started);
  const { path, contents } = cache(output);
  replace(path, contents, started);
};

/** A program that starts meanwhile sees the old file or the new one; what changes during the build is newer than it. */
const replace = (path, contents, time) => {
  const next = `${path}.${process.pid}`;
  writeFileSync(next, contents);
  utimesSync(next, time, time);
  renameSync(next, path);
};

if (
  process.argv[1] &&
  import.meta.url === pathToFileURL(process.argv[1]).href &&
  (stale() || !process.argv.includes('--if-stale'))
)
  await build();
