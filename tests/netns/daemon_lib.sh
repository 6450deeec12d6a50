# shellcheck shell=bash
# daemon_lib.sh: runs the daemon in the server's namespace of lib.sh; sourced by the tests in this folder.
#
# WFS_BACKEND: recent (default) or nftables: the backend of every configuration that names none; functions that look
# into the kernel (listed, kernel_set, flush_firewall, no_rules) look where that backend writes. WFS_PROGRAM: the
# program under test. WFS_SOURCE_ROOT: the checkout, for its rules.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
BACKEND=${WFS_BACKEND:-recent}
PORTS="ports = 25,110,143,465,587,993,995,4190" # of all blocks, so that all are in one list; a test may have others
DAEMON=
ENGINE=
SAID_FROM=0 # where in daemon.err the daemon that runs now began to speak
STARTED_S=0
WRAP=() # a command in which the daemon is started

# Ends the test, with the daemon's last words.
fail() {
	echo "FAIL: $*" >&2
	if [ -s "$WORK/daemon.err" ]; then
		echo "--- the daemon's last words, but for blocks:" >&2
		grep -vE '^(<[0-9]>)?watchforspammers: (blocked|released) ' "$WORK/daemon.err" | tail -n 15 >&2
	fi
	exit 1
}

# A directory the engine's user can work in, and a config: daemon_config "EXTRA LINES". The addresses of the tests are private
# ones, so these may be blocked.
# The daemon drops to "nobody", so that every test runs with privileges given up.
daemon_prepare() {
	netns_up
	chmod 755 "$WORK"
	mkdir "$WORK/log" "$WORK/db"
	bash "$WFS_SOURCE_ROOT/tests/bare_rules.sh" "$WORK/patterns" || fail "no rules"
	chown nobody "$WORK/db"
	# Where any user can get at it: the checkout may be closed to others, as in root's home.
	cp "$WFS_PROGRAM" "$WORK/watchforspammers" && chmod 755 "$WORK/watchforspammers"
	WFS_PROGRAM=$WORK/watchforspammers
	LOG=$WORK/log/mail.log
	DB=$WORK/db/hits.db
	CONF=$WORK/wfs.conf
	SOCKET=$WORK/db/control
	touch "$LOG"
	trap daemon_down EXIT
}

# A name server in the server's namespace that answers from $WORK/zone, see nameserver.py; $WORK/asked has the questions.
# The daemon sees a resolv.conf of its own, laid over the machine's in the mount namespace "ip netns exec" makes.
daemon_nameserver() {
	echo "nameserver 127.0.0.1" >"$WORK/resolv.conf"
	# shellcheck disable=SC2016
	WRAP=(sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$WORK/resolv.conf")
	touch "$WORK/zone" "$WORK/asked"
	ip netns exec "$SERVER" python3 "$WFS_SOURCE_ROOT/tests/netns/nameserver.py" 127.0.0.1 "$WORK/zone" "$WORK/asked" &
	LISTENERS+=($!)
	wait_until nameserver_is_up || fail "no name server"
}

nameserver_is_up() {
	[ -n "$(in_server ss -Hlun "sport = :53")" ]
}

# The lines of a configuration, with the backend of this run if they name none.
with_backend() {
	case $1 in
	*"backend ="*) echo "$1" ;;
	*"[firewall]"*) echo "${1/\[firewall\]/[firewall]
backend = $BACKEND}" ;;
	"" | "["*) printf '[firewall]\nbackend = %s\n%s\n' "$BACKEND" "$1" ;;
	*) printf '%s\n[firewall]\nbackend = %s\n' "$1" "$BACKEND" ;; # it goes on with [control]
	esac
}

daemon_config() {
	local extra="[allow]
private = ${PRIVATE-no}"

	case $1 in
	*"[allow]"*) extra=${1/"[allow]"/"$extra"} ;;
	"" | "["*) extra+=$'\n'$1 ;;
	*) extra=$1$'\n'$extra ;; # it goes on with [control]
	esac
	case $extra in
	*ports*) ;;
	*"[firewall]"*) extra=${extra/"[firewall]"/"[firewall]"$'\n'"$PORTS"} ;;
	*) extra+=$'\n'"[firewall]"$'\n'$PORTS ;;
	esac
	cat >"$CONF" <<-END
	[log $LOG]
	[database]
	path = $DB
	[run]
	user = nobody
	patterns = $WORK/patterns
	[control]
	socket = $SOCKET
	$(with_backend "$extra")
	END
}

