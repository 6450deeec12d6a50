#!/usr/bin/env bash
# traps.sh: traps: recipients and senders from files. A client that uses one is blocked for a day; an edit of the file
# is live at once; a file that is missing or has an error is reported with the remedy, and its previous contents stay in
# use.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
mkdir "$WORK/lists" "$WORK/own"
sed "s|/etc/watchforspammers|$WORK/lists|; s/^enabled  = no/enabled  = yes/" "$WFS_SOURCE_ROOT/patterns/00-traps.rules" >"$WORK/own/00-traps.rules"
echo "@example.org" >"$WORK/lists/own-domains"
printf '%s\n' alice@example.org bob@example.org >"$WORK/lists/recipients"

# refused ADDRESS FROM TO [CODE]: the line of a mail server that does not take the recipient.
refused() {
	echo "$(now) mx postfix/smtpd[411]: NOQUEUE: reject: RCPT from unknown[$1]: ${4:-550 5.1.1} <$3>: Recipient address rejected: ${5:-User unknown}; from=<$2> to=<$3> proto=ESMTP helo=<x>"
}

lasts_a_day() {
	[ "$(sql "SELECT until - since FROM block WHERE address = '$1'")" = 86400 ]
}

N=0
# Somebody's hits have been handled: another is blocked behind them.
settled() {
	courier_511 "203.0.113.$((++N))" >>"$LOG"
	wait_until listed "203.0.113.$N" || fail "$1: the daemon reads no more"
}

# --- a start without the file
daemon_config ""
sed -i "s|^patterns = .*|& $WORK/own|" "$CONF"
daemon_start
logged "to of [postfix-trap]: $WORK/lists/traps: no such file; create it, with a mail address or \"@domain\" a line, and reload" ||
	fail "the journal does not say which file is missing"
status_text | grep -qF "$WORK/lists/traps: no such file" || fail "status does not say which file is missing"
echo "Trap@Example.org" >"$WORK/lists/traps"
kill -HUP "$DAEMON"
wait_until logged "reloaded: " || fail "no reload: $(wfs status --json | jq -c .rules_fault)"
[ "$(wfs status --json | jq -c .rules_fault)" = null ] || fail "after the remedy: $(wfs status --json | jq -c .rules_fault)"

# --- one attempt, whatever the case, is a day
refused 198.51.100.7 a@example.com TRAP@example.ORG >>"$LOG"
wait_until listed 198.51.100.7 || fail "a client that wrote to a trap is not blocked"
wait_until lasts_a_day 198.51.100.7 || fail "its block does not last a day"
refused 198.51.100.8 a@example.com nosuch@example.org >>"$LOG"
refused 198.51.100.9 a@example.com bob@example.org "450 4.2.0" Greylisted >>"$LOG"
settled "no traps"
! listed 198.51.100.8 || fail "an unknown mailbox is a trap"
! listed 198.51.100.9 || fail "a person is a trap"

# --- accepted mail: the client on one line, the recipient on another
for line in "smtpd[1]: ABCDEF0123: client=unknown[198.51.100.10]" \
	"qmgr[2]: ABCDEF0123: from=<a@example.com>, size=9, nrcpt=1 (queue active)" \
	"lmtp[3]: ABCDEF0123: to=<traps@mx.test>, orig_to=<trap@example.org>, relay=mx[private/lmtp], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Saved)"; do
	echo "$(now) mx postfix/$line" >>"$LOG"
done
wait_until listed 198.51.100.10 || fail "a client whose mail to a trap was accepted is not blocked"
wait_until lasts_a_day 198.51.100.10 || fail "its block does not last a day"

# --- two of our own senders, and two recipients that nobody has, refused for now
for to in bob@example.org alice@example.org; do
	refused 198.51.100.11 alice@example.org "$to" "450 4.2.0" Greylisted >>"$LOG"
	refused 198.51.100.12 a@example.com "x-$to" "450 4.2.0" Greylisted >>"$LOG"
done
wait_until listed 198.51.100.11 || fail "our own sender is not blocked"
wait_until listed 198.51.100.12 || fail "two recipients that nobody has do not block"

# --- an edit, in place and by rename
loads=$(logged_times "rules reloaded")
reloaded() {
	[ "$(logged_times "rules reloaded")" -gt "$loads" ]
}
echo "@traps.example.org" >>"$WORK/lists/traps"
wait_until reloaded || fail "an edit of the file is not noticed"
refused 198.51.100.13 a@example.com any@traps.example.org >>"$LOG"
wait_until listed 198.51.100.13 || fail "a new trap is none"
loads=$(logged_times "rules reloaded")
echo "other@example.org" >"$WORK/lists/new"
mv "$WORK/lists/new" "$WORK/lists/traps"
wait_until reloaded || fail "a file that is replaced is not noticed"
refused 198.51.100.14 a@example.com other@example.org >>"$LOG"
wait_until listed 198.51.100.14 || fail "a new trap is none, after a rename"

# --- an error in it, and its end
echo "example.org" >>"$WORK/lists/traps"
wait_until logged "$WORK/lists/traps:2: want a mail address or \"@domain\", got \"example.org\"; keeping the old rules" ||
	fail "an error in the file is not reported"
refused 198.51.100.15 a@example.com other@example.org >>"$LOG"
wait_until listed 198.51.100.15 || fail "the old file is not in force"
loads=$(logged_times "rules reloaded")
echo "other@example.org" >"$WORK/lists/traps"
wait_until reloaded || fail "the cure is not noticed"
rm "$WORK/lists/traps"
wait_until logged "no such file; create it, with a mail address or \"@domain\" a line, and reload; keeping the old rules" ||
	fail "a file that is gone is not reported"
refused 198.51.100.16 a@example.com other@example.org >>"$LOG"
wait_until listed 198.51.100.16 || fail "the file that is gone is not in force"

daemon_stop || fail "the daemon ends with $?"
no_sanitizer
echo "traps.sh: who writes to a trap is blocked for a day"
