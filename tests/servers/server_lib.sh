# server_lib.sh: a real mail server of Debian beside the daemon; sourced by the tests of this folder.
#
# The server lives in the namespace $SERVER of lib.sh, in a root of its own (roots.sh), with a syslog daemon and
# a name server; its /var/log is $WORK/log, so the daemon follows the very lines that the server's own syslog
# daemon wrote. Everything in the root is process 1 of a PID namespace or its child, all it writes lies in a
# tmpfs of a mount namespace: when process 1 is killed, processes, mounts and files are gone.
#
#   10.9.0.2, 10.9.0.8 / fd09::2, fd09::8   on the DNS blocklist dnsbl.test
#   10.9.0.3 / fd09::3                      honest: honest.example.net, forward and reverse
#   the others                              no name
#
# alice@mx.example.org has the password "right-Horse7". Domains that exist: example.org (ours, mx.example.org),
# example.net, example.com (others).
#
# WFS_PROGRAM, WFS_SOURCE_ROOT: as in daemon_lib.sh. Needs: root, swaks, debootstrap, sqlite3, jq.
# shellcheck source-path=SCRIPTDIR source=../netns/daemon_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/daemon_lib.sh"
# shellcheck source=client_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/client_lib.sh"

SERVERS_HERE=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PASSWORD=right-Horse7
VARIANT=syslog # or "file", the server's own log file
SERVER_INIT=

# server_prepare NAME PROGRAM...: namespaces, $WORK and the root; skips when a program is not installed.
server_prepare() {
	local name=$1
	shift
	netns_need swaks debootstrap unshare setpriv flock sqlite3 jq iptables-legacy ip6tables-legacy "$@"
	ROOT=$(bash "$SERVERS_HERE/roots.sh" "$name" </dev/null) || fail "no root for $name"
	daemon_prepare
	trap server_down EXIT
}

server_has_ended() {
	! kill -0 "$SERVER_INIT" 2>/dev/null
}

server_is_empty() {
	[ -z "$(ip netns pids "$SERVER" 2>/dev/null)" ]
}

server_is_up_or_ended() {
	[ -e "$WORK/up" ] || server_has_ended
}

# The script on standard input, with root_lib.sh, $PASSWORD and $VARIANT, run by bash -eu in the root, configures and starts the server; it returns when
# the server runs in the background.
server_start() {
	cat "$SERVERS_HERE/root_lib.sh" - >"$WORK/setup"
	# unshare itself ignores TERM, and hands its death on to process 1 of the new namespace.
	ip netns exec "$SERVER" setpriv --pdeathsig KILL -- unshare --mount --pid --uts --ipc --fork --kill-child=KILL -- \
		bash -eu "$SERVERS_HERE/inside.sh" "$ROOT" "$WORK" "$PASSWORD" "$VARIANT" </dev/null >"$WORK/server.out" 2>&1 &
	SERVER_INIT=$!
	wait_long server_is_up_or_ended || server_fail "the server does not start"
	[ -e "$WORK/up" ] || server_fail "the server could not be started"
}

server_down() {
	local failed=$?
	# A second Ctrl-C does not interrupt this.
	trap '' INT TERM HUP
	clients_down
	[ -z "$DAEMON" ] || { kill "$DAEMON" 2>/dev/null; wait "$DAEMON" 2>/dev/null; DAEMON=; }
	if [ -n "$SERVER_INIT" ]; then
		kill -KILL "$SERVER_INIT" 2>/dev/null
		wait "$SERVER_INIT" 2>/dev/null
		wait_until server_is_empty
	fi
	[ "$failed" = 0 ] || [ -z "${WFS_SERVERS_KEEP-}" ] || cp -a "$WORK" "$WFS_SERVERS_KEEP"
	daemon_down
}

# Ends the test with the logs of the server and the daemon.
server_fail() {
	{
		for file in "$WORK/server.out" "$WORK/client.out" "$WORK/daemon.err" "${LOG_FILES[@]}"; do
			[ ! -s "$file" ] || { echo "--- ${file#"$WORK/"}"; tail -n 60 "$file"; }
		done
		echo "---"
	} >&2
	fail "$@"
}

