#!/usr/bin/env bash
# heal.sh: changes that others make to the firewall are repaired: at once if the kernel reports them (nftables; the log
# has the name of the process), otherwise at the next comparison (recent). Tested are flushes, deleted tables, sets and
# chains, changed rules, elements removed by hand, and what ufw, firewalld, iptables-restore and dockerd do to their own
# tables.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy nft iptables-nft iptables-nft-restore
daemon_prepare
listen 25
RESYNC=1h
[ "$BACKEND" = nftables ] || RESYNC=1s
daemon_config "[block]
for = 1h
extend = no
[firewall]
resync = $RESYNC"
daemon_start
{ postfix_dnsbl 10.9.0.2; postfix_dnsbl fd09::2; } >>"$LOG"
wait_until listed 10.9.0.2 || fail "10.9.0.2 is not blocked"
wait_until listed fd09:0000:0000:0000:0000:0000:0000:0002 spammer6 || fail "fd09::2 is not blocked"

now_ms() { echo $(($(date +%s%N) / 1000000)); }
# Listed, and the packets get there.
jumps() {
	case $BACKEND in
	nftables) in_server nft list chain inet watchforspammers input | grep -q 'jump SPAMMER' &&
		in_server nft list chain inet watchforspammers SPAMMER | grep -q 'ip saddr @spammer goto' ;;
	*) in_server iptables-legacy -S INPUT | grep -q -- '-j SPAMMER' ;;
	esac
}
is_whole() {
	listed 10.9.0.2 && listed fd09:0000:0000:0000:0000:0000:0000:0002 spammer6 && jumps
}
LONGEST=0
# heals WHAT COMMAND...: whole again within a second of the command's end (recent: of its timer).
heals() {
	local what=$1 began took
	shift
	"$@" || fail "$what: exit status $?"
	began=$(now_ms)
	wait_until is_whole || fail "$what: not repaired"
	took=$(($(now_ms) - began))
	[ "$took" -le "$LONGEST" ] || LONGEST=$took
	[ "$BACKEND" != nftables ] || in_time "$took" || fail "$what: repaired after $took ms"
	! tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25 || fail "$what: 10.9.0.2 connects"
	! tcp_from "$CLIENT" fd09::2 fd09::1 25 || fail "$what: fd09::2 connects"
}
ours() { in_server nft "$1" "$2" inet watchforspammers "${@:3}"; }
# A set or chain that rules use can only be deleted with them.
delete_set() {
	printf '%s\n' "flush chain inet watchforspammers SPAMMER" "flush chain inet watchforspammers spammer_drop" \
		"delete set inet watchforspammers spammer" | in_server nft -f -
}
delete_chain() {
	printf '%s\n' "flush chain inet watchforspammers input" "delete chain inet watchforspammers input" | in_server nft -f -
}

heals "a flush" flush_firewall
heal_event() { sql "SELECT text FROM event WHERE what = 'heal'" | grep -q "^rules or lists were "; }
wait_until heal_event || fail "no event of the repair: $(sql "SELECT * FROM event")"
if [ "$BACKEND" = nftables ]; then
	logged "changed by nft (process " || fail "the log does not say who flushed"
	heals "a deleted table" ours delete table
	heals "a deleted set" delete_set
	heals "a deleted chain" delete_chain
	heals "an emptied set" ours flush set spammer
	heals "an emptied chain" ours flush chain SPAMMER
	heals "a rule that accepts" ours insert rule input accept
	! in_server nft list chain inet watchforspammers input | grep -qw accept\$ || fail "a foreign rule stays in our chain"
	heals "an element removed by hand" ours delete element spammer "{ 10.9.0.2 }"
	heals "elements removed by hand" ours delete element spammer6 "{ fd09::2 }"
	heals "a table put to sleep" in_server nft add table inet watchforspammers '{ flags dormant; }'
	ours add element spammer "{ 10.9.0.3 timeout 1h }"
	wait_until not listed 10.9.0.3 || fail "an address that somebody else added stays blocked"
fi

# --- what other firewalls do: reload their own tables; only what touches ours is reported
before=$(logged_times "changed by")
printf '%s\n' '*filter' ':INPUT ACCEPT [0:0]' ':ufw-before-input - [0:0]' '-A INPUT -j ufw-before-input' COMMIT >"$WORK/ufw"
for restore in iptables-legacy-restore iptables-nft-restore; do
	heals "ufw reload with $restore" in_server "$restore" "$WORK/ufw"
done
cat >"$WORK/firewalld" <<-END
table inet firewalld { }
delete table inet firewalld
table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state established accept
	}
}
END
heals "firewalld --reload" in_server nft -f "$WORK/firewalld"
for chain in DOCKER DOCKER-USER DOCKER-ISOLATION-STAGE-1; do
	in_server iptables-nft -t filter -N "$chain" || fail "iptables-nft: exit status $?"
done
heals "dockerd starts" in_server iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
[ "$BACKEND" != nftables ] || [ "$(logged_times "changed by")" = "$before" ] || fail "what others do to their own tables is reported"

# --- many times, while lines come in and others change their tables; 200 times when it is measured
if [ "$BACKEND" = nftables ]; then
	(while :; do
		postfix_dnsbl "198.51.100.$((RANDOM % 250 + 1))" >>"$LOG"
		in_server nft -f "$WORK/firewalld"
	done) 2>/dev/null &
	load=$!
	LISTENERS+=("$load")
	for _ in $(seq $((${WFS_BENCH:-0} ? 200 : 40))); do
		case $((RANDOM % 5)) in
		0) in_server nft flush ruleset ;;
		1) ours delete table ;;
		2) ours flush set spammer ;;
		3) ours flush chain input ;;
		4) ours delete element spammer "{ 10.9.0.2 }" ;;
		esac
		began=$(now_ms)
		wait_until is_whole || fail "a flush under load: not repaired"
		took=$(($(now_ms) - began))
		in_time "$took" || fail "a flush under load: repaired after $took ms"
		[ "$took" -le "$LONGEST" ] || LONGEST=$took
	done
	kill "$load"
	wait "$load" 2>/dev/null
fi
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind: $(our_rules)"
no_sanitizer
echo "ok, repaired after $LONGEST ms at most"
