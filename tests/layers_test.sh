#!/bin/bash
# layers_test.sh: on a copy of the sources, layers.sh passes as things are, and reports file:line for each forbidden
# arrow.
set -u
here=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf -- "$tmp"' EXIT
errors=0

mkdir -- "$tmp/tree"
cp -R -- "$here/src" "$tmp/tree/src"

# with FILE LINE: layers.sh's output and status into $got and $status with this line at the end of this file, at $line; then the file is
# as it was.
with() {
	local file=$tmp/tree/$1 folder=
	[ -d "${file%/*}" ] || { folder=${file%/*} && mkdir -- "$folder"; }
	printf '%s\n' "$2" >>"$file"
	line=$(wc -l <"$file")
	got=$("$here/tests/layers.sh" "$tmp/tree" 2>&1)
	status=$?
	if [ -n "$folder" ]; then rm -r -- "$folder"; else cp -- "$here/$1" "$file"; fi
}

# forbidden FILE INCLUDE: with this line at the end of this file there is exactly one error, and it is here.
forbidden() {
	local line got status
	with "$1" "#include $2"
	if [ "$status" = 0 ] || [ "${got#"$1:$line: "}" = "$got" ] || [ "$(printf '%s\n' "$got" | wc -l)" != 1 ]; then
		printf '%s with #include %s: got status %d and "%s", want 1 and "%s:%d: ..."\n' \
			"$1" "$2" "$status" "$got" "$1" "$line"
		errors=$((errors + 1))
	fi
}

# allowed FILE INCLUDE: the same line here is fine.
allowed() {
	local line got status
	with "$1" "#include $2"
	if [ "$status" != 0 ]; then
		printf '%s with #include %s: got "%s", want nothing\n' "$1" "$2" "$got"
		errors=$((errors + 1))
	fi
}

# called FILE CODE: a call that needs an arrow which is not there is found without any include.
called() {
	local line got status
	with "$1" "$2"
	if [ "${got#"$1:$line: "}" = "$got" ]; then
		printf '%s with %s: got "%s", want "%s:%d: ..."\n' "$1" "$2" "$got" "$1" "$line"
		errors=$((errors + 1))
	fi
}

if ! got=$("$here/tests/layers.sh" 2>&1); then
	printf 'src/ as it is: got\n%s\nwant nothing\n' "$got"
	exit 1
fi

# Neighbours do not know each other, and nobody looks up.
forbidden src/input/line.h '"rules/rules.h"'
forbidden src/rules/rules.h '"input/line.h"'
forbidden src/rules/rules.h '"store/store.h"'
forbidden src/verdict/verdict.h '"store/store.h"'
forbidden src/store/store.h '"firewall/client.h"'
forbidden src/root/root.h '"config/config.h"'
forbidden src/firewall/message.h '"store/store.h"'
forbidden src/base/addr.h '"config/config.h"'
forbidden src/base/addr.h '"input/line.h"'
forbidden src/config/config.h '"input/line.h"'
forbidden src/engine/engine.c '"command/command.h"'
forbidden src/replay/replay.c '"engine/engine.h"'
forbidden src/verdict/verdict.c '"rules/rules.h"'
forbidden src/root/root.c '"firewall/client.h"'
forbidden src/pipeline/pending.c '"engine/live.h"'
forbidden src/replay/replay.c '"engine/engine.h"'
forbidden src/admin/block.c '"engine/requests.h"'
forbidden src/rulecheck/backtest.c '"replay/replay.h"'
forbidden src/main.c '"engine/engine.h"'
called src/rules/match.c 'size_t f(struct store *s) { return store_begin(s, 0); }'
called src/root/root.c 'void f(void) { (void)config_read(0, 0, 0, 0); }'
called src/admin/block.c 'void f(void) { engine_free(0); }'
called src/admin/block.c 'void f(struct store *s) { (void)store_add_hits(s, 0, 0, 0); }'
# A folder nobody thought of.
forbidden src/util/helper.c '"base/addr.h"'
# Ways around.
forbidden src/input/line.h '"../rules/rules.h"'
forbidden src/input/line.h '"input/follow.c"'
forbidden src/input/line.h 'RULES_H'
# Outside headers have one owner.
forbidden src/input/line.h '<pcre2.h>'
forbidden src/input/line.h '<sys/inotify.h>'
forbidden src/engine/engine.c '<sqlite3.h>'
forbidden src/command/list.c '<sqlite3.h>'
forbidden src/engine/engine.c '"store/sql.h"'
forbidden src/pipeline/decide.c '"verdict/clients.h"'
forbidden src/pipeline/restore.c '"verdict/suspension.h"'
# Headers that say so are for their folder, or for some files of it.
forbidden src/pipeline/scan.c '"input/cursor.h"'
forbidden src/root/gate.c '"root/state.h"'
forbidden src/replay/worst.c '"replay/state.h"'
forbidden src/pipeline/wanted.c '"pipeline/reconcile_state.h"'
forbidden src/engine/live.h '"engine/state.h"'
forbidden src/verdict/weight.c '"verdict/state.h"'
forbidden src/command/run.c '"engine/live.h"'
called src/pipeline/wanted.c 'void f(void) { (void)evidence_time(0, 0); }'
forbidden src/root/root.h '<libiptc/libiptc.h>'
forbidden src/root/root.h '<linux/netfilter/xt_recent.h>'
forbidden src/root/root.h '<linux/netfilter_ipv4/ip_tables.h>'
forbidden src/input/line.h '<inotifytools/inotify.h>'
forbidden src/config/config.h '<ini_configobj.h>'
forbidden src/rules/rules.h '<ini_configobj.h>'
forbidden src/engine/engine.c '<jansson.h>'
forbidden src/store/store.h '"jansson.h"'
forbidden src/engine/engine.c '<seccomp.h>'
forbidden src/root/root.h '<cap-ng.h>'
forbidden src/engine/sandbox.c '<systemd/sd-daemon.h>'
forbidden src/input/follow.h '<archive.h>'
forbidden src/dns/hostnames.h '<ares.h>'
forbidden src/engine/engine.c '<pthread.h>'
forbidden src/replay/replay.c '<pthread.h>'
forbidden src/verdict/greylist.c '<libpsl.h>'
forbidden src/base/addr.h '<curl/curl.h>'

allowed src/input/follow.c '<inotifytools/inotify.h>'
allowed src/root/serve.c '"root/state.h"'
allowed src/verdict/known.c '"verdict/evidence.h"'
allowed src/root/xtables.c '<linux/netfilter/xt_recent.h>'
allowed src/engine/engine.c '"firewall/client.h"'
allowed src/engine/engine.c '"store/hits.h"'
allowed src/store/hits.c '"store/sql.h"'
allowed src/verdict/greylist.c '"verdict/clients.h"'
allowed src/command/run.c '"root/root.h"'
allowed src/rules/rules.h '"base/addr.h"'

if [ "$errors" != 0 ]; then
	echo "$errors of the rows above are wrong"
	exit 1
fi
echo "layers.sh finds what is forbidden and allows what is allowed"
