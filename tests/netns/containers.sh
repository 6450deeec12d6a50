#!/usr/bin/env bash
# containers.sh: logs of containers are found by patterns, in Docker's JSON and in Kubernetes' format. A recreated
# container, which has a new file, is followed without a restart; the log of a removed one is read to its end and
# forgotten. Every line counts once, also after a kill in the middle of a line that is in pieces; a replay of the same
# files has the same result.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
N=0
CONTAINERS=$WORK/docker/containers
PODS=$WORK/pods
mkdir -p "$WORK/docker" "$PODS"

now() {
	date -u +%Y-%m-%dT%H:%M:%S.123456789Z
}

# Another hostile line by an address of its own, as the program wrote it: sets NEW and TEXT.
line() {
	NEW=198.51.100.$((++N))
	TEXT=$(postfix_dnsbl "$NEW")
}

# json TEXT: a line of json-file; with another ending than \n: json TEXT ""
json() {
	printf '{"log":"%s%s","stream":"stdout","time":"%s"}\n' "${1//\"/\\\"}" "${2-\\n}" "$(now)"
}

cri() {
	printf '%s stdout %s %s\n' "$(now)" "$1" "$2"
}

is_read() {
	wait_until listed "$NEW" || fail "$1: the line was not read"
	wait_until is_counted "$NEW" || fail "$1: counted $(hits_of "$NEW") times"
}

status_has() {
	wfs status --json 2>/dev/null | jq -e --arg path "$1" '[.logs[].path] | index($path) != null' >/dev/null
}

daemon_config "[block]
for = 1h
[firewall]
resync = 1s
[log $CONTAINERS/*/*-json.log]
[log $PODS/*.log]
[socket $WORK/db/log]
[socket $WORK/db/fifo]"
mkfifo -m 660 "$WORK/db/fifo" && chown nobody "$WORK/db/fifo"

# --- nothing there yet: check and status say so
wfs check >"$WORK/check" 2>&1
grep -F "no file matches $CONTAINERS/*/*-json.log" "$WORK/check" >/dev/null || fail "check: $(cat "$WORK/check")"
daemon_start
logged "no file matches $CONTAINERS/*/*-json.log; waiting for one" || fail "a pattern without files is not logged"
[[ $(status_text) == *"no file matches $PODS/*.log"* ]] || fail "status: $(status_text)"

# --- the first container: directories that were not there
mkdir -p "$CONTAINERS/aaaa"
line
json "$TEXT" >"$CONTAINERS/aaaa/aaaa-json.log"
is_read "the first container"
status_has "$CONTAINERS/aaaa/aaaa-json.log" || fail "status does not show the log of the first container"
line
json "$TEXT" >>"$CONTAINERS/aaaa/aaaa-json.log"
is_read "the first container again"

# --- a pod
line
cri F "$TEXT" >"$PODS/mail-0.log"
is_read "a pod"
if [[ $(status_text) == *"no file matches"* ]]; then
	fail "status: $(status_text)"
fi

# --- recreated: the old file is removed with lines that were not read yet, the new one has lines already
kill -STOP "$ENGINE"
line
json "$TEXT" >>"$CONTAINERS/aaaa/aaaa-json.log"
OLD=$NEW
rm -r "$CONTAINERS/aaaa"
mkdir "$CONTAINERS/bbbb"
line
json "$TEXT" >"$CONTAINERS/bbbb/bbbb-json.log"
kill -CONT "$ENGINE"
is_read "a container that was recreated"
NEW=$OLD
is_read "a container that was removed"
wait_until logged "$CONTAINERS/aaaa/aaaa-json.log: was removed, and is no longer followed" || fail "a log that is gone is followed on"
if status_has "$CONTAINERS/aaaa/aaaa-json.log"; then
	fail "status shows a log that is gone"
fi
line
json "$TEXT" >>"$CONTAINERS/bbbb/bbbb-json.log"
is_read "the new container"

# --- a line in pieces, and the daemon is killed between them
line
json "${TEXT:0:60}" "" >>"$CONTAINERS/bbbb/bbbb-json.log"
cri P "${TEXT:0:9}" >>"$PODS/mail-0.log"
OTHER=$NEW
line
echo "$TEXT" >>"$LOG" # read after them
is_read "a plain log"
kill -KILL "$DAEMON" "$ENGINE"
daemon_wait
TEXT=$(postfix_dnsbl "$OTHER")
json "${TEXT:60}" >>"$CONTAINERS/bbbb/bbbb-json.log"
daemon_start
NEW=$OTHER
is_read "a line in pieces"
cri F "Nov 20 14:01:06 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.20]: 554 5.7.1 Service unavailable; Client host [192.0.2.20] blocked using bl.example.org; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>" >>"$PODS/mail-0.log"
line
cri F "$TEXT" >>"$PODS/mail-0.log"
is_read "a pod after the restart"
[ "$(hits_of 192.0.2.20)" = 0 ] || fail "the rest of a line became a line of its own"
[ "$(sql "SELECT count(*) FROM hit")" = "$N" ] || fail "got $(sql "SELECT count(*) FROM hit") hits, want $N"

# --- what has no file
datagram() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
s.send(sys.argv[2].encode())' "$WORK/db/log" "$1"
}
before=$N
line
datagram "<22>$(LC_ALL=C date '+%b %e %H:%M:%S') ${TEXT#* mx }"
is_read "a datagram as syslog(3) writes it"
line
datagram "<22>1 ${TEXT%% *} mx postfix/smtpd 411 - - ${TEXT#*: }"
is_read "a datagram of RFC 5424"
line
echo "$TEXT" >"$WORK/db/fifo"
is_read "a FIFO"
line
echo "$TEXT" >"$WORK/db/fifo"
is_read "a FIFO with another writer"
line
rm "$WORK/db/fifo"
mkfifo -m 660 "$WORK/db/fifo" && chown nobody "$WORK/db/fifo"
wait_until grep -qF "db/fifo: was replaced or removed; opened again" "$WORK/daemon.err" || fail "a FIFO that was made again is not opened"
echo "$TEXT" >"$WORK/db/fifo"
is_read "a FIFO that was made again"
counted() {
	[ "$(wfs status --json | jq -c '[.sockets[] | [.lines, .cut, .unparsed]]')" = "[[2,0,0],[3,0,0]]" ]
}
wait_until counted || fail "status: $(wfs status --json | jq -c .sockets)"
sent=$((N - before))

# --- the same from the files
daemon_stop || fail "exit status $?"
[ ! -e "$WORK/db/log" ] || fail "the socket is left"
[ -p "$WORK/db/fifo" ] || fail "the FIFO is gone"
wfs replay --json "$LOG" "$CONTAINERS"/*/*.log "$PODS"/*.log >"$WORK/replayed" || fail "replay"
want=$((N - 3 - sent)) # not the lines of the container that was removed, nor what was in no file
[ "$(jq .hits "$WORK/replayed")" = "$want" ] || fail "replay: got $(jq .hits "$WORK/replayed") hits, want $want"
echo "ok"
