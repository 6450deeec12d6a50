#!/usr/bin/env bash
# The manual's examples of rules are rules: each block of watchforspammers-rules(5) that begins with "[" passes check.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout. WFS_MANUAL: the page, if another.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
mkdir "$tmp/patterns" && cp "$WFS_SOURCE_ROOT/patterns/macros.rules" "$tmp/patterns" || exit 2
printf '[run]\npatterns = %s\n' "$tmp/patterns" >"$tmp/conf"
page=${WFS_MANUAL:-$WFS_SOURCE_ROOT/man/watchforspammers-rules.5.scd}

# Blocks between lines of ```; what scdoc reads as "\\" is "\". A hit alone belongs to the rule before it.
awk -v out="$tmp/block" '
	/^```/ { inside = !inside; if (inside) first = 1; next }
	inside && first { first = 0; rules = /^\[/; more = /^hit /; if (rules) n++ }
	inside && (rules || (more && n == 1)) { gsub(/\\\\/, "\\"); print >(out n ".rules") }
' "$page"
n=0
for file in "$tmp"/block*.rules; do
	"$WFS_PROGRAM" -c "$tmp/conf" check "$file" >"$tmp/out" 2>&1 || { cat "$tmp/out" >&2; echo "FAIL: a rule of the manual" >&2; exit 1; }
	n=$((n + 1))
done
[ "$n" -ge 3 ] || { echo "FAIL: got $n blocks of rules, want 3" >&2; exit 1; }
# The first, with its forged line, has nothing to be warned of beside the rules that are shipped.
bash "$WFS_SOURCE_ROOT/tests/bare_rules.sh" "$tmp/shipped" || exit 2
printf '[run]\npatterns = %s\n' "$tmp/shipped" >"$tmp/conf"
"$WFS_PROGRAM" -c "$tmp/conf" check "$tmp/block1.rules" >"$tmp/out" 2>&1 && ! grep '/block1\.rules:' "$tmp/out" >&2 || exit 1
echo "manual.sh: $n examples pass"
