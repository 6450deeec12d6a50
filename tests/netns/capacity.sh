#!/usr/bin/env bash
# capacity.sh: more addresses than fit one of the kernel's lists (100, unless raised) are all dropped: they are spread
# over 256 lists. When they have expired, all lists are empty, and there is one list again.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy shuf comm
daemon_prepare
listen 25

# 300 IPv4 addresses: the last bytes of 10.9.1.* are all different, 10.9.2.* shares its own with them. 110 IPv6.
# As many more, which are good.
V4=() V6=() GOOD4=(10.9.0.7 10.9.3.1 10.9.3.101 10.9.3.201)
for i in {1..200}; do V4+=("10.9.1.$i"); done
for i in {101..200}; do V4+=("10.9.2.$i"); done
for i in {1..110}; do V6+=("fd09::1:$(printf %x "$i")"); done
{
	printf 'address add %s/32 dev mail0\n' "${V4[@]}" "${GOOD4[@]:1}"
	printf 'address add %s/128 dev mail0 nodad\n' "${V6[@]}"
} >"$WORK/addresses"
ip -n "$CLIENT" -batch "$WORK/addresses" || fail "cannot give the client its addresses"
ip -n "$SERVER" route add 10.9.0.0/22 dev mail0 || fail "no route back to the client"

# Prints those that cannot connect. The blocked are tried all at once, so that it lasts a second; those that shall
# connect one after the other and more than once, as a busy listener may drop a SYN.
shut() {
	local address
	for address; do
		tcp_from "$CLIENT" "$address" "$TO" 25 || echo "$address" &
	done
	wait
}

open() {
	local address
	for address; do
		wait_until tcp_from "$CLIENT" "$address" "$TO" 25 || echo "$address"
	done
}

# An address as the kernel writes it in its lists.
as_listed() {
	local address
	for address; do
		case $address in
		fd09::1:*) printf 'fd09:0000:0000:0000:0000:0000:0001:%04x\n' "$((16#${address##*:}))" ;;
		*) echo "$address" ;;
		esac
	done | sort
}

all_are_listed() {
	[ "$(kernel_set)" = "$WANTED" ]
}

nothing_is_listed() {
	[ -z "$(kernel_set)" ]
}

# Lists of both families: for addresses, IPv6 /64, IPv4 /24 and IPv6 /48, one or 256 each.
n_lists() {
	in_server sh -c 'ls /proc/net/xt_recent' | grep -c '^spammer'
}

has_lists() {
	[ "$BACKEND" != recent ] || [ "$(n_lists)" = "$1" ]
}

daemon_config "[block]
for = 1h
extend = no
[firewall]
resync = 1s"
daemon_start
per_list=$(cat /sys/module/xt_recent/parameters/ip_list_tot)
MOST=25600 LEAST=100
[ "$BACKEND" = recent ] || MOST=1000000 LEAST=1000000
[ "$BACKEND" != recent ] || [ "$per_list" = 100 ] || { daemon_stop; skip "ip_list_tot of xt_recent is $per_list here, not the stock 100"; }
has_lists 5 || fail "before the blocks: got $(n_lists) lists, want 5"

mapfile -t TRIED4 < <(printf '%s\n' "${V4[@]}" | shuf -n 20)
mapfile -t TRIED6 < <(printf '%s\n' "${V6[@]}" | shuf -n 5)
TO=10.9.0.1 && got=$(open "${TRIED4[@]}" "${GOOD4[@]}")
[ -z "$got" ] || fail "no connection before the blocks from $got"
TO=fd09::1 && got=$(open "${TRIED6[@]}")
[ -z "$got" ] || fail "no connection before the blocks from $got"

# Up to the capacity one list is enough; then more and more in three steps, so that lists are recreated while full.
for address in "${V4[@]:0:100}"; do postfix_dnsbl "$address"; done >>"$LOG"
WANTED=$(as_listed "${V4[@]:0:100}")
wait_until all_are_listed || fail "100 blocks: $(kernel_set | wc -l) listed"
has_lists 5 || fail "100 blocks: got $(n_lists) lists, want 5"
for address in "${V4[@]:100:50}"; do postfix_dnsbl "$address"; done >>"$LOG"
WANTED=$(as_listed "${V4[@]:0:150}")
wait_until all_are_listed || fail "150 blocks: $(kernel_set | wc -l) listed"
for address in "${V4[@]:150}" "${V6[@]}"; do postfix_dnsbl "$address"; done >>"$LOG"
WANTED=$(as_listed "${V4[@]}" "${V6[@]}")
wait_until all_are_listed ||
	fail "410 blocks: not listed: $(comm -13 <(kernel_set) <(echo "$WANTED") | head -n 5); too many: $(comm -23 <(kernel_set) <(echo "$WANTED") | head -n 5)"
has_lists 1280 || fail "410 blocks: got $(n_lists) lists, want 1280"
[ "$BACKEND" != recent ] || logged "do not fit in lists of 100" || fail "the log does not show why there are 256 lists"

TO=10.9.0.1 && got=$(shut "${TRIED4[@]}" | wc -l)
[ "$got" = 20 ] || fail "IPv4: $got of 20 blocked clients cannot connect"
TO=fd09::1 && got=$(shut "${TRIED6[@]}" | wc -l)
[ "$got" = 5 ] || fail "IPv6: $got of 5 blocked clients cannot connect"
TO=10.9.0.1 && got=$(open "${GOOD4[@]}")
[ -z "$got" ] || fail "not blocked and cannot connect: $got"

has_capacity() {
	wfs status --json | jq -e --argjson n "$1" '.capacity == $n and .drift == 0'
}
wait_until has_capacity "$MOST" || fail "status --json: got $(wfs status --json), want a capacity of $MOST"
status_text | grep -F "room for $MOST addresses" >/dev/null || fail "status does not show the capacity: $(wfs status)"
[ "$(wfs list --json | wc -l)" = 410 ] || fail "list shows $(wfs list --json | wc -l) blocks, want 410"

# The next start finds all of them, and their ends near.
daemon_stop || fail "exit status $?"
sqlite3 "$DB" "UPDATE block SET until = unixepoch() + 5" || fail "cannot move the ends"
chown nobody "$DB"*
daemon_start
wait_until nothing_is_listed || fail "after their time $(kernel_set | wc -l) are listed"
[ "$(sql "SELECT count(*) FROM blocks WHERE ended_by = 'expired'")" = 410 ] || fail "the database does not know they expired"
TO=10.9.0.1 && got=$(open "${TRIED4[@]}")
[ -z "$got" ] || fail "expired and cannot connect: $got"
wait_until has_lists 5 || fail "nothing blocked: got $(n_lists) lists, want 5 again"
has_capacity "$LEAST" >/dev/null || wait_until has_capacity "$LEAST" || fail "status --json: got $(wfs status --json), want a capacity of $LEAST"
postfix_dnsbl 10.9.1.1 >>"$LOG"
wait_until listed 10.9.1.1 || fail "no block after there is one list again"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
