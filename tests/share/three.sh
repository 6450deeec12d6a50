#!/usr/bin/env bash
# Three hosts with a real server: a block on one stands on the others, a lift ends it, a person's unblock ends it everywhere; a
# server, a share or a daemon that is away for a while; entries that are lost, forged or garbage.
set -u
# shellcheck source-path=SCRIPTDIR source=share_lib.sh
. "$(dirname "$0")/share_lib.sh"
share_up mx1 mx2 mx3

# A block of one is in the kernels of all, with its origin; no host sends it on.
on mx1 block 192.0.2.1 --for 1h --reason secret >/dev/null || fail "no block"
is stands 192.0.2.1 mx1 mx2 mx3
[ "$(sql_on mx2 "SELECT rule, reason FROM active")" = "peer/mx1|blocked on mx1" ] || fail "got $(sql_on mx2 "SELECT rule, reason FROM active")"
on mx3 block 2001:db8::7 >/dev/null
is is_active 2001:db8::7 mx1 mx2
on mx2 block 192.0.2.2 --for 2h >/dev/null
is stands 192.0.2.2 mx1 mx3
[ "$(cli xlen wfs:1:mx1),$(cli xlen wfs:1:mx2),$(cli xlen wfs:1:mx3)" = 1,1,1 ] ||
	fail "messages: $(cli xlen wfs:1:mx1),$(cli xlen wfs:1:mx2),$(cli xlen wfs:1:mx3)"
! cli xrange wfs:1:mx1 - + | grep -q secret || fail "a reason left the host"

# A host's user at the server may write its own stream alone.
as_mx1() { redis-cli -s "$WORK/server.sock" --user mx1 --pass secret-mx1 --no-auth-warning "$@"; }
[[ $(as_mx1 xadd wfs:1:mx2 '*' m x 2>&1) = NOPERM* ]] || fail "mx1 may write mx2's stream"
[[ $(as_mx1 del wfs:1:mx1 2>&1) = NOPERM* ]] || fail "mx1 may delete"

# Both say it: the lift of one leaves the other's.
on mx1 block 192.0.2.2 --for 1h >/dev/null
received_twice() { [ "$(sql_on mx3 "SELECT count(*) FROM claim WHERE address = '192.0.2.2'")" = 2 ]; }
wait_until received_twice || fail "mx3 has $(sql_on mx3 "SELECT * FROM claim")"
# By hand, a person ends it everywhere.
on mx2 unblock 192.0.2.2 >/dev/null || fail "no unblock"
is is_free 192.0.2.2 mx1 mx2 mx3
[ "$(sql_on mx3 "SELECT ended_by FROM blocks WHERE address = '192.0.2.2'")" != "" ] || fail "mx3 does not know why"
# Also one that only others have.
is stands 192.0.2.1 mx3
on mx3 unblock 192.0.2.1 >/dev/null
is is_free 192.0.2.1 mx1 mx2 mx3

# A share that is away misses nothing, and sends what happened meanwhile; once.
share_kill mx2
on mx1 block 192.0.2.10 --for 1h >/dev/null
on mx2 block 192.0.2.11 --for 1h >/dev/null
is stands 192.0.2.10 mx3
share_start mx2
is stands 192.0.2.10 mx2
is stands 192.0.2.11 mx1 mx3
# So does a daemon.
daemon_kill mx3
on mx1 block 192.0.2.12 --for 1h >/dev/null
is stands 192.0.2.12 mx2
daemon_start mx3
is stands 192.0.2.12 mx3
# And a server that comes back with nothing.
server_kill
on mx1 block 192.0.2.13 --for 1h >/dev/null
said() { said_by mx1 "trying again"; }
wait_until said || fail "mx1 does not report that the server is gone"
is stands 192.0.2.13 mx1
server_start
WAIT_S=20
is stands 192.0.2.13 mx2 mx3
once() { [ "$(sql_on "$1" "SELECT count(*) FROM block WHERE address = '192.0.2.13'")" = 1 ]; }
for host in mx1 mx2 mx3; do
	once "$host" || fail "$host has it twice"
