#!/usr/bin/env bash
# block.sh: the main job, with the real kernel: after a hostile line the client's packets are dropped, in IPv4 and IPv6;
# the database has the reason; the block expires; a flushed firewall is repaired; a stop leaves nothing behind.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
listen 25
daemon_config "[block]
for = 20s 1h
extend = no
[firewall]
resync = 1s"
daemon_start

closes() {
	if [ "$BACKEND" = nftables ]; then
		set_has "$SERVER" watchforspammers spammer_ports "$1"
	else
		in_server iptables-legacy -S INPUT | grep -q "dports.*[ ,]$1[ ,]"
	fi
}
for port in 25 110 143 465 587 993 995 4190; do
	closes "$port" || fail "port $port is not closed: $(our_rules)"
done

blocked4() { ! tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25; }
blocked6() { ! tcp_from "$CLIENT" fd09::2 fd09::1 25; }
open4() { tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25; }
open6() { tcp_from "$CLIENT" fd09::2 fd09::1 25; }

open4 || fail "IPv4: no connection before the block"
open6 || fail "IPv6: no connection before the block"

# Courier, then Postfix.
courier_511 10.9.0.2 >>"$LOG"
courier_511 fd09::2 >>"$LOG"
wait_until listed 10.9.0.2 || fail "Courier's 511: not in the kernel's list"
wait_until listed fd09:0000:0000:0000:0000:0000:0000:0002 spammer6 || fail "Courier's 511: IPv6 not in the kernel's list"
blocked4 || fail "IPv4: connects though blocked"
blocked6 || fail "IPv6: connects though blocked"
tcp_from "$CLIENT" 10.9.0.3 10.9.0.1 25 || fail "another client is blocked as well"

[ "$(wfs list | tail -n 1)" = "ports closed to them: 25,110,143,465,587,993,995,4190" ] || fail "list does not say which ports: $(wfs list)"
wfs list --json | jq -e -s 'map(select(.address == "10.9.0.2")) | length == 1 and .[0].rule == "courier-dnsbl" and .[0].offence == 1' >/dev/null ||
	fail "list --json does not say it: $(wfs list --json)"
wfs why --json 10.9.0.2 | jq -e '.blocked and (.hits | length == 1) and (.blocks | length == 1)' >/dev/null ||
	fail "why --json does not say it: $(wfs why --json 10.9.0.2)"
wfs why 10.9.0.2 | grep -q "is blocked until" || fail "why does not say it"
wfs status --json | jq -e --arg backend "$BACKEND" '.running and .blocks_active == 2 and .hits == 2 and .logs[0].lines == 2 and .backend == $backend and .capacity > 0 and .ports == "25,110,143,465,587,993,995,4190"' >/dev/null ||
	fail "status --json: $(wfs status --json)"

WAIT_S=30 wait_until open4 || fail "IPv4: still blocked after its time"
WAIT_S=30 wait_until open6 || fail "IPv6: still blocked after its time"
[ "$(sql "SELECT count(*) FROM blocks WHERE ended_by = 'expired'")" = 2 ] || fail "the database does not know they expired"

# Postfix, for the second offence; the firewall is flushed behind the daemon's back.
postfix_dnsbl 10.9.0.2 >>"$LOG"
wait_until listed 10.9.0.2 || fail "Postfix's reject: not in the kernel's list"
flush_firewall
wait_until listed 10.9.0.2 || fail "not healed after a flush"
blocked4 || fail "listed again, but connects"
wait_until sql_is "SELECT max(offence) FROM blocks WHERE address = '10.9.0.2'" 2 || fail "not the second offence"

# Five wrong passwords block, four do not.
for _ in 1 2 3 4; do wrong_password 10.9.0.4 >>"$LOG"; done
for _ in 1 2 3 4 5; do wrong_password 10.9.0.5 >>"$LOG"; done
wait_until listed 10.9.0.5 || fail "five wrong passwords do not block"
! listed 10.9.0.4 || fail "four wrong passwords block"
# A customer who forgot to log in is no relay test: two are needed.
relay_denied 10.9.0.7 >>"$LOG"
for _ in 1 2; do relay_denied 10.9.0.8 >>"$LOG"; done
wait_until listed 10.9.0.8 || fail "two attempts to relay do not block"
! listed 10.9.0.7 || fail "one attempt to relay blocks"
# Dovecot lets a guesser wait longer than Postfix does. When it is slow, everybody gets that answer.
for _ in 1 2 3 4; do wrong_password 10.9.0.9 >>"$LOG"; done
for _ in 1 2 3 4; do lost_login 10.9.0.9 >>"$LOG"; done
for _ in {1..19}; do lost_login 10.9.0.3 >>"$LOG"; done
postfix_dnsbl fd09::9 >>"$LOG"
wait_until listed fd09:0000:0000:0000:0000:0000:0000:0009 spammer6 || fail "fd09::9 not blocked"
listed 10.9.0.9 || fail "a guesser whom Postfix does not wait for is not blocked"
! listed 10.9.0.3 || fail "a slow authentication server blocks who is honest"
# Never blocked: this machine itself.
postfix_dnsbl 10.9.0.1 >>"$LOG"
postfix_dnsbl 127.0.0.1 >>"$LOG"
postfix_dnsbl 10.9.0.6 >>"$LOG"
wait_until listed 10.9.0.6 || fail "10.9.0.6 not blocked"
! listed 10.9.0.1 || fail "blocked its own address"
[ "$(sql "SELECT count(*) FROM blocks WHERE address IN ('10.9.0.1', '127.0.0.1')")" = 0 ] || fail "a block of an own address"

# Stop leaves no chain, no jump, no list.
daemon_stop || fail "exit status $? on SIGTERM: $(cat "$WORK/daemon.err")"
no_rules || fail "stop left rules behind: $(our_rules)"
! in_server test -e /proc/net/xt_recent/spammer || fail "stop left a list behind"
open4 || fail "blocked after stop"
! grep -qE "ERROR|Sanitizer" "$WORK/daemon.err" || { cat "$WORK/daemon.err"; fail "a sanitizer complained"; }
echo "ok"
