#!/usr/bin/env bash
# import fail2ban with the real fail2ban of a Debian: its server has made ten bans, its own fail2ban-regex says what the filters
# match. The same bans come out, and the table compares filters and rules line by line: nothing differs but what
# import/lines.log says.
#
#   fail2ban.sh SUITE
set -u
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
netns_need jq sqlite3 debootstrap unshare flock
SUITE=$1
# In namespaces of its own: mounts and fail2ban's server go with them.
if [ -z "${FAIL2BAN_ROOT-}" ]; then
	FAIL2BAN_ROOT=$(WFS_SERVERS_SUITE=$SUITE bash "$(dirname "$0")/roots.sh" fail2ban </dev/null) || fail "no root for fail2ban"
	export FAIL2BAN_ROOT
	exec unshare --mount --pid --net --fork --kill-child=KILL --propagation private -- bash "$0" "$SUITE"
fi
# shellcheck source-path=SCRIPTDIR source=roots.sh
. "$(dirname "$0")/roots.sh"
WORK=$(mktemp -d) || exit 1
trap 'umount -R "$WORK/layer/root" "$WORK/layer" 2>/dev/null; rm -rf --one-file-system -- "$WORK"' EXIT
roots_layer "$FAIL2BAN_ROOT" "$WORK/layer" || fail "no layer"
R=$WORK/layer/root
mount -t proc proc "$R/proc" || fail "no proc"
# The root has the name that it has outside, for those who read the configuration in there.
mkdir -p "$R$WORK/layer" "$R/run/fail2ban" "$WORK/bin" "$WORK/log"
ln -s / "$R$WORK/layer/root"

inside() {
	chroot "$R" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}
# shellcheck disable=SC2016
printf '#!/bin/sh\nexec chroot "%s" fail2ban-regex "$@"\n' "$R" >"$WORK/bin/fail2ban-regex"
chmod 755 "$WORK/bin/fail2ban-regex"

JAILS=(sshd postfix postfix-sasl dovecot shop)
{
	printf '[DEFAULT]\naction =\nbackend = polling\nbantime = 2h\n'
	for jail in "${JAILS[@]}"; do
		printf '[%s]\nenabled = true\nbackend = polling\nlogpath = %s/var/log/%s.log\n' "$jail" "$R" "$jail"
		: >"$R/var/log/$jail.log"
	done
} >"$R/etc/fail2ban/jail.local"
cp "$WFS_SOURCE_ROOT/tests/import/fail2ban/filter.d/shop.conf" "$R/etc/fail2ban/filter.d/" || fail "no filter of our own"

# --- ten bans, by its own server
bans() {
	sqlite3 -readonly "$R/var/lib/fail2ban/fail2ban.sqlite3" "SELECT count(*) FROM bips"
}
has_bans() {
	[ "$(bans)" = "$1" ]
}
inside fail2ban-client -x start >"$WORK/printed" 2>&1 || fail "fail2ban does not start: $(cat "$WORK/printed")"
for ban in sshd\ 198.51.100.{1..4} postfix\ 198.51.100.5 postfix-sasl\ 198.51.100.6 postfix-sasl\ 2001:db8:bad::7 dovecot\ 2001:db8:bad::8 \
	shop\ 203.0.113.9; do
	inside fail2ban-client set "${ban% *}" banip "${ban#* }" >"$WORK/printed" 2>&1 || fail "no ban: $(cat "$WORK/printed")"
done
{ inside fail2ban-client set shop bantime -1 && inside fail2ban-client set shop banip 203.0.113.10; } >/dev/null || fail "no ban for ever"
wait_until has_bans 10 || fail "fail2ban has stored $(bans) bans"
inside fail2ban-client stop >/dev/null 2>&1

# --- the lines, each in the log of its jail; who matches them goes beside it
[ "$SUITE" = bookworm ] && place=1 || place=2
awk -v place="$place" -v log_="$R/var/log/" -v who_="$WORK/log/" '
	/^# [a-z-]+ [a-z|]+(:|$)/ { sub(/:.*/, ""); jail = $2; n = split($3, who, "|"); w = n == 1 ? who[1] : who[place]; next }
	/^#/ || /^$/ { next }
	{ print >>(log_ jail ".log"); print w >>(who_ jail) }
