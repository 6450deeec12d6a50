#!/usr/bin/env bash
# agree.sh: for 1000 random addresses with random histories, and some chosen ones, "test", "why" and the kernel agree.
# The kernel is queried with packets. The addresses are blocked by evidence, by hand and by votes; as /64, as /24 and as
# networks by hand; allowed, unblocked, voted white, expired, and blocked again.
#
# WFS_KNOCK: the program knock. WFS_SEED: repeats a run.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
: "${WFS_KNOCK:?}"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
RANDOM=${WFS_SEED:=$((BASHPID ^ EPOCHSECONDS % 32768))}
SEED=$WFS_SEED
echo "seed $SEED"
N=1000
daemon_prepare

# Where they come from; the client is all of them.
for net in 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 10.128.0.0/9 172.16.0.0/16; do
	ip -n "$CLIENT" route add local "$net" dev lo || fail "the client cannot be $net"
	ip -n "$SERVER" route add "$net" via 10.9.0.2 || fail "no route back to $net"
done
ip -n "$CLIENT" route add local 2001:db8::/32 dev lo || fail "the client cannot be 2001:db8::/32"
ip -n "$SERVER" route add 2001:db8::/32 via fd09::2 || fail "no route back to 2001:db8::/32"
ip netns exec "$SERVER" "$WFS_KNOCK" listen 25 &
LISTENERS+=($!)
wait_until is_listening 25 || fail "nobody listens"

daemon_config "[block]
for = 1h
extend = no
network_after = 5
network_threshold = 0
account_addresses = 0
max_blocks_per_minute = 0
[allow]
address = 10.128.0.0/11
address = 198.51.100.16/28
address = 2001:db8:3::/48
address = 2001:db8:5:1::1
[firewall]
resync = 1s"
daemon_start

# Where hardly two are of one network, it is known what must become of them; in the others they block and free each
# other. They are not printed: in the subshell that reads it RANDOM starts again, and the seed would repeat nothing.
sparse() { printf -v address '10.%d.%d.%d' $((RANDOM % 128 + 128)) $((RANDOM % 256)) $((RANDOM % 256)); }
dense() {
	case $((RANDOM % 5)) in
	0) address=192.0.2.$((RANDOM % 256)) ;;
	1) address=198.51.100.$((RANDOM % 256)) ;;
	2) address=203.0.113.$((RANDOM % 256)) ;;
	*) printf -v address '2001:db8:%x:%x::%x' $((RANDOM % 12 + 1)) $((RANDOM % 12 + 1)) $((RANDOM % 4 + 1)) ;;
	esac
}
FATES=(nothing nothing four five dnsbl dnsbl hand expired black white unblocked back)
declare -A FATE=()
while [ "${#FATE[@]}" -lt "$N" ]; do
	if ((RANDOM % 3 == 0)); then sparse; else dense; fi
	FATE[$address]=${FATES[RANDOM % ${#FATES[@]}]}
done
# Networks that chance does not visit, so it is known what becomes of them: a client freed in one frees all of it.
for i in 1 2 3 4 5; do
	FATE[172.16.1.$i]=five
done
FATE[172.16.1.9]=nothing
FATE[172.16.2.65]=nothing
FATE[172.16.3.65]=unblocked
FATE[2001:db8:d:1::1]=dnsbl
FATE[2001:db8:d:1::2]=nothing
FATE[2001:db8:d:2::1]=nothing
FATE[2001:db8:d:3::1]=white
FATE[2001:db8:d:3::2]=nothing
SHUT=(172.16.1.0/24 172.16.1.9 172.16.2.64/26 172.16.2.65 2001:db8:d:1::/64 2001:db8:d:1::2 2001:db8:d:2::/64
	2001:db8:d:2::1)
OPEN=(172.16.3.64/26 172.16.3.65 2001:db8:d:3::/64 2001:db8:d:3::1 2001:db8:d:3::2)
for address in "${!FATE[@]}"; do
	echo "$address ${FATE[$address]}"
done | sort >"$WORK/fates"

ask_all() {
	in_server timeout 60 nc -N -U "$SOCKET"
}
is_all_read() { [ "$(sql "SELECT sum(position) FROM log")" = "$(stat -c %s "$LOG")" ]; }
all_are_read() { wait_until is_all_read || fail "seed $SEED: not all lines are read"; }

# Their lines in the log; orders about them.
while read -r address fate; do
	case $fate in
	dnsbl | white | unblocked | back) postfix_dnsbl "$address" ;;
	four) for _ in 1 2 3 4; do wrong_password "$address"; done ;;
	five) for _ in 1 2 3 4 5; do wrong_password "$address"; done ;;
	esac
