#!/usr/bin/env bash
# networks.sh: more networks than fit one of the kernel's lists (100, unless raised) are all dropped, like addresses in
# capacity.sh. Networks that no list can hold are recorded, reported to the caller, and shown by status.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy shuf comm
daemon_prepare
listen 25

# 300 networks of each kind; the last whole byte of the first 256 is always another.
NET4=() NET6=() NET48=()
for i in {0..299}; do
	NET4+=("10.$((20 + i / 256)).$((i % 256)).0/24")
	NET6+=("$(printf 'fd0b:0:0:%x::/64' "$i")")
	NET48+=("$(printf 'fd0c:0:%x::/48' "$i")")
done
mapfile -t TRIED4 < <(printf '%s\n' "${NET4[@]}" | shuf -n 12 | sed 's/0\/24$/9/')
mapfile -t TRIED6 < <(printf '%s\n' "${NET6[@]}" | shuf -n 12 | sed 's/::\/64$/::9/')
mapfile -t TRIED48 < <(printf '%s\n' "${NET48[@]}" | shuf -n 12 | sed 's/::\/48$/:7::9/')
GOOD4=(10.22.0.9 10.22.44.9 10.22.255.9) GOOD6=(fd0b:0:0:300::9 fd0b:0:1:7::9 fd0c:0:300::9 fd0c:1:7::9)
{
	printf 'address add %s/32 dev mail0\n' "${TRIED4[@]}" "${GOOD4[@]}"
	printf 'address add %s/128 dev mail0 nodad\n' "${TRIED6[@]}" "${TRIED48[@]}" "${GOOD6[@]}"
} >"$WORK/addresses"
ip -n "$CLIENT" -batch "$WORK/addresses" || fail "cannot give the client its addresses"
ip -n "$SERVER" route add 10.16.0.0/12 dev mail0 || fail "no route back to the client"
ip -n "$SERVER" -6 route add fd0b::/16 dev mail0 && ip -n "$SERVER" -6 route add fd0c::/16 dev mail0 || fail "no IPv6 route"

connects() {
	case $1 in
	*:*) tcp_from "$CLIENT" "$1" fd09::1 25 ;;
	*) tcp_from "$CLIENT" "$1" 10.9.0.1 25 ;;
	esac
}

# The blocked are tried all at once; those that shall connect more than once, as a busy listener may drop a SYN.
shut() {
	local address got
	got=$(for address; do connects "$address" && echo "$address" & done; wait)
	[ -z "$got" ] || fail "connects though blocked: $got"
}

open() {
	local address
	for address; do
		wait_until connects "$address" || fail "$address cannot connect"
	done
}

held() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft -j list set inet watchforspammers "$1" 2>/dev/null | jq '[.nftables[].set? | .elem[]?] | length'
		return
	fi
	in_server sh -c "cat /proc/net/xt_recent/$1 /proc/net/xt_recent/$1_*" 2>/dev/null | grep -c '^src='
}

holds() {
	[ "$(held "$1")" = "$2" ]
}

ulimit -Sn 512 # the root process asks for as many as there are lists
daemon_config "[block]
extend = no
[firewall]
resync = 1s"
daemon_start
per_list=$(cat /sys/module/xt_recent/parameters/ip_list_tot)
[ "$BACKEND" != recent ] || [ "$per_list" = 100 ] || { daemon_stop; skip "ip_list_tot of xt_recent is $per_list here, not the stock 100"; }
open "${TRIED4[0]}" "${TRIED6[0]}" "${TRIED48[0]}" "${GOOD4[@]}" "${GOOD6[@]}"

for net in "${NET6[@]}"; do postfix_dnsbl "${net%/64}1"; done >>"$LOG"
wait_until holds spammer64 300 || fail "$(held spammer64) of 300 /64 are held"
wfs block "${NET4[@]}" "${NET48[@]}" --for 1h >/dev/null || fail "block: exit status $?"
holds spammer24 300 || fail "$(held spammer24) of 300 /24 are held"
holds spammer48 300 || fail "$(held spammer48) of 300 /48 are held"
holds spammer64 300 || fail "$(held spammer64) of 300 /64 are held after the others came"
shut "${TRIED4[@]}" "${TRIED6[@]}" "${TRIED48[@]}"
open "${GOOD4[@]}" "${GOOD6[@]}"
wfs status --json | jq -e '.refused == 0 and .refused_why == null' >/dev/null || fail "status: $(wfs status --json)"
wfs unblock "${NET4[7]}" >/dev/null || fail "unblock: exit status $?"
holds spammer24 299 || fail "unblock: $(held spammer24) of 299 are held"

# --- a hundred more in one list: there is no capacity for the last, and every channel reports it
if [ "$BACKEND" = recent ]; then # which has lists so small
for i in {0..98}; do
	answer=$(wfs block --json "10.$((100 + i)).9.0/24") || break
done
echo "$answer" | jq -e '.ok and .refused == 1 and (.refused_why | test("spammer24_09 is full"))' >/dev/null ||
	fail "the list is full, and the answer is $answer"
status=0
text=$(wfs block 10.250.9.0/24 2>&1) || status=$?
[ "$status" = 3 ] && [[ $text == *"10.250.9.0/24 is blocked until"*"the kernel rejected"*"spammer24_09 is full"* ]] ||
	fail "no capacity: exit status $status, $text"
shows_refused() {
	wfs status --json | jq -e '.refused == 2 and (.refused_why | test("is full"))'
}
wait_until shows_refused || fail "status does not show what is not held: $(wfs status --json)"
status_text | grep "^PROBLEM the kernel rejected 2 .* is full" >/dev/null || fail "status: $(wfs status)"
[ "$(wfs list --json | jq -r 'select(.address == "10.250.9.0/24") | .rule')" = manual ] || fail "it is not recorded"
# When there is capacity, the next sync adds it.
wfs unblock 10.100.9.0/24 >/dev/null && wfs unblock 10.101.9.0/24 >/dev/null || fail "unblock: exit status $?"
is_in() {
	in_server grep -q "src=10.250.9.0 " /proc/net/xt_recent/spammer24_09
}
wait_until is_in || fail "there is capacity now, and it is not held"
shows_none() {
	wfs status --json | jq -e '.refused == 0 and .refused_why == null'
}
wait_until shows_none || fail "status: $(wfs status --json)"
fi
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
