#!/usr/bin/env bash
# kill -9 of share, daemon and server at any point, while three hosts block: afterwards all three agree with each other and with
# what was ordered, and no database has anything twice. WFS_ROUNDS: how often (default 12; the long run has 200).
set -u
# shellcheck source-path=SCRIPTDIR source=share_lib.sh
. "$(dirname "$0")/share_lib.sh"
share_up mx1 mx2 mx3
WAIT_S=60
ALL=(mx1 mx2 mx3)
wanted=()

# One block by each host; true when all three were accepted. A daemon that was killed is there again.
order() {
	local host i=0
	for host in "${ALL[@]}"; do
		i=$((i + 1))
		wait_until on "$host" block "10.$i.$(($1 / 250)).$(($1 % 250 + 1))" --for 2h || fail "$host takes no orders"
		wanted+=("10.$i.$(($1 / 250)).$(($1 % 250 + 1))")
	done
}

for ((round = 1; round <= ${WFS_ROUNDS:-12}; round++)); do
	victim=${ALL[$((round * 7919 % 3))]}
	order "$round" &
	orders=$!
	for ((spin = round * 104729 % 20000; spin > 0; spin--)); do :; done
	case $((round % 3)) in
	0) share_kill "$victim" && share_start "$victim" || share_start "$victim" ;;
	1) daemon_kill "$victim"; daemon_start "$victim" ;;
	2) server_kill; server_start ;;
	esac
	wait "$orders" || fail "round $round"
done
for ((round = 1; round <= ${WFS_ROUNDS:-12}; round++)); do
	for i in 1 2 3; do
		wanted+=("10.$i.$((round / 250)).$((round % 250 + 1))")
	done
done
printf '%s\n' "${wanted[@]}" | sort -u >"$WORK/wanted"
agrees() { [ "$(active_on "$1" | sort -u)" = "$(cat "$WORK/wanted")" ]; }
for host in "${ALL[@]}"; do
	wait_until agrees "$host" || fail "$host differs: $(diff <(active_on "$host" | sort -u) "$WORK/wanted" | head -n 5)"
	# An order may be given twice, when its answer was lost; what others sent is there once.
	[ "$(sql_on "$host" "SELECT count(*) FROM active WHERE rule LIKE 'peer/%'")" = "$(sql_on "$host" "SELECT count(DISTINCT address) FROM active WHERE rule LIKE 'peer/%'")" ] ||
		fail "$host has a block twice"
done
no_sanitizer
echo "ok"
