#!/bin/bash
# Runs inside the virtual machine: checks.sh PORT VERSION... mounts the tree of the server with Linux's own client, once
# a version, and says `ok NAME`, `not ok NAME: WHY` or `skipped NAME: WHY` for each check.
port=$1; shift
kernel=$(uname -r | cut -d. -f1,2)

try() { # NAME COMMAND...: passes where the command succeeds
  local name="$kernel $version $1" said
  shift
  if said=$("$@" 2>&1); then echo "ok $name"; else echo "not ok $name: $(tail -c 400 <<< "$said" | tr '\n' ' ')"; fi
}
skip() { echo "skipped $kernel $version $1: $2"; }
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
idle() { timeout 20 cat "$A/wait" > /dev/null || echo 'wait did not return'; }
said() { grep -c . "$A/outbox/log"; }
until_has() { # FILE TEXT: within 10 s
  for _ in $(seq 100); do grep -q -- "$2" "$1" 2> /dev/null && return; sleep 0.1; done
  echo "no $2 in: $(head -c 200 "$1")"; return 1
}

quick() {
  echo 'hello there' > "$A/inbox/new" && is "$(timeout 20 cat "$A/wait")" idle || return
  grep -q 'hello there' "$A/outbox/last" || { cat "$A/outbox/last"; return 1; }
  echo tick > "$A/ctl" && idle && grep -q '^tick 2$' "$A/status" || { cat "$A/status"; return 1; }
}
refused() { # the write fails, and the reason is left as text; which errno the program gets is the kernel's affair
  echo bogus > "$A/ctl" && { echo 'bogus was taken'; return 1; }
  tail -n 1 "$A/error" | grep -q 'EINVAL bogus'
}
live() { # each record is there before the next is made, and cat still reads
  : > /tmp/live; cat "$A/live/trace" > /tmp/live & local reader=$!
  local tick n
  # Whether cat has opened is not to be seen from outside: ticks until it shows one.
  for n in $(seq 20); do echo tick > "$A/ctl"; sleep 0.5; [ -s /tmp/live ] && break; done
  idle
  tick=$(sed -n 's/^tick //p' "$A/status")
  for n in 1 2 3; do
    echo tick > "$A/ctl" || break
    until_has /tmp/live "\"tick\":$((tick + n))," || { kill $reader; return 1; }
    kill -0 $reader || { echo 'cat ended'; return 1; }
  done
  kill $reader; wait $reader 2> /dev/null; true
}
one_message() { # COMMAND...: makes exactly one, whole
  local before
  before=$(said)
  "$@" || return
  idle; is "$(($(said) - before))" 1 && grep -q ':[0-9][0-9]:[0-9][0-9].* end' "$A/outbox/last" || { cat "$A/outbox/last"; return 1; }
}
group="{ printf 'Subject: list\n\n'; date; echo end; } > \$0/inbox/new"
subshell="( printf 'Subject: list\n\n'; date; echo end ) > \$0/inbox/new"
descriptor="exec 3> \$0/inbox/new; printf 'Subject: list\n\n' >&3; date >&3; echo end >&3; exec 3>&-"
from_python() {
  python3 - "$A/inbox/new" << 'P'
import subprocess, sys
f = open(sys.argv[1], 'w')
f.write('start\n'); f.flush()
subprocess.run(['date'], stdout=f)
f.write('end\n'); f.close()
P
}
values() {
  local n=$A/memory/notes/n
  echo 'one longer text' > "$n" && echo two > "$n" && is "$(cat "$n")" two || return
  echo three >> "$n" && is "$(cat "$n")" $'two\nthree' || return
  sed -i s/two/2/ "$n" && is "$(cat "$n")" $'2\nthree' || return
  cp /etc/hostname "$n" && cmp /etc/hostname "$n" && rm "$n" && is "$(ls -A "$A/memory/notes")" ''
}
queues() {
  local before
  before=$(said)
  cp /etc/hostname "$A/inbox/m1" && cp -p /etc/hostname "$A/inbox/m2" && idle && is "$(($(said) - before))" 2
}
answer() { exec 3<> "$A/ask" && echo 'what is new?' >&3 && timeout 20 cat <&3 | grep -q 'what is new?'; local r=$?; exec 3>&-; return $r; }
interrupt() { # SIGNAL FILE: a blocked cat is gone soon (an emulated machine takes its time)
  python3 - "$1" "$2" << 'P'
import signal, subprocess, sys, time
p = subprocess.Popen(['cat', sys.argv[2]], stdout=subprocess.DEVNULL)
time.sleep(0.7)
assert p.poll() is None, 'cat did not block'
begun = time.time(); p.send_signal(getattr(signal, sys.argv[1])); p.wait(10)
assert time.time() - begun < 3, f'{time.time() - begun:.2f} s'
P
}
pending() { # while a message is staged and not closed wait waits, and Ctrl-C ends it; so it ends a call nobody answers
  python3 - "$A" << 'P' && idle && grep -q '^queue 0$' "$A/status" && ! grep -q 'never answered' "$A/outbox/log"
import os, signal, subprocess, sys, time
def blocked(*command):
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(1)
    assert p.poll() is None, f'{command} did not block'
    begun = time.time(); p.send_signal(signal.SIGINT); p.wait(10)
    assert time.time() - begun < 3, f'{command}: {time.time() - begun:.2f} s'
A = sys.argv[1]
fd = os.open(A + '/inbox/new', os.O_WRONLY); os.write(fd, b'unfinished'); os.fsync(fd)
blocked('cat', A + '/wait')
os.close(fd)
subprocess.run(['cat', A + '/wait'], stdout=subprocess.DEVNULL, timeout=20)
def ctl(verb):
    with open(A + '/ctl', 'w') as f: f.write(verb + '\n')
ctl('pause')
blocked('sh', '-c', f"exec 3<> {A}/ask; echo 'never answered' >&3; exec cat <&3")
ctl('resume')
P
}
work() {
  echo content > "$A/work/f" && mkdir "$A/work/d" && mv "$A/work/f" "$A/work/d/g" && is "$(cat "$A/work/d/g")" content || return
  head -c 3000000 /dev/urandom > /tmp/big && cp /tmp/big "$A/work/big" && cmp /tmp/big "$A/work/big" || return
  if [ "$version" != 9p2000 ]; then ln -s d/g "$A/work/l" && is "$(cat "$A/work/l")" content || return; fi
  rm -r "$A/work/d" && rm -f "$A/work/big" "$A/work/l" && is "$(ls -A "$A/work")" ''
}
walkers() {
  timeout 60 grep -r xyzzyq . ; [ $? = 1 ] || { echo "grep -r: $?"; return 1; }
  rm -rf /tmp/copy /tmp/x.tar
  timeout 60 find . -type f -exec cat {} + > /dev/null && timeout 60 du -s . > /dev/null &&
    timeout 60 tar cf /tmp/x.tar . && timeout 60 cp -r . /tmp/copy
}
bounds() { # a size is a size: what stat shows, cat reads and wc counts
  local f
  for f in README help ctl index mounts agents/*/help agents/*/ctl; do is "$(stat -c %s $f)" "$(cat $f | wc -c)" || { echo "$f"; return 1; }; done
}

