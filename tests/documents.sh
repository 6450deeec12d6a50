#!/usr/bin/env bash
# documents.sh: checks README and the manual pages: code fits a terminal; files named there and in comments of src/
# exist; pages referred to exist; and every "watchforspammers COMMAND --option" in README, the pages and contrib is
# valid.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
# shellcheck disable=SC2016 # the backquotes are those of the texts
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
cd -- "$WFS_SOURCE_ROOT" || exit 2
failed=0

bad() {
	echo "FAIL: $*" >&2
	failed=1
}

# --- README's code: 80 columns, a tab being eight ---
wide=$(sed -n '/^```/,/^```/p' README.md | expand | LC_ALL=C.UTF-8 grep -E '.{81}') && bad "README.md: wider than 80 columns: $wide"

# --- files of the checkout ---
paths=$(grep -hoE '`(src|tests|contrib|patterns|debian|tools|completions)/[A-Za-z0-9_./*-]+`' README.md | tr -d '`' | sort -u)
[ "$(wc -l <<<"$paths")" -gt 30 ] || bad "README.md names $paths"
while read -r path; do
	compgen -G "$path" >/dev/null || bad "README.md: $path is not there"
done <<<"$paths"
paths=$(grep -hoE '_contrib/[a-z0-9_/.-]+_' man/*.scd | tr -d _ | sort -u)
while read -r path; do
	[ -e "$path" ] || bad "man: $path is not there"
done <<<"$paths"

paths=$(grep -rhoE '\btests/[a-z0-9_/]+\.[a-z]+\b' src | sort -u)
[ "$(wc -l <<<"$paths")" -gt 5 ] || bad "src: comments name $paths"
while read -r path; do
	[ -e "$path" ] || bad "src: $path is not there"
done <<<"$paths"

# --- other pages, by their section ---
references=$({
	grep -hoE '\*watchforspammers[a-z.-]*\*\([0-9]\)|\bwatchforspammers[a-z.-]*\([0-9]\)' man/*.scd systemd/*.in contrib/*/* src/main.c | tr -d '*()'
	grep -hoE '`man watchforspammers[a-z.-]*`' README.md | tr -d '`' | sed 's/^man //'
} | sort -u)
[ "$(wc -l <<<"$references")" -ge 8 ] || bad "references: $references"
while read -r page; do
	compgen -G "man/${page%[0-9]}*${page##*[!0-9]}.scd" >/dev/null || bad "no manual page $page"
done <<<"$references"
while read -r heading; do
	grep -qxE "##? $heading" man/*.scd || bad "no heading $heading, that a page refers to"
done < <(grep -hoE '\bsee \*[A-Z][A-Za-z ]+\*' man/*.scd | sed 's/^see \*//; s/\*$//' | sort -u)

# --- the keys of share.conf, with their defaults ---
keys=$(sed -nE 's/^\t\{"([a-z_]+)", "?([^"}]*)"?\},?$/\1 \2/p' src/share/settings.c | sed -E 's|PEERS_DEFAULT_PATH|/etc/watchforspammers/peers|; s/ $//' | sort)
documented=$(sed -nE 's/^\*([a-z_]+)\* =( _(.*)_)?$/\1 \3/p' man/watchforspammers-share.8.scd | sed 's/ $//' | sort)
[ "$keys" = "$documented" ] || bad "share.conf: the program has $keys; the manual $documented"

# --- commands with their options ---
commands=$("$WFS_PROGRAM" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
n=0
while read -r word command options; do
	[ "$word" = watchforspammers ] || continue
	grep -qxF -- "$command" <<<"$commands" || { bad "no command $command: $word $command $options"; continue; }
	for option in $options; do
		[[ $option == --[a-z]* ]] || continue
		n=$((n + 1))
		[ "$option" = --utc ] || "$WFS_PROGRAM" help "$command" | grep -qF -- "$option" || bad "$command has no option $option: $word $command $options"
	done
done < <(sed 's/[*_`\\]//g; s/watchforspammers --utc /watchforspammers /' README.md man/*.scd contrib/*/* contrib/vote examples/* |
	grep -oE '(^|[^/a-z.-])watchforspammers ('"$(tr '\n' '|' <<<"$commands" | sed 's/|$//')"')( [^|&`()"#;,:.]*)?' | grep -oE 'watchforspammers .*')
[ "$n" -gt 15 ] || bad "only $n options looked up"
exit "$failed"