' "$WFS_SOURCE_ROOT/tests/import/lines.log"

printf '[run]\npatterns = %s\n' "$WFS_SOURCE_ROOT/patterns" >"$WORK/conf"
PATH=$WORK/bin:$PATH "$WFS_PROGRAM" -c "$WORK/conf" import fail2ban --from "$R/etc/fail2ban" \
	--database "$R/var/lib/fail2ban/fail2ban.sqlite3" --output "$WORK/out" >"$WORK/printed" 2>&1 || fail "import: $(cat "$WORK/printed")"

count() {
	grep -c "^$1$" "$2"
}
for jail in "${JAILS[@]}"; do
	file=$WORK/log/$jail
	want="$jail $(wc -l <"$file") $(count both "$file") $(count theirs "$file") $(count ours "$file")"
	got=$(awk -v jail="$jail" '/^Lines of your logs/ { on = 1 } on && $1 == jail { print $1, $2, $3, $4, $5 }' "$WORK/printed")
	[ "$got" = "$want" ] || fail "lines, both, only theirs, only ours: got $got, want $want: $(cat "$WORK/printed")"

	# The table is true: the same line by line, by what each of the two programs prints itself.
	filter=${jail/-sasl/[mode=auth]}
	inside fail2ban-regex --print-all-matched --print-no-missed --print-no-ignored "/var/log/$jail.log" "$filter" |
		sed -n '/Matched line/,/^`-/s/^|  //p' | sort -u >"$WORK/theirs"
	paste -d ' ' "$file" "$R/var/log/$jail.log" | sed -n 's/^\(both\|theirs\) //p' | sort -u | diff - "$WORK/theirs" >"$WORK/differ" ||
		fail "$jail: fail2ban-regex matches others ($SUITE): $(cat "$WORK/differ")"
	"$WFS_PROGRAM" -c "$WORK/conf" explain --json <"$R/var/log/$jail.log" | jq -r 'if .rule != null and .score > 0 then "yes" else "no" end' |
		paste -d ' ' "$file" - "$R/var/log/$jail.log" >"$WORK/ours"
	[ "$jail" = shop ] || ! grep -E '^(both|ours) no|^(theirs|nobody) yes' "$WORK/ours" || fail "$jail: our rules match others"
done
{ grep -qF "only theirs:" "$WORK/printed" && grep -qF "only ours, by " "$WORK/printed"; } || fail "no examples: $(cat "$WORK/printed")"

# --- the same bans, those for ever included, as orders of ours
got=$("$WFS_PROGRAM" -c "$WORK/conf" import list --dry-run --for 30d "$WORK/out/bans" | sort)
want=$(for i in {1..6}; do echo "block 198.51.100.$i"; done
	printf 'block %s\n' 2001:db8:bad::7 2001:db8:bad::8 203.0.113.9 203.0.113.10)
[ "$(cut -d ' ' -f 1,2 <<<"$got")" = "$(sort <<<"$want")" ] || fail "bans: got $got"
[ "$(grep -cE ' for (2h|1h5[0-9]m([0-9]+s)?) reason fail2ban (sshd|postfix|postfix-sasl|dovecot|shop)$' <<<"$got")" = 9 ] || fail "times of bans: $got"
grep -q "^block 203.0.113.10 for 30d reason fail2ban shop$" <<<"$got" || fail "a ban for ever: $got"

# --- what was written is a configuration, and rules that pass
"$WFS_PROGRAM" -c "$WORK/conf" check "$WORK"/out/patterns/*.rules >"$WORK/printed" 2>&1 || fail "check: $(cat "$WORK/printed")"
for jail in "${JAILS[@]}"; do
	grep -qxF "[log $R/var/log/$jail.log]" "$WORK/out/watchforspammers.conf" || fail "no log of $jail: $(cat "$WORK/out/watchforspammers.conf")"
done
echo "ok"
