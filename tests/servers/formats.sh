#!/usr/bin/env bash
# Every format of export is read by the program that it is for: nft, ipset, named-checkzone, rbldnsd, sqlite3, jq.
set -u
# shellcheck source-path=SCRIPTDIR source=../netns/daemon_lib.sh
. "$(dirname "$0")/../netns/daemon_lib.sh"
netns_need nft ipset named-checkzone rbldnsd dig sqlite3 jq
daemon_prepare
daemon_config ""

# Addresses of both families, each on a blocklist, and a network with one of them in it.
for address in 198.51.100.7 198.51.100.8 203.0.113.9 2001:db8:7::1; do
	postfix_dnsbl "$address"
done >"$LOG"
wfs replay --database "$DB" --rules "$WORK/patterns" "$LOG" >"$WORK/printed" 2>&1 || fail "replay: $(cat "$WORK/printed")"
sqlite3 "$DB" "UPDATE block SET until = strftime('%s', 'now') + 3600;
INSERT INTO block (address, since, until, offence, rule) SELECT '203.0.112.0/23', since, until, 1, rule FROM block LIMIT 1" || fail "the database cannot be changed"
want=$(printf '%s\n' 198.51.100.7 198.51.100.8 2001:db8:7::/64 203.0.112.0/23 203.0.113.9)
widest=$(grep -v 203.0.113.9 <<<"$want")

# export_as FORMAT: into $WORK/FORMAT, by --output.
export_as() {
	wfs export --format "$1" --output "$WORK/$1" >"$WORK/printed" 2>&1 || fail "export --format $1: $(cat "$WORK/printed")"
}

# same NAME GOT WANT: the same lines in any order.
same() {
	[ "$(LC_ALL=C sort <<<"$2")" = "$(LC_ALL=C sort <<<"$3")" ] || fail "$1: got $(xargs <<<"$2"), want $(xargs <<<"$3")"
}

export_as plain
same plain "$(cat "$WORK/plain")" "$want"
export_as cidr
same cidr "$(sed 's,/32$,,' "$WORK/cidr")" "$want"

export_as csv
same csv "$(sqlite3 :memory: -cmd '.import --csv '"$WORK/csv"' t' "SELECT address FROM t WHERE rule = 'postfix-dnsbl'")" "$want"
export_as json
same json "$(jq -r 'select(.rule == "postfix-dnsbl") | .address' "$WORK/json")" "$want"
same "--json" "$(wfs export --json | jq -r .address)" "$want"

# Twice: the second time replaces what the first one loaded.
export_as nft
for _ in 1 2; do
	in_server nft -f "$WORK/nft" || fail "nft does not read it"
done
same nft "$(in_server nft -j list ruleset |
	jq -r '.nftables[].set.elem // empty | .[] | if type == "object" then "\(.prefix.addr)/\(.prefix.len)" else . end')" "$widest"

export_as ipset
for _ in 1 2; do
	in_server ipset restore <"$WORK/ipset" || fail "ipset does not read it"
done
same ipset "$(in_server ipset list -o save | sed -n 's/^add [^ ]* \([^ ]*\) timeout .*/\1/p')" "$want"

export_as bind
named-checkzone dnsbl.test "$WORK/bind" >"$WORK/printed" || fail "named-checkzone: $(cat "$WORK/printed")"

# answers NAME: what the zone says about it.
answers() {
	in_server dig +short +time=2 -p 5353 @127.0.0.1 "$1.dnsbl.test" A
}
is_served() { [ "$(answers 2.0.0.127)" = 127.0.0.2 ]; }
export_as rbldnsd
chmod 755 "$WORK"
in_server rbldnsd -n -u nobody -b 127.0.0.1/5353 -c 1 dnsbl.test:combined:"$WORK/rbldnsd" >"$WORK/rbldnsd.out" 2>&1 &
LISTENERS+=($!)
wait_until is_served || fail "rbldnsd: $(cat "$WORK/rbldnsd.out")"
for name in 7.100.51.198 9.113.0.203 1.112.0.203 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0.8.b.d.0.1.0.0.2; do
	[ "$(answers "$name")" = 127.0.0.2 ] || fail "rbldnsd: $name: got \"$(answers "$name")\", want 127.0.0.2"
done
for name in 1.0.0.127 9.100.51.198 1.114.0.203; do
	[ -z "$(answers "$name")" ] || fail "rbldnsd: $name is listed"
done

# A file that cannot be replaced stays, with a sentence.
wfs export --output /proc/nothing/there >"$WORK/printed" 2>&1
[ $? = 3 ] || fail "a file that cannot be written: $(cat "$WORK/printed")"
grep -q "cannot write beside /proc/nothing/there: " "$WORK/printed" || fail "said: $(cat "$WORK/printed")"
[ -z "$(find "$WORK" -maxdepth 1 -name 'plain.*')" ] || fail "files are left over"
echo "ok"
