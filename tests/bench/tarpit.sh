#!/usr/bin/env bash
# What the tarpit costs with all 512 connections it holds, quiet ones and then ones that send all they can: memory of its
# process and of the kernel, and processor time for each second, of which about half is the clients', since both ends are on
# this machine. Fails above 5 MiB or 1 %.
set -u
# shellcheck source-path=SCRIPTDIR source=../netns/daemon_lib.sh
. "$(dirname "$0")/../netns/daemon_lib.sh"
BACKEND=nftables
netns_need sqlite3 nft python3
daemon_prepare
daemon_config "[firewall]
action = tarpit
ports = 25"
daemon_start
PIT=$(pgrep -P "$DAEMON" -f watchforspammers-tarpit) || fail "there is no tarpit"
wfs block 10.9.0.2 >/dev/null || fail "not blocked"
wait_until listed 10.9.0.2 || fail "not blocked"

# held MODE: the clients, until $WORK/stop is there.
held() {
	rm -f "$WORK/stop" "$WORK/ready"
	in_client python3 - "$1" "$WORK" <<'END' &
import os, socket, sys, time
kept = []
while len(kept) < 512:
    s = socket.create_connection(("10.9.0.1", 25), 30, ("10.9.0.2", 0))
    s.setblocking(False)
    kept.append(s)
    if sys.argv[1] == "sending":
        try:
            while True:
                s.send(b"x" * 1400)
        except BlockingIOError:
            pass
open(sys.argv[2] + "/ready", "w").close()
while not os.path.exists(sys.argv[2] + "/stop"):
    time.sleep(0.1)
END
	CLIENTS=$!
	WAIT_S=120 wait_until test -e "$WORK/ready" || fail "not all are held"
}

let_go() {
	: >"$WORK/stop"
	wait "$CLIENTS"
	wait_until all_gone || fail "some stay"
}

# The server's ends: "ss" shows what each has received and not read, and each has a socket's slab objects, its inode and file.
all_gone() {
	[ "$(in_server ss -Htn state established | wc -l)" = 0 ]
}

# Bytes of a socket that is held, without what is in its queues: TCPv6, sock_inode_cache, dentry, filp, nf_conntrack.
slab_of_one() {
	awk '$1 ~ /^(TCPv6|sock_inode_cache|dentry|filp|nf_conntrack)$/ { sum += $4 } END { print sum }' /proc/slabinfo
}

queues() {
	in_server ss -Htnm state established | awk -F'[(,]' '/skmem/ { for (i = 2; i <= NF; i++) if ($i ~ /^[rtw][0-9]/) sum += substr($i, 2) } END { print sum + 0 }'
}

for mode in quiet sending; do
	held "$mode"
	n=$(in_server ss -Htn state established | wc -l)
	[ "$n" = 512 ] || fail "$n are held"
	user=$(awk '/^Private_(Clean|Dirty)/ { sum += $2 } END { print sum }' "/proc/$PIT/smaps_rollup")
	kernel=$((n * $(slab_of_one) / 1024 + $(queues) / 1024))
	read -r ran _ <"/proc/$PIT/schedstat"
	began=${EPOCHREALTIME/./}
	read -r -t 20 <> <(:) # what is measured takes time
	read -r ran_later _ <"/proc/$PIT/schedstat"
	us=$((${EPOCHREALTIME/./} - began))
	hundredths=$(((ran_later - ran) * 10 / us)) # of a percent: nanoseconds and microseconds
	printf '%s: process %d KiB, kernel %d KiB, processor %d.%02d %%\n' "$mode" "$user" "$kernel" $((hundredths / 100)) $((hundredths % 100))
	[ $((user + kernel)) -le 5120 ] || fail "more than 5 MiB"
	[ "$hundredths" -le 100 ] || fail "more than 1 % of a processor"
	let_go
done
daemon_stop || fail "exit status $?"
echo "ok"
