#!/usr/bin/env bash
# quickstart.sh: quickstart prints its usage, and tools/testlog.py reports the results of the tests: passed, failed, and
# skipped with the reason. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_SOURCE_ROOT:?}"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
failed=0

# same WHAT GOT WANT
same() {
	[ "$2" = "$3" ] || { echo "FAIL: $1: got \"$2\", want \"$3\"" >&2; failed=1; }
}

# summary RECORD...: of these records; the status is the last line.
summary() {
	printf '%s\n' "$@" >"$tmp/log"
	python3 "$WFS_SOURCE_ROOT/tools/testlog.py" "$tmp/log" 2>&1
	echo "status $?"
}

same "an argument too many" "$("$WFS_SOURCE_ROOT/quickstart" tests 2>&1; echo "status $?")" "$("$WFS_SOURCE_ROOT/quickstart" -h)
status 2"
same "passed and skipped" "$(summary '{"name":"a","result":"OK"}' '{"name":"b","result":"SKIP","stdout":"1\nneeds root\n"}' '{"name":"c","result":"SKIP"}')" \
	"quickstart: skipped: b: needs root
quickstart: skipped: c: no reason given
1 passed, 0 failed, 2 skipped
status 0"
same "failed" "$(summary '{"name":"a","result":"TIMEOUT"}' '{"name":"b","result":"OK"}')" "quickstart: failed: a (TIMEOUT)
1 passed, 1 failed, 0 skipped
status 1"
same "no log" "$(rm -f "$tmp/log"; python3 "$WFS_SOURCE_ROOT/tools/testlog.py" "$tmp/log" | tail -n 1)" "0 passed, 1 failed, 0 skipped"
exit "$failed"
