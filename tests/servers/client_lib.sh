# shellcheck shell=bash
# client_lib.sh: clients of a mail server, honest ones and others, in the namespace $CLIENT of tests/netns/lib.sh, which
# is sourced before. The server has the addresses 10.9.0.1 and fd09::1.
#
# Needs: swaks.
ATTACKS=() # clients in the background

# Runs a command until it succeeds; false after a minute. For what a real server does at leisure: starting,
# answering a wrong password.
wait_long() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*" >&2; return 1; }
		read -r -t 0.05 <> <(:) || :
	done
}

server_of() {
	case $1 in *:*) echo fd09::1 ;; *) echo 10.9.0.1 ;; esac
}

# knock SOURCE PORT: a TCP connection.
knock() {
	tcp_from "$CLIENT" "$1" "$(server_of "$1")" "$2"
}

# What clients print is in $WORK/client.out.
#
# mail_from SOURCE OPTIONS...: one session with the server from this address; the status is swaks'.
mail_from() {
	mail_command "$@"
	"${COMMAND[@]}" >>"$WORK/client.out" 2>&1 </dev/null
}

# The same, and does not wait: the session of a client that gets blocked meanwhile never ends by itself.
mail_start() {
	mail_command "$@"
	"${COMMAND[@]}" >>"$WORK/client.out" 2>&1 </dev/null &
	ATTACKS+=($!)
}

mail_command() {
	local source=$1 family=-4
	shift
	case $source in *:*) family=-6 ;; esac
	COMMAND=(ip netns exec "$CLIENT" swaks "$family" --local-interface "$source" --server "$(server_of "$source")"
		--timeout 30 --from sender@example.net --to alice@mx.example.org --helo client.example.net "$@")
}

# talk_from SOURCE PORT [ANSWER LINE]...: waits for a line that begins with ANSWER, sends LINE, and so on; then
# waits until the server hangs up; false when an answer does not come. (Not every server reads what is sent
# before its turn.)
talk_from() {
	local source=$1 port=$2 line from to status=0
	shift 2
	send_command "$source" "$port"
	coproc TALK { exec "${COMMAND[@]}" 2>&1; }
	local pid=$TALK_PID
	# Descriptors of our own: bash closes those of TALK when it ends, and from subshells.
	eval "exec {from}<&${TALK[0]} {to}>&${TALK[1]} ${TALK[1]}>&-"
	while [ $# -gt 0 ] && [ "$status" = 0 ]; do
		while :; do
			read -r -t 30 -u "$from" line || { status=1; break; }
			printf '%s\n' "$line" >>"$WORK/client.out"
			[[ $line != "$1"* ]] || break
		done
		# A subshell, because writing to a connection that is gone is the end of a shell.
		[ "$status" != 0 ] || (printf '%s\r\n' "$2" >&"$to") || status=1
		shift 2
	done
	exec {to}>&-
	[ "$status" = 0 ] || kill "$pid" 2>/dev/null
	cat <&"$from" >>"$WORK/client.out"
	exec {from}<&-
	wait "$pid" 2>/dev/null
	return "$status"
}

# send_start SOURCE PORT LINES...: sends all these lines at once, whatever the answers; does not wait. They lie in a file, so
# that they are on their way as soon as it is connected, however busy the machine is.
send_start() {
	local lines
	lines=$(mktemp "$WORK/lines.XXXXXX") || fail "cannot write what the client sends"
	printf '%s\r\n' "${@:3}" >"$lines"
	send_command "$1" "$2"
	"${COMMAND[@]}" <"$lines" >>"$WORK/client.out" 2>&1 &
	ATTACKS+=($!)
}

send_command() {
	COMMAND=(ip netns exec "$CLIENT" nc -n -w 60 -s "$1" "$(server_of "$1")" "$2")
}

# Ends those that still run; the number of one that ended may be somebody else's by now.
clients_down() {
	local pid
	for pid in $(jobs -pr); do
		[[ " ${ATTACKS[*]} " != *" $pid "* ]] || kill "$pid" 2>/dev/null
	done
}
