#!/usr/bin/env bash
# promises.sh: what the manual promises of every command: the options in its synopsis are those in its help; --json
# prints JSON and nothing else, with each member in the manual's table; a command without JSON refuses the option. Needs
# no root, no daemon, no network.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
manual=$WFS_SOURCE_ROOT/man/watchforspammers.8.scd
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
cd -- "$tmp" || exit 2
export LC_ALL=C
failed=0

bad() {
	echo "FAIL: $*" >&2
	failed=1
}

# --- options: synopsis and help ---
sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/p' "$manual" | tr -d '*_\\' >synopsis
words() { grep -oE -- '--[a-z][a-z0-9-]*' | sort -u | tr '\n' ' '; }
commands=$("$WFS_PROGRAM" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | grep -vxE 'help|version|add|del')
[ "$(wc -w <<<"$commands")" -gt 20 ] || bad "commands: $commands"
for command in $commands; do
	in_help=$("$WFS_PROGRAM" help "$command" | words)
	in_manual=$(grep -E "^watchforspammers \[-c FILE\] $command( |\+|$)" synopsis | words)
	[ "$in_help" = "$in_manual" ] || bad "$command: its help has \"$in_help\", the manual's synopsis \"$in_manual\""
	[[ $in_help == *--json* ]] || { # refused, before anything is done
		"$WFS_PROGRAM" -c /dev/null "$command" --json >out 2>err
		[ $? = 2 ] && [ "$(cat out err)" = "watchforspammers $command: it has no --json; see 'watchforspammers $command -h'" ] ||
			bad "$command --json: $(cat out err)"
	}
done

# --- JSON ---
bash "$WFS_SOURCE_ROOT/tests/bare_rules.sh" patterns || exit 2
printf '[run]\npatterns = %s/patterns\n[database]\npath = %s/hits.db\n[control]\nsocket =\n' "$tmp" "$tmp" >conf
for address in 198.51.100.7 203.0.113.177 2001:db8:bad:cafe::7; do
	echo "$(date -u +%Y-%m-%dT%H:%M:%S+00:00) mx postfix/smtpd[12]: NOQUEUE: reject: RCPT from unknown[$address]: 554 5.7.1 Service unavailable; Client host [$address] blocked using zen.example; from=<a@example.net> to=<x@y.example> proto=ESMTP helo=<x>"
done >now.log
"$WFS_PROGRAM" -c conf replay --database hits.db now.log >/dev/null || bad "replay"
sqlite3 hits.db "INSERT INTO allowance (address, since, until, cause, why) VALUES ('192.0.2.77', 1, 4102444800, 'by hand', 'x')" || bad sqlite3

# --- a file that cannot be written, here because of a limit: the reason is named, and nothing is left ---
(trap '' XFSZ; ulimit -f 8; "$WFS_PROGRAM" -c conf backup copy.db >out 2>err)
[ "$?,$(compgen -G 'copy.db*')" = 3, ] || bad "backup, full: left $(compgen -G 'copy.db*')"
grep -q "^watchforspammers: copy.db: cannot copy $tmp/hits.db there: ." err || bad "backup, full: $(cat err)"
mkdir -p f2b && printf '[sshd]\nenabled = true\n' >f2b/jail.conf
(trap '' XFSZ; ulimit -f 0; "$WFS_PROGRAM" -c conf import fail2ban --from f2b --output new 2>&1 >&-) | cat >err
grep -q "^watchforspammers: new/watchforspammers.conf: cannot be written: .*; remove new before you try again" err || bad "import, full: $(cat err)"

# The manual's row of a command: the words that it has between asterisks.
row() {
	awk -v name="|  *$1*" '$0 == name { n = NR } n && NR == n + 2' "$manual" | grep -oE '\*[a-z_]+\*' | tr -d '*'
}

# json "ROW..." ARGUMENT...: prints objects, whose members are in these rows.
json() {
	local rows=$1 name undocumented
	shift
	"$WFS_PROGRAM" -c conf "$@" --json </dev/null >out 2>err
	jq -e . out >/dev/null 2>err || { bad "$* --json: no JSON: $(cat out err)"; return; }
	while IFS= read -r name; do row "$name"; done <<<"$rows" | sort -u >documented
	undocumented=$(jq -r 'paths | select(index("by_rule") != 0 or length == 1) | last | strings' out | sort -u | comm -23 - documented | xargs)
	[ -z "$undocumented" ] || bad "$* --json: not in the manual: $undocumented"
}

json explain explain "$(head -n 1 now.log)"
json check check patterns/dovecot.rules
json $'check\ncheck --against' check patterns/postfix.rules --against now.log
json replay replay now.log
sed 's/198.51.100.7/198.51.100.8/g' now.log >other.log
json $'replay\nreplay --diff' replay --diff --database hits.db other.log
json list list
json "list --allowed" list --allowed
json $'list\nexport' export
json $'list\nwhy' why 198.51.100.7
json $'list\nwhy' why 198.51.100.0/24
json $'list\nwhy' why 192.0.2.77
json events events --hits
json status status
json $'why\ntest' test 198.51.100.7
"$WFS_PROGRAM" -c conf note --json >out 2>err || bad "note: $(cat err)"
for pair in "status --check" "status --prometheus" "check --new x" "list --watch"; do
	# shellcheck disable=SC2086 # a command and its option
	"$WFS_PROGRAM" -c conf $pair --json >out 2>err </dev/null
	[ "$?,$(wc -c <out)" = 2,0 ] || bad "$pair --json: $(cat out err)"
done
exit "$failed"