# line_of TEXT: "FILE:LINE" of its first line in the configuration, as errors name it.
line_of() {
	echo "$CONF:$(grep -nF -m 1 -- "$1" "$CONF" | cut -d: -f1)"
}

wfs() {
	"$WFS_PROGRAM" -c "$CONF" "$@"
}

# What status prints, in one line.
status_text() {
	wfs status 2>/dev/null | tr -s ' \n' ' '
}

sql() {
	sqlite3 -readonly "$DB" "$1"
}

# The log of the daemon that was started last. logged TEXT: it has this; logged_times TEXT prints how often.
logged() {
	tail -c "+$((SAID_FROM + 1))" "$WORK/daemon.err" | grep -F -- "$1" >/dev/null
}

logged_times() {
	tail -c "+$((SAID_FROM + 1))" "$WORK/daemon.err" | grep -cF -- "$1"
}

# The kernel was compared with the database in the second SINCE or later: is_synced_after SINCE
is_synced_after() {
	[ "$(sql "SELECT value FROM daemon WHERE key = 'last_sync_at'")" -ge "$1" ] 2>/dev/null
}

is_synced() {
	logged ", database $WORK/" && is_synced_after "$STARTED_S"
}

# Starts it and waits for nothing. Not by in_server, see listen in lib.sh: $! must be the daemon itself.
daemon_launch() {
	SAID_FROM=0
	[ ! -e "$WORK/daemon.err" ] || SAID_FROM=$(stat -c %s "$WORK/daemon.err")
	printf -v STARTED_S '%(%s)T' -1
	ip netns exec "$SERVER" "${WRAP[@]}" "$WFS_PROGRAM" -c "$CONF" run 2>>"$WORK/daemon.err" &
	DAEMON=$!
	ENGINE=
}

daemon_start() {
	daemon_launch
	wait_until is_synced || fail "the daemon does not start"
	ENGINE=$(engine_pid)
}

# The unprivileged half; nothing when there is none (yet).
engine_pid() {
	local children=
	# The file has no newline, so read returns an error.
	read -r children _ 2>/dev/null <"/proc/$DAEMON/task/$DAEMON/children"
	echo "$children"
}

# Starts a daemon that must refuse: daemon_refuses STATUS TEXT [COMMAND ARGUMENT...], COMMAND wrapping it.
daemon_refuses() {
	local want=$1 text=$2 status=0
	shift 2
	ip netns exec "$SERVER" "$@" timeout -k 5 20 "$WFS_PROGRAM" -c "$CONF" run >"$WORK/refused" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "exit status: got $status, want $want; it printed: $(cat "$WORK/refused")"
	grep -F -- "$text" "$WORK/refused" >/dev/null || fail "got: $(cat "$WORK/refused"); want: $text"
}

# Waits for its end; the exit status is the daemon's.
daemon_wait() {
	local status=0
	wait "$DAEMON" || status=$?
	# A killed engine holds the database's lock until it is gone.
	[ -z "$ENGINE" ] || wait_until is_gone "$ENGINE" || status=1
	DAEMON=
	ENGINE=
	return "$status"
}

daemon_stop() {
	kill "$DAEMON"
	daemon_wait
}

# False for a zombie, which perhaps nothing reaps.
is_alive() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" && [[ $stat != *") Z "* && $stat != *") X "* ]]
}

is_gone() {
	! is_alive "$1"
}

daemon_down() {
	[ -z "$ENGINE" ] || kill -CONT "$ENGINE" 2>/dev/null
	if [ -n "$DAEMON" ]; then
		kill "$DAEMON" 2>/dev/null
		wait_until is_gone "$DAEMON" || kill -KILL "$DAEMON" ${ENGINE:+"$ENGINE"}
		wait "$DAEMON" 2>/dev/null
	fi
	[ ! -d "$WORK/small" ] || umount "$WORK/small"
	netns_down
}

