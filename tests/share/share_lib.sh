# shellcheck shell=bash
# share_lib.sh: some hosts, each a namespace with a daemon and watchforspammers-share, and one server between them, reached by its
# Unix socket; sourced by the tests of this folder.
#
#   share_up A B C ...   server, keys, peers, daemons; all in $WORK, all gone when the shell ends
#   HOST_CONFIG          more of each host's configuration; before share_up
#   on HOST COMMAND...   runs a command of the program for that host's daemon
#
# WFS_PROGRAM, WFS_SHARE: the programs under test. WFS_SERVER: redis-server or valkey-server. WFS_SOURCE_ROOT: the checkout.
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"

: "${WFS_PROGRAM:?}" "${WFS_SHARE:?}" "${WFS_SOURCE_ROOT:?}"
SERVER_PROGRAM=${WFS_SERVER:-redis-server}
HOSTS=()
declare -A DAEMON SHARE
SERVER_PID=

# Ends the test, with the last words of all.
fail() {
	local host
	echo "FAIL: $*" >&2
	for host in "${HOSTS[@]}"; do
		echo "--- $host:" >&2
		tail -n 8 "$WORK/$host/daemon.err" "$WORK/$host/share.err" >&2
	done
	exit 1
}

namespace() { echo "wfs-$1-$$"; }
cli() { redis-cli -s "$WORK/server.sock" "$@"; }
server_answers() { [ "$(cli ping 2>/dev/null)" = PONG ]; }

# Each host has the rights that the manual page gives it; cli has all.
server_rights() {
	local host
	echo "user default on nopass ~* &* +@all"
	for host in "${HOSTS[@]}"; do
		sed -n "s/^user mx1 on >LONG-SECRET-1 \(.*\)wfs:1:mx1 /user $host on >secret-$host \1wfs:1:$host /p" "$WFS_SOURCE_ROOT/man/watchforspammers-share.8.scd"
	done
}

server_start() {
	server_rights >"$WORK/users.acl"
	[ "$(grep -c secret "$WORK/users.acl")" = "${#HOSTS[@]}" ] || fail "the manual page has no rights: $(cat "$WORK/users.acl")"
	"$SERVER_PROGRAM" --aclfile "$WORK/users.acl" --port 0 --unixsocket "$WORK/server.sock" --unixsocketperm 777 --dir "$WORK" --save "" --appendonly no \
		--daemonize no >"$WORK/server.log" 2>&1 &
	SERVER_PID=$!
	wait_until server_answers || fail "the server does not start: $(tail -n 3 "$WORK/server.log")"
}

server_kill() {
	kill -KILL "$SERVER_PID"
	wait "$SERVER_PID" 2>/dev/null
}

# The daemon is ready when it has compared the kernel with its database.
daemon_is_up() { [ "$(sqlite3 -readonly "$WORK/$1/db/hits.db" "SELECT value FROM daemon WHERE key = 'last_sync_at'" 2>/dev/null)" -ge "$2" ] 2>/dev/null; }

daemon_start() {
	local since
	printf -v since '%(%s)T' -1
	ip netns exec "$(namespace "$1")" "$WORK/watchforspammers" -c "$WORK/$1/wfs.conf" run 2>>"$WORK/$1/daemon.err" &
	DAEMON[$1]=$!
	wait_until daemon_is_up "$1" "$since" || fail "the daemon of $1 does not start"
}

# daemon_kill HOST: with the half that has no privilege.
daemon_kill() {
	local engine=
	read -r engine _ 2>/dev/null <"/proc/${DAEMON[$1]}/task/${DAEMON[$1]}/children"
	kill -KILL ${engine:+"$engine"} "${DAEMON[$1]}" 2>/dev/null
	wait "${DAEMON[$1]}" 2>/dev/null
}

share_start() {
	ip netns exec "$(namespace "$1")" "$WFS_SHARE" -c "$WORK/$1/share.conf" run 2>>"$WORK/$1/share.err" &
	SHARE[$1]=$!
}

share_kill() {
	kill -KILL "${SHARE[$1]}" 2>/dev/null
	wait "${SHARE[$1]}" 2>/dev/null
}

