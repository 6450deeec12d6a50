# shellcheck shell=bash
# journal.sh: Debian as it is installed, without a syslog daemon and with nothing configured: the journal is read, attackers are
# blocked, the honest are not; and a user who writes lines with logger(1) gets nobody blocked. Part of debian.sh.

VICTIM=203.0.113.99
NEXT=203.0.113.98
COPIED=203.0.113.96
DELAY_MAX_MS=$((${WFS_BENCH:-0} ? 1000 : 10000)) # from a line in the journal to the block; a test shares its machine

# The package that was built before, on a system that knows nothing of us.
package_is_installed() {
	as_admin <<<"sudo apt-get install $DEB" || fail "the package cannot be installed"
	same "configuration" "$(cat "$ROOT$CONF")" "$(cat "$WFS_SOURCE_ROOT/debian/watchforspammers.conf")"
}

# As Debian is without it. What the journal had is gone with the reboot.
syslog_is_removed() {
	system_halt
	chroot "$ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive dpkg --purge rsyslog >>"$WORK/printed" 2>&1 ||
		fail "cannot remove rsyslog"
	rm -f "$ROOT"/var/log/mail.*
	system_boot
}

# Whether the daemon has its first position: what is written later is read.
has_position() {
	[ "$(wfs status --json | jq -r .journal.cursor)" != null ]
}

service_reads_journal() {
	local checked
	checked=$(wfs check 2>&1) || fail "check: $checked"
	grep -q "the daemon reads the journal: " <<<"$checked" || fail "check does not say that the journal is read: $checked"
	in_system systemctl enable --now watchforspammers >>"$WORK/printed" 2>&1 || fail "it does not start"
	same "state of the service" "$(unit ActiveState),$(unit SubState)" active,running
	wait_long has_position || fail "the journal is not read: $(wfs status)"
	same "logs" "$(wfs status --json | jq -c .logs)" "[]"
}

# relay_line ADDRESS: what Postfix writes about a client that tries to relay.
relay_line() {
	echo "NOQUEUE: reject: RCPT from unknown[$1]: 554 5.7.1 <a@example.com>: Relay access denied; from=<b@example.net>" \
		"to=<a@example.com> proto=SMTP helo=<c>"
}

# write_as USER ADDRESS: two such lines, enough for a block.
write_as() {
	local line
	line=$(relay_line "$2")
	in_system runuser -u "$1" -- logger -t postfix/smtpd -p mail.info "$line" || fail "logger fails as $1"
	in_system runuser -u "$1" -- logger -t postfix/smtpd -p mail.info "$line" || fail "logger fails as $1"
}

is_forged() {
	[ "$(wfs status --json | jq -r .journal.forged)" -ge "$1" ]
}

forged_lines_block_nobody() {
	write_as admin "$VICTIM"
	write_as www-data "$VICTIM"
	wait_long is_forged 2 || fail "not counted as forged: $(wfs status)"
	# The same by Postfix's user, written later: when this one is blocked, the others have been read.
	write_as postfix "$NEXT"
	wait_long in_kernel "$NEXT" || fail "what Postfix's user writes blocks nobody: $(wfs status)"
	! in_kernel "$VICTIM" || fail "a line by logger(1) blocks $VICTIM"
	same "hits of the victim" "$(wfs why --json "$VICTIM" | jq -r '.hits | length')" 0
}

# What Postfix itself wrote about a client that was blocked for it, word for word but for the address, by an ordinary user, whose journal
# is not read, and by a system user, whose line is forged.
copied_lines_block_nobody() {
	local line before user _
	line=$(in_system journalctl --quiet --output=cat --lines=1 SYSLOG_IDENTIFIER=postfix/smtpd --grep="\\[${RELAY[0]}\\].*Relay access denied")
	[[ $line == *"${RELAY[0]}"* ]] || fail "Postfix wrote nothing about ${RELAY[0]}"
	line=${line//"${RELAY[0]}"/$VICTIM}
	before=$(wfs status --json | jq -r .journal.forged)
	for user in admin admin admin www-data www-data www-data; do
		in_system runuser -u "$user" -- logger -t postfix/smtpd -p mail.info "$line" || fail "logger fails"
	done
	wait_long is_forged $((before + 3)) || fail "not counted as forged: $(wfs status)"
	! in_kernel "$VICTIM" || fail "a copy of Postfix's line blocks $VICTIM"
	# The same, word for word, by Postfix's user: it is the user that makes the difference.
	for _ in 1 2 3; do
		in_system runuser -u postfix -- logger -t postfix/smtpd -p mail.info "${line//"$VICTIM"/$COPIED}" || fail "logger fails"
	done
	wait_long in_kernel "$COPIED" || fail "the same line by Postfix's user blocks nobody: $(wfs status)"
}

is_suppressed() {
	[ "$(wfs status --json | jq -r .journal.suppressed)" -ge 1 ] && [ "$(wfs status --json | jq -r .journal.suppressed_unit)" = noisy.service ]
}

# journald reports what it dropped with the next message of that unit after the interval.
another_message() {
	in_system systemctl start noisy.service >/dev/null 2>&1
	is_suppressed
}

dropped_messages_are_said() {
	cat >"$ROOT/etc/systemd/system/noisy.service" <<-'END'
		[Service]
		Type=oneshot
		LogRateLimitIntervalSec=1s
		LogRateLimitBurst=20
		ExecStart=/usr/bin/seq 1 5000
	END
	in_system systemctl daemon-reload || fail "daemon-reload"
	wait_long another_message || fail "journald dropped messages, and nobody says so: $(wfs status)"
	[[ $(wfs status) == *LogRateLimitIntervalSec=0* ]] || fail "status does not name the remedy: $(wfs status)"
}

# last_us MATCH...: when the newest such entry of the journal was received, in microseconds.
last_us() {
	in_system journalctl --quiet --output=json --lines=1 "$@" | jq -r .__REALTIME_TIMESTAMP
}

# The block of a client is logged within a second after the line that led to it.
blocks_come_at_once() {
	local line_us block_us
	write_as postfix 203.0.113.97
	wait_long in_kernel 203.0.113.97 || fail "203.0.113.97 is not blocked"
	line_us=$(last_us SYSLOG_IDENTIFIER=postfix/smtpd "MESSAGE=$(relay_line 203.0.113.97)")
	block_us=$(last_us WFS_ADDRESS=203.0.113.97 WFS_EVENT=blocked)
	echo "from the line to the block: $(((block_us - line_us) / 1000)) ms"
	[ $((block_us - line_us)) -lt $((DELAY_MAX_MS * 1000)) ] || fail "blocked after $((block_us - line_us)) us"
}

journal_attackers_are_blocked() {
	local client _
	for client in "${HONEST[@]}"; do
		is_served "$client"
	done
	for client in "${RELAY[@]}"; do
		relay_start "$client"
	done
	for client in "${IMAP_GUESSER[@]}"; do
		for _ in 1 2 3 4 5 6; do
			send_start "$client" 143 "a LOGIN alice wrong" "b LOGOUT"
		done
	done
	expect_blocked "${RELAY[@]}" "${IMAP_GUESSER[@]}"
	expect_open "${HONEST[@]}"
}