# logs_follow NAME...: the logs, by their path under /var/log of the root. They exist before the server, so that
# the daemon may read them as nobody; on a real machine its user has the group adm.
LOG_FILES=()
logs_follow() {
	local name
	LOG_FILES=()
	for name; do
		LOG_FILES+=("$WORK/log/$name")
		mkdir -p "$(dirname "$WORK/log/$name")"
		touch "$WORK/log/$name"
	done
	# Which daemon_config reads.
	# shellcheck disable=SC2034
	LOG=${LOG_FILES[0]}
}

# Starts the daemon; the mail ports and that of sshd are closed to blocked clients.
guard() {
	local more="" name
	for name in "${LOG_FILES[@]:1}"; do
		more+="[log $name]"$'\n'
	done
	daemon_config "${more}[firewall]
ports = 22,25,110,143,465,587,993,995,4190
resync = 1s"
	daemon_start
}

# The address as /proc/net/xt_recent has it, and the list it would be in.
is_blocked() {
	case $1 in
	fd09::?) listed "fd09:0000:0000:0000:0000:0000:0000:000${1#fd09::}" spammer6 ;;
	*) listed "$1" ;;
	esac
}

# expect_blocked ADDRESS PORT RULE CATEGORY: RULE may be a pattern of LIKE; it is the rule that blocked.
expect_blocked() {
	local got
	wait_long is_blocked "$1" || server_fail "$1: not in the kernel's list; hits: $(hits_of "$1")"
	! knock "$1" "$2" || server_fail "$1: connects to port $2 though blocked"
	got=$(sql "SELECT rule || ' ' || category FROM blocks WHERE address = '$1'")
	[ "$(sql "SELECT count(*) FROM blocks WHERE address = '$1' AND rule LIKE '$3' AND category = '$4'")" = 1 ] ||
		server_fail "$1: got a block by \"$got\", want \"$3 $4\""
}

hits_of() {
	sql "SELECT group_concat(rule || ' ' || category || ' ' || score, ', ') FROM hits WHERE address = '$1'"
}

# expect_open ADDRESS PORT: the daemon has read all and it never was blocked; it connects.
expect_open() {
	wait_long has_read_all || server_fail "the daemon does not read to the end: $(wfs status --json)"
	! is_blocked "$1" || server_fail "$1: honest, but in the kernel's list; hits: $(hits_of "$1")"
	[ "$(sql "SELECT count(*) FROM block WHERE address = '$1'")" = 0 ] || server_fail "$1: honest, but was blocked: $(hits_of "$1")"
	knock "$1" "$2" || server_fail "$1: honest, but cannot connect to port $2"
}

has_hits() {
	[ "$(sql "SELECT count(*) FROM hits WHERE address = '$1' AND rule LIKE '$2'")" = "$3" ]
}

# expect_hits ADDRESS RULE NUMBER
expect_hits() {
	wait_until has_hits "$@" || server_fail "$1: want $3 hits of $2, got: $(hits_of "$1")"
}

has_read_all() {
	local name
	for name in "${LOG_FILES[@]}"; do
		[ "$(wfs status --json | jq --arg path "$name" '.logs[] | select(.path == $path) | .lines')" = "$(wc -l <"$name")" ] || return 1
	done
}

# The end of every test: no client but those was ever blocked, the daemon stops well and leaves nothing.
finish() {
	local got want=$*
	got=$(sql "SELECT DISTINCT address FROM block ORDER BY address" | sort | xargs)
	want=$(printf '%s\n' "$@" | sort | xargs)
	[ "$got" = "$want" ] || server_fail "blocked: got \"$got\", want \"$want\""
	daemon_stop || server_fail "exit status $? on SIGTERM"
	! grep -qE "ERROR|Sanitizer" "$WORK/daemon.err" || server_fail "a sanitizer complained"
	echo "ok"
}
