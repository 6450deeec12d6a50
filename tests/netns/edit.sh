#!/usr/bin/env bash
# Rule files are edited under the running daemon in every way editors do it: a good edit is live within a second, a
# bad or half-written one changes nothing and is told in the journal and by status.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
N=0
RULES=$WORK/patterns/local.rules
WAIT_S=5

# A file with one rule, for lines of "editme" that say the word: rules WORD [SCORE]
rules() {
	cat <<-END
	[local-$1]
	program  = editme
	match    = ^$1 by <ADDR>$
	category = probe
	reason   = said $1
	score    = ${2:-100}
	hit      = 192.0.2.7 | Nov 20 13:37:42 mx editme[9]: $1 by 192.0.2.7
	miss     = Nov 20 13:37:42 mx editme[9]: nothing by 192.0.2.7
	END
}

# says WORD: a line by an address of its own.
says() {
	NEW=198.51.100.$((++N))
	echo "$(now) mx editme[7]: $1 by $NEW" >>"$LOG"
}

# Says the word again and again until it is taken: the rule is live.
takes() {
	says "$1"
	wait_until_soon listed "$NEW"
}

wait_until_soon() {
	local WAIT_S=0
	wait_until "$@" 2>/dev/null
}

# live WORD WHERE: within a second, or three on a machine that is busy with other tests, lines with the word are taken.
live() {
	local from=${EPOCHREALTIME/./} took
	wait_until takes "$1" || fail "$2: the rule is not live"
	took=$(((${EPOCHREALTIME/./} - from) / 1000))
	[ "$took" -lt "${LIVE_MS:-3000}" ] || fail "$2: live after $took ms"
	echo "$2: live after $took ms"
	[ "$(wfs status --json | jq -c .rules_fault)" = null ] || fail "$2: status shows $(wfs status --json | jq -c .rules_fault)"
}

faulty() {
	wfs status --json | jq -e --arg text "$1" '.rules_fault // "" | contains($text)'
}

# rejected TEXT WORD WHERE: status and journal say TEXT, and what was there before is still taken.
rejected() {
	wait_until faulty "$1" || fail "$3: status shows $(wfs status --json | jq -c .rules_fault), want $1"
	said "$1" || fail "$3: the journal does not say it"
	said "; keeping the old rules" || fail "$3: the journal does not say that the old ones stay"
	wfs status | grep -q "^rules .*the old ones are in force; .*local.rules:" || fail "$3: status without --json does not show it"
	takes "$2" || wait_until listed "$NEW" || fail "$3: the old rule is gone"
}

daemon_config ""
daemon_start
[ "$(wfs status --json | jq -c .rules_fault)" = null ] || fail "a fault at the start"

rules one >"$RULES"
live one "a new file"

sed -i 's/one/two/g' "$RULES"
live two "sed -i"

# vim: a copy beside it, a backup, and a rename.
rules three >"$WORK/patterns/4913"
cp "$RULES" "$RULES~"
mv "$WORK/patterns/4913" "$RULES"
rm "$RULES~"
live three "rename over"

# Truncate and write, with a pause in the middle of a line; the old rule stays until it is complete.
loads=$(said_times "rules were edited")
exec 3>"$RULES"
rules four | head -c 60 >&3
until_s=$((SECONDS + 2))
wait_until second_is "$until_s"
takes three || wait_until listed "$NEW" || fail "half-written: the old rule is gone"
rules four | tail -c +61 >&3
[ "$(said_times "rules were edited")" = "$loads" ] || fail "half-written: it was read"
exec 3>&-
live four "truncate and write"

# The same by two programs: the first half is a fault, and rejected.
rules five | head -n 3 >"$RULES"
rejected 'has no "category"' four "half a file"
rules five | tail -n +4 >>"$RULES"
live five "the other half"

# Each kind of fault, and then the cure.
rules six | sed 's/<ADDR>/<ADDR/' >"$RULES"
rejected "must have <ADDR> exactly once" five "a broken pattern"
rules six | sed 's/^category/categroy/' >"$RULES"
rejected 'did you mean "category"' five "a wrong key"
rules six | sed 's/^hit .*/hit = 192.0.2.8 | Nov 20 13:37:42 mx editme[9]: six by 192.0.2.7/' >"$RULES"
rejected "names another address" five "an example that fails"
rules six >"$RULES"
live six "the cure"

# Files come and go, and so does the directory.
rules seven >"$WORK/seven"
mv "$WORK/seven" "$WORK/patterns/seven.rules"
live seven "another file"
rm "$WORK/patterns/seven.rules"
gone() {
	says seven
	says six
	wait_until_soon listed "$NEW" && [ "$(hits_of "198.51.100.$((N - 1))")" = 0 ]
}
wait_until gone || fail "a removed file: its rule is still there"
mv "$WORK/patterns" "$WORK/patterns.old"
wait_until faulty "no such directory" || fail "a removed directory: status shows $(wfs status --json | jq -c .rules_fault)"
takes six || wait_until listed "$NEW" || fail "a removed directory: the rules are gone"
mkdir "$WORK/patterns.new"
cp "$WORK/patterns.old"/*.rules "$WORK/patterns.new"
rules eight >"$WORK/patterns.new/local.rules"
mv "$WORK/patterns.new" "$WORK/patterns"
live eight "a replaced directory"
sed -i 's/eight/nine/g' "$RULES"
live nine "an edit in it"

daemon_stop || fail "exit status $?"
no_sanitizer
echo "edit.sh: all edits seen"
