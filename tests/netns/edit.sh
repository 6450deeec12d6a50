#!/usr/bin/env bash
# edit.sh: rule files are edited under the running daemon in all the ways editors do it: a valid edit is live within a
# second; an invalid or half-written one changes nothing and is reported in the journal and by status.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
N=0
RULES=$WORK/patterns/local.rules

# A file with one rule, for lines of "editme" with the word: rules WORD [SCORE]
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

# log_word WORD: logs a line by an address of its own.
log_word() {
	NEW=198.51.100.$((++N))
	echo "$(now) mx editme[7]: $1 by $NEW" >>"$LOG"
}

# Logs the word again and again until a rule matches it: the rule is live.
matches() {
	log_word "$1"
	wait_until_soon listed "$NEW"
}

wait_until_soon() {
	local WAIT_S=0
	wait_until "$@" 2>/dev/null
}

# live WORD WHERE: within a second, lines with the word are matched.
live() {
	local from=${EPOCHREALTIME/./} took
	wait_until matches "$1" || fail "$2: the rule is not live"
	took=$(((${EPOCHREALTIME/./} - from) / 1000))
	in_time "$took" || fail "$2: live after $took ms"
	echo "$2: live after $took ms"
	[ "$(wfs status --json | jq -c .rules_fault)" = null ] || fail "$2: status shows $(wfs status --json | jq -c .rules_fault)"
}

has_error() {
	wfs status --json | jq -e --arg text "$1" '.rules_fault // "" | contains($text)'
}

# rejected TEXT WORD WHERE: status and journal report TEXT, and what was there before still matches.
rejected() {
	wait_until has_error "$1" || fail "$3: status shows $(wfs status --json | jq -c .rules_fault), want $1"
	logged "$1" || fail "$3: the journal does not have it"
	logged "; keeping the old rules" || fail "$3: the journal does not say that the old ones stay"
	status_text | grep -q "^PROBLEM .*local.rules:.*; the old rules are in force" || fail "$3: status without --json does not show it"
	matches "$2" || wait_until listed "$NEW" || fail "$3: the old rule is gone"
}

daemon_config ""
daemon_start
[ "$(wfs status --json | jq -c .rules_fault)" = null ] || fail "an error at the start"

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
loads=$(logged_times "rules reloaded")
exec 3>"$RULES"
rules four | head -c 60 >&3
until_s=$((SECONDS + 2))
wait_until second_is "$until_s"
matches three || wait_until listed "$NEW" || fail "half-written: the old rule is gone"
rules four | tail -c +61 >&3
[ "$(logged_times "rules reloaded")" = "$loads" ] || fail "half-written: it was read"
exec 3>&-
live four "truncate and write"

# The same by two programs: the first half is an error, and rejected.
rules five | head -n 3 >"$RULES"
rejected 'has no "category"' four "half a file"
rules five | tail -n +4 >>"$RULES"
live five "the other half"

# Each kind of error, and then the cure.
rules six | sed 's/<ADDR>/<ADDR/' >"$RULES"
rejected "must have <ADDR> exactly once" five "a broken pattern"
rules six | sed 's/^category/categroy/' >"$RULES"
rejected 'did you mean "category"' five "a wrong key"
rules six | sed 's/^hit .*/hit = 192.0.2.8 | Nov 20 13:37:42 mx editme[9]: six by 192.0.2.7/' >"$RULES"
rejected "finds another address" five "an example that fails"
rules six >"$RULES"
live six "the cure"

# Files come and go, and so does the directory.
rules seven >"$WORK/seven"
mv "$WORK/seven" "$WORK/patterns/seven.rules"
live seven "another file"
rm "$WORK/patterns/seven.rules"
gone() {
	log_word seven
	log_word six
	wait_until_soon listed "$NEW" && [ "$(hits_of "198.51.100.$((N - 1))")" = 0 ]
}
wait_until gone || fail "a removed file: its rule is still there"
mv "$WORK/patterns" "$WORK/patterns.old"
wait_until has_error "no such directory" || fail "a removed directory: status shows $(wfs status --json | jq -c .rules_fault)"
matches six || wait_until listed "$NEW" || fail "a removed directory: the rules are gone"
mkdir "$WORK/patterns.new"
cp "$WORK/patterns.old"/*.rules "$WORK/patterns.new"
rules eight >"$WORK/patterns.new/local.rules"
mv "$WORK/patterns.new" "$WORK/patterns"
live eight "a replaced directory"
sed -i 's/eight/nine/g' "$RULES"
live nine "an edit in it"

# --- a start: what has an error is left out, the shipped file of the same name replaces it, and the cure is loaded
daemon_stop || fail "exit status $?"
mkdir "$WORK/own"
sed -i "s|^patterns = .*|& $WORK/own|" "$CONF"
rules shipped >"$WORK/patterns/twice.rules"
rules mine | sed 's/^category/categroy/' >"$WORK/own/twice.rules"
rules alone | sed 's/^score.*/score = many/' >"$WORK/own/alone.rules"
daemon_start
logged "$WORK/own/twice.rules:4: no key \"categroy\"; did you mean \"category\"?; used instead: $WORK/patterns/twice.rules" ||
	fail "start: the journal does not say which file replaces it"
logged "$WORK/own/alone.rules:6: score: want a whole number from -1000 to 1000, got \"many\"; started without the rules of this file" ||
	fail "start: the journal does not say which file is left out"
has_error "own/alone.rules:6: " || fail "start: status shows $(wfs status --json | jq -c .rules_fault)"
has_error "; 1 more, see 'watchforspammers check'" || fail "start: status shows $(wfs status --json | jq -c .rules_fault)"
checked=0
wfs check >"$WORK/checked" 2>&1 || checked=$?
[ "$checked" = 2 ] || fail "check of rules with errors: exit status $checked, want 2: $(cat "$WORK/checked")"
matches shipped || wait_until listed "$NEW" || fail "start: the shipped file does not replace it"
matches nine || wait_until listed "$NEW" || fail "start: a file without errors is left out"
rules alone >"$WORK/own/alone.rules"
wait_until logged "; keeping the old rules" || fail "one of two is cured: the journal does not say that the other is not"
has_error "own/twice.rules:4: " || fail "one of two is cured: status shows $(wfs status --json | jq -c .rules_fault)"
rules mine >"$WORK/own/twice.rules"
live mine "the cure of a start"
live alone "the cure of a start"

# --- every file has an error: it starts all the same, reports it, and loads the cure
daemon_stop || fail "exit status $?"
for file in "$WORK"/patterns/*.rules "$WORK"/own/*.rules; do
	cp "$file" "$file.good"
	echo "nonsense" >>"$file"
	sed -i '1i nonsense' "$file"
done
daemon_start
logged "no rule is active, so nothing is blocked" || fail "no rule at all: the journal does not have it"
has_error "no rule is active" || fail "no rule at all: status shows $(wfs status --json | jq -c .rules_fault)"
wfs block 192.0.2.77 >/dev/null || fail "no rule at all: cannot block by hand"
for file in "$WORK"/patterns/*.good "$WORK"/own/*.good; do
	mv "$file" "${file%.good}"
done
live mine "the cure of all"

daemon_stop || fail "exit status $?"
no_sanitizer
echo "edit.sh: all edits seen"
