#!/usr/bin/env bash
# How long from a hostile line in the log to the address in the kernel's list: the median of 90, with each backend, on a quiet
# daemon and on one whose log is busy with other lines; one failed login blocks. WFS_BANLAT: the program banlat.
#
# Where SSHGuard is installed its programs do the same in the same run, for the same lines, as its script starts them. The one that
# changes the firewall is its own for nft, but writes to a table and a plain set that banlat can read. Ends with 1 when the median of one of our backends on
# a quiet log is more than a third of SSHGuard's: run it on a quiet machine.
set -u
# shellcheck source-path=SCRIPTDIR/../netns source=../netns/daemon_lib.sh
. "$(dirname "$0")/../netns/daemon_lib.sh"
: "${WFS_BANLAT:?}"
netns_need sqlite3 iptables-legacy ip6tables-legacy nft
daemon_prepare
WRITER=
GUARD=
MEDIANS=()

# Ends a process and those that it has started.
stop_group() {
	[ -z "$1" ] || { kill -- "-$1" && wait "$1"; } 2>/dev/null
}

down() {
	stop_group "$WRITER"
	stop_group "$GUARD"
	daemon_down
}
trap down EXIT

# A server that is used: some thousand harmless lines a second.
writer() {
	local stamp
	while :; do
		printf -v stamp '%(%Y-%m-%dT%H:%M:%S+00:00)T' -1
		for _ in {1..20}; do
			echo "$stamp mx postfix/smtpd[9]: connect from mail.example.com[198.51.100.9]"
		done
		read -r -t 0.004 <> <(:)
	done >>"$LOG"
}

# measure NAME WHICH-LOG LIST
measure() {
	local line
	line=$(in_server "$WFS_BANLAT" "$BACKEND" "$LOG" "$3" 90 0 203.0.113 login) || fail "no measurement"
	printf '%-8s  %-5s log: %s\n' "$1" "$2" "$line"
	line=${line#*median }
	MEDIANS+=("${line%% us*}")
}

# SSHGuard's pipeline: what its own script starts.
guard() {
	set -m
	# shellcheck disable=SC2016
	sed -e 's/^NFT_TABLE=.*/NFT_TABLE=watchforspammers/' -e 's/echo ip6\{0,1\}$/echo inet/' -e '/run_nft .* 6$/d' \
		-e 's/ flags interval;//' -e 's|{ $1/$3 }|{ $1 }|' "$1/sshg-fw-nft-sets" >"$WORK/firewall"
	# shellcheck disable=SC2016
	in_server sh -c 'tail -F -n 0 "$1" 2>/dev/null | "$2/sshg-parser" | "$2/sshg-blocker" -a 10 -p 3600 -s 3600 | sh "$3"' \
		sh "$LOG" "$1" "$WORK/firewall" &
	GUARD=$!
	set +m
}

# It is up when a line is noticed.
guard_is_up() {
	echo "$(now) mx postfix/smtpd[9]: warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: authentication failure" >>"$LOG"
	set_has "$SERVER" watchforspammers attackers 192.0.2.9
}

for BACKEND in recent nftables; do
	daemon_config "[block]
for = 1h
threshold = 20"
	daemon_start
	measure "$BACKEND" quiet spammer
	daemon_stop || fail "exit status $?"
	rm "$DB"*
	: >"$LOG"
	daemon_start
	set -m
	writer &
	WRITER=$!
	set +m
	measure "$BACKEND" busy spammer
	stop_group "$WRITER"
	WRITER=
	daemon_stop || fail "exit status $?"
	rm "$DB"*
	: >"$LOG"
done

for programs in /usr/libexec/sshguard /usr/lib/sshguard /usr/libexec; do
	[ ! -x "$programs/sshg-blocker" ] || break
done
if [ ! -x "$programs/sshg-blocker" ]; then
	echo "SSHGuard is not installed: nothing to compare with"
	exit 0
fi
BACKEND=nftables
guard "$programs"
wait_until guard_is_up || fail "SSHGuard's programs do not start"
measure sshguard quiet attackers
stop_group "$GUARD"
GUARD=
echo "of SSHGuard's median: recent $((MEDIANS[0] * 100 / MEDIANS[4])) %, nftables $((MEDIANS[2] * 100 / MEDIANS[4])) %"
[ $((MEDIANS[0] * 3)) -le "${MEDIANS[4]}" ] && [ $((MEDIANS[2] * 3)) -le "${MEDIANS[4]}" ]