for version; do
  mkdir -p /mnt; cd /
  if ! mount -t 9p -o "trans=tcp,port=$port,version=$version,msize=1048576,cache=none" 10.0.2.2 /mnt; then
    echo "not ok $kernel $version mount: refused"; continue
  fi
  cd /mnt || exit 1
  A=agents/vm-$$-$(tr -dc 0-9 <<< "$kernel")-$(tr -dc 0-9lu <<< "${version,,}")
  try 'mkdir makes an agent' mkdir "$A"
  try 'quick start' quick
  try 'a bad verb' refused
  try 'cat live/trace as it happens' live
  for shell in bash dash; do
    try "one message from a group in $shell" one_message $shell -c "$group" "$A"
    try "one message from a subshell in $shell" one_message $shell -c "$subshell" "$A"
    try "one message through a descriptor in $shell" one_message $shell -c "$descriptor" "$A"
  done
  try 'one message from Python with a child' one_message from_python
  try 'values' values
  try 'queues' queues
  try 'a call' answer
  try 'SIGINT ends live/trace' interrupt SIGINT "$A/live/trace"
  try 'SIGTERM ends live/events' interrupt SIGTERM live/events
  try 'SIGINT ends a wait and a call' pending
  try 'a host directory' work
  try 'sizes' bounds
  try 'walkers' walkers
  try 'rmdir archives it' rmdir "$A"
  cd /
  try umount umount /mnt
done
