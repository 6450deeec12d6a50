# shellcheck shell=bash
# service.sh: what systemd and an administrator do with the daemon, however it was installed; part of debian.sh.

CONF=/etc/watchforspammers/watchforspammers.conf
# systemd-analyze security, in tenths: what the unit has now. It may become less.
EXPOSURE_MAX=29

is_in_log() {
	grep -qF "[$1]" "$ROOT/var/log/mail.log"
}

# The daemon runs, and all that was blocked is.
expect_running() {
	local client
	same "state of the service" "$(unit ActiveState),$(unit SubState)" active,running
	same "blocked" "$(blocks_of)" "$BLOCKED"
	for client in "${ATTACKERS[@]}"; do
		wait_until in_kernel "$client" || fail "$client: no longer blocked in the kernel"
	done
	same "connections of blocked clients" "$(connections "${ATTACKERS[@]}")" "$(still_open "${ATTACKERS[@]}")"
	expect_open "${HONEST[@]}"
}

expect_nothing_in_kernel() {
	wait_until kernel_is_clean || fail "left in the kernel: $(kernel_state)"
}

# As in the README; the log has a relay attempt that led to nothing.
service_is_prepared() {
	relay_start "${RELAY[0]}"
	wait_long is_in_log "${RELAY[0]}" || fail "rsyslog writes no mail.log"
	same "state of the service after the installation" "$(unit ActiveState)" inactive
	as_admin <<<"sudo tee --append $CONF <<'END'
$(readme "Allow your own networks")
END" || fail "cannot write $CONF"
	as_readme "Check, and replay your old log"
	expect_nothing_in_kernel
}

service_starts() {
	as_readme "Start, and look"
	same "state of the service" "$(unit ActiveState),$(unit SubState)" active,running
	same "will it be started at boot" "$(in_system systemctl is-enabled watchforspammers)" enabled
}

# As in the README, for its own attacker: it is released and for a while allowed.
service_releases() {
	local client=${RELAY[0]}
	as_readme "Somebody is blocked who should not be"
	wait_until not_in_kernel "$client" || fail "$client: released, but still blocked in the kernel"
	same "is $client allowed" "$(wfs test --json "$client" | jq -r .allowed)" true
	expect_open "$client"
	wfs disallow "$client" >>"$WORK/printed" 2>&1 || fail "disallow fails"
	relay_start "$client"
	expect_blocked "$client"
	same "blocked" "$(blocks_of)" "$BLOCKED"
}

not_in_kernel() {
	! in_kernel "$1"
}

service_reloads() {
	local pid client=${HARVESTER[0]}
	pid=$(unit MainPID)
	cp "$ROOT$CONF" "$WORK/conf"
	sed -i "/^\[allow\]/a address = $client" "$ROOT$CONF"
	in_system systemctl reload watchforspammers || fail "systemctl reload fails"
	wait_until not_in_kernel "$client" || fail "$client: allowed, but still blocked in the kernel"
	expect_open "$client"
	cp "$WORK/conf" "$ROOT$CONF"
	in_system systemctl reload watchforspammers || fail "systemctl reload fails"
	mail_start "$client" --to a@mx.example.org,b@mx.example.org,c@mx.example.org,d@mx.example.org,e@mx.example.org
	expect_blocked "$client"
	same "main process after reload" "$(unit MainPID)" "$pid"
	expect_running
}

service_refuses_errors() {
	local pid
	pid=$(unit MainPID)
	echo "[nonsense]" >>"$ROOT$CONF"
	! in_system systemctl reload watchforspammers 2>>"$WORK/printed" || fail "systemctl reload: got status 0, want an error for an invalid configuration"
	cp "$WORK/conf" "$ROOT$CONF"
	in_system systemctl reload watchforspammers || fail "systemctl reload fails after the error was corrected"
	same "main process after reload" "$(unit MainPID)" "$pid"
	expect_running
}

service_restarts() {
	local pid
	pid=$(unit MainPID)
	in_system systemctl restart watchforspammers || fail "systemctl restart fails"
	[ "$(unit MainPID)" != "$pid" ] || fail "main process after restart: got $pid, the old one"
	expect_running
}

service_survives_reboot() {
	system_halt
	expect_nothing_in_kernel
	system_boot
	expect_running
}

service_stops() {
	in_system systemctl stop watchforspammers || fail "systemctl stop fails"
	same "state of the service" "$(unit ActiveState)" inactive
	expect_nothing_in_kernel
	wait_until can_connect "${ATTACKERS[@]}" || fail "connections while it is stopped: got \"$(connections "${ATTACKERS[@]}")\", want all"
	in_system systemctl start watchforspammers || fail "systemctl start fails"
	expect_running
}

# A start that fails for a reason that may pass is tried again, but not for ever, and then it is plain to see.
service_gives_up() {
	local other
	in_system systemctl stop watchforspammers || fail "systemctl stop fails"
	in_system watchforspammers run 2>>"$WORK/printed" &
	other=$!
	wait_long in_kernel "${ATTACKERS[0]}" || fail "a daemon started by hand blocks nobody"
	! in_system systemctl start watchforspammers 2>>"$WORK/printed" || fail "systemctl start: got status 0 beside another daemon"
	wait_long has_failed || fail "the service is still tried: got $(unit ActiveState) after $(unit NRestarts) restarts"
	[ "$(unit NRestarts)" -ge 5 ] || fail "restarts before it was given up: got $(unit NRestarts), want at least 5"
	in_system pkill -TERM -o -f 'watchforspammers run' || fail "the daemon started by hand is gone"
	wait "$other"
	expect_nothing_in_kernel
	in_system systemctl reset-failed watchforspammers
	in_system systemctl start watchforspammers || fail "systemctl start fails when the reason is gone"
	expect_running
}

has_failed() {
	[ "$(unit ActiveState)" = failed ]
}

service_is_confined() {
	local exposure
	exposure=$(in_system systemd-analyze security --no-pager watchforspammers.service | sed -n 's/.*Overall exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
	[ -n "$exposure" ] || fail "systemd-analyze security says nothing of the service"
	[ "$exposure" -le "$EXPOSURE_MAX" ] || fail "systemd-analyze security, in tenths: got $exposure, want at most $EXPOSURE_MAX"
}
