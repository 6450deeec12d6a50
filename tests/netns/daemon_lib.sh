# daemon_lib.sh: the daemon itself in the server's namespace of lib.sh; sourced by the tests of this folder.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout, for its rules.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
DAEMON=

# A directory the engine's user can work in, and a config: daemon_config "EXTRA LINES".
# The daemon drops to "nobody", so that every test runs with privileges given up.
daemon_prepare() {
	netns_up
	chmod 755 "$WORK"
	mkdir "$WORK/log" "$WORK/db" "$WORK/patterns"
	cp "$WFS_SOURCE_ROOT"/patterns/*.rules "$WORK/patterns/"
	chown nobody "$WORK/db"
	LOG=$WORK/log/mail.log
	CONF=$WORK/wfs.conf
	touch "$LOG"
	trap daemon_down EXIT
}

daemon_config() {
	cat >"$CONF" <<-END
	[log $LOG]
	[database]
	path = $WORK/db/hits.db
	[run]
	user = nobody
	patterns = $WORK/patterns
	[control]
	socket = $WORK/control
	$1
	END
}

wfs() {
	"$WFS_PROGRAM" -c "$CONF" "$@"
}

sql() {
	sqlite3 -readonly "$WORK/db/hits.db" "$1"
}

is_synced() {
	[ -n "$(sql "SELECT value FROM daemon WHERE key = 'last_sync_at'")" ] 2>/dev/null
}

# Not by in_server, see listen in lib.sh: $! must be the daemon itself.
daemon_start() {
	ip netns exec "$SERVER" "$WFS_PROGRAM" -c "$CONF" run 2>>"$WORK/daemon.err" &
	DAEMON=$!
	wait_until is_synced || { cat "$WORK/daemon.err" >&2; fail "the daemon does not start"; }
}

# Waits for its end; the exit status is the daemon's.
daemon_wait() {
	local status=0
	wait "$DAEMON" || status=$?
	DAEMON=
	return "$status"
}

daemon_stop() {
	kill "$DAEMON"
	daemon_wait
}

daemon_down() {
	[ -z "$DAEMON" ] || { kill "$DAEMON" 2>/dev/null; wait "$DAEMON" 2>/dev/null; }
	netns_down
}

now() {
	date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00
}

# The lines a mail server writes about a client on a DNS blocklist.
courier_511() {
	local relay=$1
	case $relay in *:*) ;; *) relay=::ffff:$relay ;; esac
	echo "$(now) mx courieresmtpd: error,relay=$relay,port=4711,from=<a@example.com>,to=<b@example.org>: 511 https://dnsbl.example/query/$1"
}

postfix_dnsbl() {
	echo "$(now) mx postfix/smtpd[411]: NOQUEUE: reject: RCPT from unknown[$1]: 554 5.7.1 Service unavailable; Client host [$1] blocked using zen.example; https://dnsbl.example/query/$1; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>"
}

wrong_password() {
	echo "$(now) mx postfix/submission/smtpd[412]: warning: unknown[$1]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=bob"
}

listed() {
	in_server grep -q "src=$1 " "/proc/net/xt_recent/${2:-spammer}"
}
