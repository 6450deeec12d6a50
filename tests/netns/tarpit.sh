#!/usr/bin/env bash
# tarpit.sh: action = tarpit: the tarpit holds blocked clients, which never reach the mail server, in both families;
# others do. Nobody else can connect to its port; without it blocked clients are refused; it ends with the daemon and
# leaves no rules.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nft conntrack
[ "$BACKEND" = nftables ] || skip "the tarpit is made of nftables' rules"
daemon_prepare

# A mail server that says who it is.
for family in 4 6; do
	ip netns exec "$SERVER" python3 - "$family" <<'END' &
import socket, sys
v6 = sys.argv[1] == "6"
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("fd09::1" if v6 else "10.9.0.1", 25))
s.listen(8)
kept = []
while True:
    c, _ = s.accept()
    c.send(b"MAIL SERVER\r\n")
    kept.append(c)
END
	LISTENERS+=($!)
done

# first_of ADDRESS [PORT]: what the server's port sends first, one byte: "M", the tarpit "2"; nothing if it does not answer.
first_of() {
	local server=10.9.0.1
	[[ $1 != *:* ]] || server=fd09::1
	in_client python3 - "$1" "$server" "${2:-25}" <<'END'
import socket, sys
try:
    s = socket.create_connection((sys.argv[2], int(sys.argv[3])), 5, (sys.argv[1], 0))
    s.settimeout(30)
    print(s.recv(1).decode())
except OSError:
    pass
END
}

comes_first() {
	[ "$(first_of "$1")" = "$2" ]
}

tarpit_pid() {
	pgrep -P "$DAEMON" -f watchforspammers-tarpit
}

tarpit_port() {
	in_server ss -Hltnp | sed -n "s/.*[]*]:\([0-9]*\) .*pid=$(tarpit_pid),.*/\1/p"
}

status_has() {
	wfs status --json | jq -e "$1"
}

knocked() {
	[ "$(sql "SELECT knocks FROM active WHERE address = '$1'")" -gt 0 ]
}

daemon_config "[firewall]
action = tarpit
ports = 25"
wait_until comes_first 10.9.0.2 M || fail "the mail server does not answer"
wait_until comes_first fd09::2 M || fail "the mail server does not answer"
daemon_start
PIT=$(tarpit_pid) || fail "there is no tarpit"
for client in 10.9.0.2 fd09::2; do
	postfix_dnsbl "$client" >>"$LOG"
	wait_until listed "$client" $([[ $client != *:* ]] || echo spammer6) || fail "$client: not blocked"
	comes_first "$client" 2 || fail "$client: got \"$(first_of "$client")\", want the tarpit's greeting"
done
comes_first 10.9.0.3 M || fail "10.9.0.3: not blocked, and not served"

# --- what is shown; a connection that was led away counts as a dropped packet
in_client python3 -c 'import socket, sys
s = socket.create_connection(("10.9.0.1", 25), 5, ("10.9.0.2", 0))
sys.stdin.read()' < <(read -r -t 100 <> <(:)) &
HOLDER=$!
LISTENERS+=("$HOLDER")
export WAIT_S=30
wait_until knocked 10.9.0.2 || fail "10.9.0.2: what is led to the tarpit is not counted"
wait_until status_has '.tarpit_total >= 3 and .tarpit_held >= 1' || fail "status: $(wfs status --json | jq -c '{tarpit_held, tarpit_total}')"
wfs status | grep -q "^tarpit  *[0-9]* connections* held" || fail "status: $(wfs status)"
unset WAIT_S

# --- its rights
[ "$(stat -c %U "/proc/$PIT")" = nobody ] || fail "the tarpit runs as $(stat -c %U "/proc/$PIT")"
grep -q "^CapPrm:	0*$" "/proc/$PIT/status" || fail "the tarpit has capabilities"
grep -q "^NoNewPrivs:	1" "/proc/$PIT/status" || fail "the tarpit may gain rights"
grep -q "^Seccomp:	2" "/proc/$PIT/status" || grep -q __asan "$WFS_PROGRAM" || fail "the tarpit is not filtered"

# --- nobody gets at its port but by a block
port=$(tarpit_port)
[ "$port" -gt 0 ] || fail "where does the tarpit listen? $(in_server ss -ltnp)"
for client in 10.9.0.3 10.9.0.2 fd09::3; do
	[ -z "$(first_of "$client" "$port")" ] || fail "$client: the tarpit's port is open to all"
done

# --- unblocked, at once the mail server's again
wfs unblock 10.9.0.2 >/dev/null || fail "unblock"
wait_until comes_first 10.9.0.2 M || fail "10.9.0.2: unblocked, and still led away"

# --- without the tarpit blocked clients are refused, not let in
kill -KILL "$PIT"
wait_until logged "the tarpit has ended" || fail "nobody notices that the tarpit is gone"
[ -z "$(first_of fd09::2)" ] || fail "fd09::2: let in, since the tarpit is gone"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left $(our_rules)"

# --- a gate lets what is led away pass, and a restart has a tarpit again, which ends even if root is killed
daemon_config "[gate mail]
pause = 1h
[firewall]
action = tarpit
ports = 25"
daemon_start
wait_until comes_first fd09::2 2 || fail "fd09::2: after a restart, behind a gate: got \"$(first_of fd09::2)\""
PIT=$(tarpit_pid) || fail "there is no tarpit after a restart"
kill -KILL "$DAEMON" "$ENGINE"
wait_until is_gone "$PIT" || fail "the tarpit outlives root"
daemon_wait 2>/dev/null
[ -z "$(first_of fd09::2)" ] || fail "fd09::2: let in, since the daemon was killed"

# --- what is refused
daemon_config "[firewall]
backend = recent
action = tarpit"
wfs check >"$WORK/check" 2>&1 && fail "check accepts a tarpit with recent"
grep -qF "action = tarpit needs nftables: set backend = nftables" "$WORK/check" || fail "got: $(cat "$WORK/check")"
no_sanitizer
echo "ok"
