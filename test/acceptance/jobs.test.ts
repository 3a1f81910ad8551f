import test from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { served } from '../support/served.ts';

test.before(built);

fuse('a job in a shell: its result waits, Ctrl-C ends the waiting, cancel tells whoever waits', async (t) => {
  const tree = await served(t);
  const ran = await tree.sh(
    `
    mkdir agents/bob && cd agents/bob && echo pause > ctl
    exec 3<>jobs/new; echo 'what is new?' >&3; read -r id <&3; exec 3>&-; echo "id $id"
    ls jobs/$id
    timeout --signal=INT 1 cat jobs/$id/result; echo "interrupted $?"
    cat jobs/$id/result > /tmp/$$.out & waiting=$!
    echo resume > ctl; wait $waiting; grep -c 'what is new' /tmp/$$.out; rm /tmp/$$.out
    cat wait; cat jobs/$id/result | cmp - outbox/last && stat -c %a jobs/$id/result
    echo pause > ctl; mkdir jobs/review; echo 'look at it' > jobs/review/request
    cat jobs/review/result 2>&1 | sed 's/.*: //' & waiting=$!
    echo cancel > jobs/review/ctl; wait $waiting; cat jobs/review/error
    rmdir jobs/review 2>/dev/null || echo kept`,
    'bash',
  );
  t.is(ran.code, 0, ran.err);
  t.deepEqual(ran.out.trimEnd().split('\n'), [
    'id 1',
    ...['cost', 'ctl', 'feedback', 'log', 'request', 'status', 'status.json', 'turns'],
    'interrupted 124',
    '1',
    'idle',
    '444',
    'Operation canceled',
    'ECANCELED: cancelled by operator',
    'kept',
  ]);
});
