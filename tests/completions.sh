#!/bin/bash
# completions.sh: the shells complete every command and all of its options, blocked addresses (also IPv6, which bash
# splits at colons), rules and categories of the database; nothing in a database is executed. zsh and fish are tested if
# they are installed. WFS_PROGRAM, WFS_SOURCE_ROOT: from meson.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
cd -- "$work" || exit 1
fail() { echo "FAIL: $*" >&2; exit 1; }
export LC_ALL=C

mkdir bin
ln -s "$WFS_PROGRAM" bin/watchforspammers
PATH=$work/bin:$PATH
printf '[database]\npath = %s/hits.db\n[control]\nsocket =\n' "$work" >conf
now=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
for address in 192.0.2.7 198.51.100.7 2001:db8:bad:cafe::7; do
	for _ in 1 2 3; do
		echo "$now mx postfix/smtpd[12]: NOQUEUE: reject: RCPT from unknown[$address]: 554 5.7.1 Service unavailable; Client host [$address] blocked using zen.example; from=<a@example.net> to=<x@y.example> proto=ESMTP helo=<x>"
	done
done >log
watchforspammers -c conf replay --rules "$WFS_SOURCE_ROOT/patterns" --database hits.db log >/dev/null || fail "replay"
sqlite3 hits.db "INSERT INTO rule (name, category, reason) VALUES ('\$(touch executed)', '\`touch executed\`', 'x');
	INSERT INTO block (address, since, until, offence, rule) SELECT '192.0.2.9', unixepoch(), unixepoch() + 600, 1, max(id) FROM rule;
	INSERT INTO suspension (rule, since, why) VALUES ('postfix-auth', unixepoch(), 'too many');
	INSERT INTO allowance (address, since, until, cause) VALUES ('203.0.113.1', 1, 4102444800, 'by hand')" >/dev/null || fail "sqlite3"

# shellcheck source-path=SCRIPTDIR source=../completions/watchforspammers.bash
. "$WFS_SOURCE_ROOT/completions/watchforspammers.bash"
# in_bash LINE: what is proposed for the end of the line, sorted.
in_bash() {
	local COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY
	_watchforspammers
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}
in_zsh() {
	# A zsh of its own on a terminal of its own; Tab, and what was inserted or listed.
	zsh -f "$work/zsh" "$1" | sort -u | tr '\n' ' '
}
in_fish() {
	fish --no-config -c "source $WFS_SOURCE_ROOT/completions/watchforspammers.fish; complete -C '$1'" | cut -f1 | sort | tr '\n' ' '
}
# The completions that zsh's own functions are given, caught where they are added.
cat >zsh <<END
compadd() { while [[ \$1 == -* && \$1 != -- ]]; do shift; done; [[ \$1 != -- ]] || shift; local w; for w in \$@; do [[ \$w != \$PREFIX* ]] || print -r -- \$w; done }
_describe() { local w; for w in \${(P)2}; do w=\${w%%:*}; [[ \$w != \$PREFIX* ]] || print -r -- \$w; done }
_files() { print -r -- FILES }
words=(\${(s: :)1}); [[ \$1 != *' ' ]] || words+=('')
CURRENT=\$#words PREFIX=\$words[-1]
. $WFS_SOURCE_ROOT/completions/_watchforspammers
END

# as WANT LINE: in each shell.
shells=bash
for shell in zsh fish; do command -v "$shell" >/dev/null && shells+=" $shell"; done
as() {
	local shell got
	for shell in $shells; do
		got=$("in_$shell" "$2")
		[ "$got" = "$1" ] || fail "$shell: \"$2\": got \"$got\", want \"$1\""
	done
}
commands=$(watchforspammers help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort | tr '\n' ' ')
[[ $commands = "add allow backup "*"why " ]] || fail "commands: $commands"
as "$commands" "watchforspammers "
as "$commands" "watchforspammers help "
as "reload replay report resume " "watchforspammers re"
for command in $commands; do
	case $command in help | version) continue ;; esac
	options=$(watchforspammers help "$command" | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u | tr '\n' ' ')
	[ -z "$options" ] || [ "$(in_bash "watchforspammers $command --")" = "$options" ] || fail "$command: got $(in_bash "watchforspammers $command --"), want $options"
done
as "$(watchforspammers help export | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u | tr '\n' ' ')" "watchforspammers export --"
as "192.0.2.7 192.0.2.9 198.51.100.7 2001:db8:bad:cafe::/64 " "watchforspammers -c conf list --network "
as "192.0.2.7 192.0.2.9 " "watchforspammers -c conf why 192"
as "203.0.113.1 " "watchforspammers -c conf disallow "
as "postfix-auth " "watchforspammers -c conf resume "
as "postfix-dnsbl " "watchforspammers -c conf list --rule p"
as "\$(touch executed) postfix-dnsbl " "watchforspammers -c conf list --rule "
as "\`touch executed\` dnsbl " "watchforspammers -c conf list --category "
as "hits network until " "watchforspammers list --sort "
as "json " "watchforspammers export --format j"
as "black white " "watchforspammers vote "
as "fail2ban list " "watchforspammers import "
# Of an IPv6 address bash replaces what is behind the last colon.
COMP_WORDBREAKS=$' \t\n:'
[ "$(in_bash "watchforspammers -c conf unblock 2001:db8:b")" = "bad:cafe::/64 " ] || fail "IPv6: got $(in_bash "watchforspammers -c conf unblock 2001:db8:b")"
COMP_WORDBREAKS=$' \t\n'
[ "$(in_bash "watchforspammers -c conf unblock 2001:db8:b")" = "2001:db8:bad:cafe::/64 " ] || fail "IPv6, whole"
[ ! -e executed ] || fail "something of the database was executed"
echo "ok: $shells"