done <"$WORK/fates" >>"$LOG"
all_are_read
{
	echo "block 192.0.2.64/26 for 1h"
	echo "block 2001:db8:7:2::/64 for 1h"
	for net in 172.16.2.64/26 172.16.3.64/26 2001:db8:d:2::/64 2001:db8:d:3::/64; do
		echo "block $net for 1h"
	done
	echo "block 198.51.100.0/25 for 1h" # somebody allowed lives in it
	echo "block 2001:db8:5::/48 for 1h" # here too
	while read -r address fate; do
		case $fate in
		hand) echo "block $address for 1h" ;;
		expired) echo "block $address for 1s" ;;
		black) echo "vote black $address score 100" ;;
		white) echo "vote white $address" ;;
		unblocked | back) echo "unblock $address" ;;
		esac
	done <"$WORK/fates"
} >"$WORK/requests"
ask_all <"$WORK/requests" >"$WORK/answers"
[ "$(wc -l <"$WORK/answers")" = "$(wc -l <"$WORK/requests")" ] || fail "seed $SEED: not all requests are answered"

# Lines after an unblock are new; and the short blocks end.
wait_until second_is $((SECONDS + 2))
sed -n 's/ back$//p' "$WORK/fates" | while read -r address; do
	postfix_dnsbl "$address"
done >>"$LOG"
all_are_read

# The blocked clients: by "test", by "why", and by what becomes of their packets.
tested() {
	sed 's/^\([^ ]*\) .*/test \1/' "$WORK/fates" | ask_all | jq -r 'select(.blocked) | .address' | sort
}
knocked() {
	cut -d' ' -f1 "$WORK/fates" | in_client "$WFS_KNOCK" from 25 10.9.0.1 fd09::1 | sort >"$WORK/open" || return 1
	cut -d' ' -f1 "$WORK/fates" | sort | comm -23 - "$WORK/open"
}
agree() {
	tested >"$WORK/tested" && knocked >"$WORK/knocked" && cmp -s "$WORK/tested" "$WORK/knocked"
}
# A network is blocked, or given back, at the next sync.
synced_s=$(($(date +%s) + 1))
wait_until is_synced_after "$synced_s" || fail "seed $SEED: no sync"
wait_until agree ||
	fail "seed $SEED: the kernel (left) and test differ: $(comm -3 "$WORK/knocked" "$WORK/tested" | head -5)"
# "why" reads the database, whatever the backend: a thousand processes are enough once.
if [ "$BACKEND" = recent ]; then
	while read -r address _; do
		wfs why --json "$address"
	done <"$WORK/fates" | jq -r 'select(.blocked) | .address' | sort >"$WORK/whys"
	cmp -s "$WORK/tested" "$WORK/whys" ||
		fail "seed $SEED: why (left) and test differ: $(comm -3 "$WORK/whys" "$WORK/tested" | head -5)"
fi

# It is not all the same to them what happened.
while read -r address fate; do
	case $address in 10.*) ;; *) continue ;; esac
	IFS=. read -r _ second _ <<<"$address"
	want=open
	case $fate in five | dnsbl | hand | black | back) want=shut ;; esac
	((second >= 160)) || want=open # allowed
	got=open
	! grep -qx "$address" "$WORK/tested" || got=shut
	[ "$got" = "$want" ] || fail "seed $SEED: $address, $fate: got $got, want $want"
done <"$WORK/fates"
for net in "${SHUT[@]}" "${OPEN[@]}"; do
	want=open
	[[ " ${SHUT[*]} " != *" $net "* ]] || want=shut
	got=open
	! wfs test "$net" >"$WORK/printed" || got=shut
	[ "$got" = "$want" ] || fail "seed $SEED: $net: got $got, want $want: $(cat "$WORK/printed");" \
		"$(sql "SELECT * FROM blocks WHERE address = '$net'")"
done

echo "${#FATE[@]} addresses, $(wc -l <"$WORK/tested") blocked: test, the kernel, and with recent why agree"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
