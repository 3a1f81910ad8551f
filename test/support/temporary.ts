import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** A directory of this test's own, gone with it. On the disk, not in memory: the two differ in what they support. */
export const temporary = (t: ExecutionContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'weft-test-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