# A file system of its own for the database: daemon_small_disk SIZE. It goes with the test.
daemon_small_disk() {
	mkdir "$WORK/small"
	mount -t tmpfs -o "size=$1,mode=755" "$SERVER" "$WORK/small" || { rmdir "$WORK/small"; skip "no tmpfs here"; }
	chown nobody "$WORK/small"
	DB=$WORK/small/hits.db
}

no_sanitizer() {
	! grep -E "ERROR: |runtime error|Sanitizer" "$WORK/daemon.err" >&2 || fail "a sanitizer complained"
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

# What Postfix logs when Dovecot did not answer within ten seconds.
lost_login() {
	echo "$(now) mx postfix/submission/smtpd[412]: warning: unknown[$1]: SASL LOGIN authentication failed: Connection lost to authentication server, sasl_username=(unavailable)"
}

relay_denied() {
	echo "$(now) mx postfix/smtpd[411]: NOQUEUE: reject: RCPT from unknown[$1]: 454 4.7.1 <x@example.com>: Relay access denied; from=<a@example.com> to=<x@example.com> proto=ESMTP helo=<x>"
}

# listed ADDRESS [LIST]: an address, or the first one of a network; of xt_recent also where the list is split into 256.
listed() {
	if [ "$BACKEND" = nftables ]; then
		set_has "$SERVER" watchforspammers "${2:-spammer}" "$1"
	else
		in_server grep -rqs "src=$1 " /proc/net/xt_recent --include "${2:-spammer}" --include "${2:-spammer}_[0-9a-f][0-9a-f]"
	fi
}

# gate_has SET ELEMENT
gate_has() {
	set_has "$SERVER" watchforspammers.gate "$1" "$2"
}

# IPv6 addresses as xt_recent writes them.
long_form() {
	awk '
	function four(word) { return substr("0000" word, length(word) + 1) }
	!/:/ { print; next }
	{
		n = split($0, half, "::")
		left = split(half[1], a, ":")
		right = n > 1 ? split(half[2], b, ":") : 0
		out = ""
		for (i = 1; i <= 8; i++)
			out = out (i > 1 ? ":" : "") four(i <= left ? a[i] : i > 8 - right ? b[i - 8 + right] : "")
		print out
	}'
}

# All addresses in all of our lists, IPv6 as xt_recent writes it, sorted.
kernel_set() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft -j list ruleset 2>/dev/null |
			jq -r '.nftables[].set? | select(. != null and (.name | test("^spammer[0-9]*$"))) | .elem[]? | (.elem.val? // .)' |
			long_form | sort
	else
		in_server sh -c 'cat /proc/net/xt_recent/spammer*' 2>/dev/null | sed -n 's/^src=\([^ ]*\) .*/\1/p' | sort
	fi
}

# As an administrator does who sets up the firewall again.
flush_firewall() {
	local tool
	if [ "$BACKEND" = nftables ]; then
		in_server nft flush ruleset
		return
	fi
	for tool in iptables-legacy ip6tables-legacy; do
		in_server "$tool" -F
		in_server "$tool" -X 2>/dev/null
	done
}

# Our rules, whatever has made them.
our_rules() {
	in_server iptables-legacy -S | grep SPAMMER
	in_server ip6tables-legacy -S | grep SPAMMER
	in_server nft list ruleset 2>/dev/null | grep -Ei "watchforspammers|spammer"
}

no_rules() {
	[ -z "$(our_rules)" ]
}

# Ends a test that is about something the other backend does not have.
only_recent() {
	[ "$BACKEND" = recent ] || skip "$* is xt_recent's alone"
}

hits_of() {
	sql "SELECT count(*) FROM hit WHERE address = '$1'"
}

# The kernel is notified before the database: wait for these when something is listed and the database is asked for it.
# is_counted ADDRESS [TIMES]: it has so many hits.
is_counted() {
	[ "$(hits_of "$1")" = "${2:-1}" ]
}

# sql_is QUESTION ANSWER
sql_is() {
	[ "$(sql "$1")" = "$2" ]
}

not() {
	! "$@"
}

# For what must hold for a while: not a wait for something to happen.
second_is() {
	[ "$SECONDS" -ge "$1" ]
}
