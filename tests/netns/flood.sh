#!/usr/bin/env bash
# flood.sh: while the control socket is flooded, log lines still become blocks, the engine keeps to its share of a
# processor, and other users' requests are answered. The floods are requests that look, that change and that read much,
# garbage, incomplete lines, slow readers, connections that come and go, and TCP without the token. With WFS_BENCH=1, on
# a quiet machine, a line becomes a block within twice the usual time.
#
# The flooders have processors of their own: the test measures how long the daemon delays a line, not how the kernel
# shares a processor between the daemon and others. The daemon uses a small share of its own processor.
#
# WFS_FLOOD, WFS_BANLAT: the programs flood and banlat. WFS_BACKEND: see daemon_lib.sh. WFS_KINDS: the kinds of floods
# to run instead of all.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
: "${WFS_FLOOD:?}" "${WFS_BANLAT:?}"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy taskset
read -r -a KINDS <<<"${WFS_KINDS:-good changes costly garbage halves slow connects untrusted}"
LINES_MEASURED=40
SHARE=50 # percent of a processor: CONTROL_SHARE_US, waking up for it, and the lines that are measured
TRIES_MAX=8 # measured beside each other, as a shared processor allows
LATE_US=$((${WFS_BENCH:-0} ? 0 : 100000)) # beside twice the usual time: what a busy machine may add; a line that waits for the flood waits longer
FLOODERS=()

# The processors we may use, one by one: "0-2,5" is 0 1 2 5.
processors() {
	local list part
	list=$(taskset -cp "$$")
	for part in $(tr , ' ' <<<"${list##*: }"); do
		seq "${part%-*}" "${part#*-}"
	done
}
mapfile -t CPUS < <(processors)
[ "${#CPUS[@]}" -ge 2 ] || skip "needs two processors"
THEIRS=$(IFS=,; echo "${CPUS[*]:1}")

flood_end() {
	[ "${#FLOODERS[@]}" = 0 ] || { kill "${FLOODERS[@]}" && wait "${FLOODERS[@]}"; } 2>/dev/null
	FLOODERS=()
}

down() {
	flood_end
	daemon_down
}

daemon_prepare
trap down EXIT
echo 'mx2 0123456789abcdef0123456789abcdef' >"$WORK/tokens"
chown nobody "$WORK/tokens"
chmod 600 "$WORK/tokens"
daemon_config "group =
readers =
tcp = 127.0.0.1:4711
token_file = $WORK/tokens
[block]
max_blocks_per_minute = 0
[firewall]
resync = 1h"
daemon_start
for pid in "$DAEMON" "$ENGINE"; do
	taskset -acp "${CPUS[0]}" "$pid" >/dev/null || fail "cannot be given a processor"
done

is_answered() {
	[ "$(echo "test 10.9.0.3" | in_server timeout 20 nc -N -U "$SOCKET" | jq .ok)" = true ]
}

# The median of some lines, each of another address; no address twice, for it would be a second offence.
NET=0
measure() {
	local printed net=198.18.$((++NET))
	printed=$(in_server taskset -c "${CPUS[0]}" "$WFS_BANLAT" "$BACKEND" "$LOG" spammer "$LINES_MEASURED" 20 "$net") || fail "no measurement"
	TOOK=$(sed -n 's/.* median \([0-9]*\) us.*/\1/p' <<<"$printed")
	[ -n "$TOOK" ] || fail "banlat printed: $printed"
	# One list stays enough.
	wait_until is_unblocked "$net.0/24" || fail "cannot be unblocked: $net.0/24"
}

is_unblocked() {
	[ "$(echo "unblock $1" | in_server timeout 20 nc -N -U "$SOCKET" | jq .ok)" = true ]
}

flood() {
	local where=$SOCKET
	[ "$1" != untrusted ] || where=4711
	for _ in 1 2 3 4; do
		ip netns exec "$SERVER" taskset -c "$THEIRS" "$WFS_FLOOD" "$1" "$where" 8 &
		FLOODERS+=($!)
	done
}

# Its processor time until now, in hundredths of a second.
ticks() {
	local stat
	read -r stat <"/proc/$ENGINE/stat"
	read -r -a stat <<<"${stat##*) }"
	echo $((stat[11] + stat[12]))
}

measure # the first lines find everything cold
for kind in "${KINDS[@]}"; do
	# Other programs may be busy on this machine: one good time is enough.
	for ((try = 1; ; try++)); do
		measure
		quiet_us=$TOOK
		flood "$kind"
		wait_until is_answered || fail "$kind: nobody else is answered"
		from=$(ticks) from_us=${EPOCHREALTIME/[.,]/}
		measure
		share=$((($(ticks) - from) * 1000000 / (${EPOCHREALTIME/[.,]/} - from_us)))
		for pid in "${FLOODERS[@]}"; do
			is_alive "$pid" || fail "$kind: the flood ended"
		done
		flood_end
		echo "$kind: from a line to the kernel $quiet_us us, while flooded $TOOK us; the engine took $share% of a processor"
		[ "$TOOK" -gt $((2 * quiet_us + LATE_US)) ] || [ "$share" -gt "$SHARE" ] || break
		[ "$try" -lt "$TRIES_MAX" ] || fail "$kind: a flood costs too much"
	done
done
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
