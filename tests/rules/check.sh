#!/usr/bin/env bash
# check: what it says of each kind of error, word for word.
#
#   tests/rules/check.sh [update]   compares with tests/rules/check/*.want, or rewrites them
#
# Each NAME.rules (with NAME.2.rules where there is one) is checked alone, each NAME.conf as the configuration.
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
cd -- "$WFS_SOURCE_ROOT/tests/rules/check" || exit 2
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
mkdir "$tmp/patterns"
printf '[run]\npatterns = %s\n' "$tmp/patterns" >"$tmp/conf"
failed=0
n=0

# one NAME ARGUMENT...
one() {
	local name=$1 want=$1.want
	shift
	{
		"$WFS_PROGRAM" "$@" 2>&1
		echo "exit $?"
	} | sed "s:$tmp/::g" >"$tmp/got"
	n=$((n + 1))
	if [ "${mode-}" = update ]; then
		cp "$tmp/got" "$want"
	elif ! diff -u "$want" "$tmp/got"; then
		echo "FAIL: $name: got +, want -" >&2
		failed=$((failed + 1))
	fi
}

mode=${1-}
for file in *.rules; do
	name=${file%.rules}
	case $name in *.2) continue ;; esac
	files=("$file")
	[ ! -e "$name.2.rules" ] || files+=("$name.2.rules")
	one "$name" -c "$tmp/conf" check "${files[@]}"
done
for file in *.conf; do
	one "${file%.conf}-conf" -c "$file" check
done
one strict -c "$tmp/conf" check --strict no-example.rules
one json -c "$tmp/conf" check --json unknown-key.rules
one json-warnings -c "$tmp/conf" check --json no-example.rules
# With the shared macros, a dnsbl rule that does not exclude a blocklist's refusal.
printf '[define]\nunanswered = Error: \n' >"$tmp/patterns/macros.rules"
one unanswered -c "$tmp/conf" check no-literal.rules
# A rule of one's own comes before a shipped one.
cp overlap.2.rules "$tmp/patterns" || exit 2
one own-first -c "$tmp/conf" check --strict overlap.rules
one own-first-json -c "$tmp/conf" check --json overlap.rules
[ "$failed" = 0 ] || exit 1
echo "check.sh: $n outputs as expected"
