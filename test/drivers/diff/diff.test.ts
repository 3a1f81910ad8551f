import test from 'ava';
import { unifiedDiff } from '../../../src/drivers/diff/diff.ts';

test('a unified diff, as patch(1) takes it', (t) => {
  t.is(
    unifiedDiff('notes/a', 'one\ntwo\nthree\n', 'one\n2\nthree\n'),
    '--- a/notes/a\n+++ b/notes/a\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n',
  );
  t.regex(unifiedDiff('x', 'a', 'a\n')!, /No newline at end of file/);
});