done
# One that is emptied while it runs.
cli flushall >/dev/null
on mx2 block 192.0.2.14 --for 1h >/dev/null
is stands 192.0.2.14 mx1 mx3
full() { [ "$(cli xlen wfs:1:mx1)" -ge 3 ]; }
wait_until full || fail "mx1 does not send again what was lost: $(cli xlen wfs:1:mx1)"
# One that is read-only: local work goes on, and it is healed when that ends.
cli replicaof 127.0.0.1 1 >/dev/null
on mx1 block 192.0.2.15 --for 1h >/dev/null
read_only() { said_by mx1 READONLY; }
wait_until read_only || fail "mx1 does not report that the server is read-only"
is stands 192.0.2.15 mx1
cli replicaof no one >/dev/null
is stands 192.0.2.15 mx2 mx3
# One that got an old copy back: what is missing in it is sent again.
cli copy wfs:1:mx1 old >/dev/null
on mx1 block 192.0.2.18 --for 1h >/dev/null
is stands 192.0.2.18 mx2
cli rename old wfs:1:mx1 >/dev/null
has_18() { cli xrange wfs:1:mx1 - + | grep -F '"192.0.2.18"' >/dev/null; }
wait_until has_18 || fail "mx1 does not send again what an old copy does not have"
said_by mx1 "the server has lost entries of our stream" || fail "mx1 does not report that"

# Two hosts at once, one blocks, one unblocks: whichever was later, all three agree.
agree() { [ "$(is_active mx1 "$1" && echo 1)" = "$(is_active mx2 "$1" && echo 1)" ] && [ "$(is_active mx1 "$1" && echo 1)" = "$(is_active mx3 "$1" && echo 1)" ]; }
sent_since() { [ "$(cli xlen wfs:1:mx1)" -gt "$1" ] && [ "$(cli xlen wfs:1:mx2)" -gt "$2" ]; }
for i in 1 2 3; do
	before=("$(cli xlen wfs:1:mx1)" "$(cli xlen wfs:1:mx2)")
	on mx1 block "192.0.2.3$i" --for 1h >/dev/null &
	on mx2 unblock "192.0.2.3$i" >/dev/null
	wait $!
	wait_until sent_since "${before[@]}" || fail "not both have sent: ${before[*]}, $(cli xlen wfs:1:mx1) $(cli xlen wfs:1:mx2)"
	wait_until agree "192.0.2.3$i" || fail "192.0.2.3$i: $(active_on mx1) / $(active_on mx2) / $(active_on mx3)"
done

# Forged: mx3's message in mx2's stream; garbage; a megabyte; an old message again. None blocks an innocent, or ends a process.
cli xadd wfs:1:mx2 '*' m "$(cli xrevrange wfs:1:mx3 + - count 1 | tail -n 1)" >/dev/null
suspended() { [ "$(sql_on mx1 "SELECT count(*) FROM suspension WHERE rule = 'peer/$1' AND ended IS NULL")" = 1 ]; }
wait_until suspended mx2 || fail "mx2 is not suspended: $(sql_on mx1 "SELECT * FROM suspension")"
is is_free 192.0.2.14 mx1
on mx1 resume peer/mx2 >/dev/null || fail "cannot be resumed"
on mx3 resume peer/mx2 >/dev/null
head -c 1000000 /dev/urandom | cli -x xadd wfs:1:mx2 '*' m >/dev/null
wait_until suspended mx2 || fail "not suspended for a megabyte of garbage"
on mx1 resume peer/mx2 >/dev/null
on mx3 resume peer/mx2 >/dev/null
on mx2 block 192.0.2.16 --for 1h >/dev/null
is stands 192.0.2.16 mx1 mx3
on mx2 unblock 192.0.2.16 >/dev/null
is is_free 192.0.2.16 mx1 mx3
old=$(cli xrange wfs:1:mx2 - + | grep -a '192.0.2.16.*until.*offence' | tail -n 1)
[ -n "$old" ] || fail "no message about 192.0.2.16"
cli xadd wfs:1:mx2 '*' m "$old" >/dev/null
on mx2 block 192.0.2.17 --for 1h >/dev/null
is stands 192.0.2.17 mx1 mx3
is is_free 192.0.2.16 mx1 mx3
for host in mx1 mx2 mx3; do
	kill -0 "${SHARE[$host]}" "${DAEMON[$host]}" || fail "a process of $host has ended"
	kill "${SHARE[$host]}"
	wait "${SHARE[$host]}" || fail "share of $host: exit status $?"
done
no_sanitizer
echo "ok"