on() {
	local host=$1
	shift
	"$WORK/watchforspammers" -c "$WORK/$host/wfs.conf" "$@"
}
sql_on() { sqlite3 -readonly "$WORK/$1/db/hits.db" "$2"; }
said_by() { grep -F -- "$2" "$WORK/$1/share.err" >/dev/null; }

host_prepare() {
	local dir=$WORK/$1
	mkdir -p "$dir/db"
	chown nobody "$dir/db"
	touch "$dir/mail.log" "$dir/daemon.err" "$dir/share.err"
	cat >"$dir/wfs.conf" <<-END
	[log $dir/mail.log]
	[database]
	path = $dir/db/hits.db
	[run]
	user = nobody
	patterns = $WORK/patterns
	[control]
	socket = $dir/db/control
	[allow]
	private = no
	[firewall]
	backend = nftables
	ports = 25
	${HOST_CONFIG:-}
	[share]
	peers = $WORK/peers
	group = $(id -gn nobody)
	END
	echo "secret-$1" >"$dir/password" && chmod 640 "$dir/password"
	cat >"$dir/share.conf" <<-END
	[share]
	host = $1
	server = $WORK/server.sock
	password_file = $dir/password
	key = $dir/key
	peers = $WORK/peers
	socket = $dir/db/control
	END
	"$WFS_SHARE" -c "$dir/share.conf" key 2>/dev/null | sed "s/\$/ per_minute=1000000/" >>"$WORK/peers" || fail "no key for $1"
	ip netns add "$(namespace "$1")"
	ip -n "$(namespace "$1")" link set lo up
}

share_down() {
	local host
	for host in "${HOSTS[@]}"; do
		kill "${SHARE[$host]:-}" "${DAEMON[$host]:-}" 2>/dev/null
	done
	for host in "${HOSTS[@]}"; do
		wait "${SHARE[$host]:-}" "${DAEMON[$host]:-}" 2>/dev/null
		rm -f /run/watchforspammers-*-"$(stat -Lc %i "/run/netns/$(namespace "$host")" 2>/dev/null)".lock
		ip netns del "$(namespace "$host")" 2>/dev/null
	done
	[ -z "$SERVER_PID" ] || kill -KILL "$SERVER_PID" 2>/dev/null
	wait 2>/dev/null
	rm -rf -- "$WORK"
}

share_up() {
	local host
	netns_need sqlite3 jq nft redis-cli "$SERVER_PROGRAM"
	WORK=$(mktemp -d)
	chmod 755 "$WORK"
	trap share_down EXIT
	mkdir "$WORK/patterns"
	cp "$WFS_SOURCE_ROOT"/patterns/*.rules "$WORK/patterns/"
	cp "$WFS_PROGRAM" "$WORK/watchforspammers" && chmod 755 "$WORK/watchforspammers"
	HOSTS=("$@")
	for host in "$@"; do
		host_prepare "$host"
	done
	server_start
	for host in "$@"; do
		daemon_start "$host"
		share_start "$host"
	done
}

# What is blocked on a host now, in the database and in the kernel.
active_on() { sql_on "$1" "SELECT address FROM active ORDER BY address"; }
is_active() { [ "$(sql_on "$1" "SELECT count(*) FROM active WHERE address = '$2'")" -ge 1 ]; }
in_kernel() { set_has "$(namespace "$1")" watchforspammers spammer "$2"; }
stands() { is_active "$1" "$2" && in_kernel "$1" "$2"; }
is_free() { ! is_active "$1" "$2" && ! in_kernel "$1" "$2"; }
# is WHAT ADDRESS HOST...: on all of them, soon.
is() {
	local host
	for host in "${@:3}"; do
		wait_until "$1" "$host" "$2" || fail "on $host: not $1 $2; it has: $(active_on "$host" | head -n 5 | tr '\n' ' ')"
	done
}

no_sanitizer() {
	local host
	for host in "${HOSTS[@]}"; do
		! grep -E "ERROR: |runtime error|Sanitizer" "$WORK/$host"/*.err >&2 || fail "a sanitizer complained"
	done
}
