#!/usr/bin/env bash
# debian.sh bookworm|trixie: what a new administrator does on that Debian with Postfix, Dovecot and rsyslog, booted with systemd:
# the package is built there and lives its life, then the program comes straight from the checkout, and at last the package
# reads the journal where there is no rsyslog. The commands are those of README.md, as printed there, typed by an ordinary user with sudo.
set -u
# shellcheck source-path=SCRIPTDIR source=system_lib.sh
. "$(dirname "$0")/system_lib.sh"
# shellcheck source=attacks.sh
. "$SYSTEMS_HERE/attacks.sh"
# shellcheck source=service.sh
. "$SYSTEMS_HERE/service.sh"
# shellcheck source=package.sh
. "$SYSTEMS_HERE/package.sh"
# shellcheck source=checkout.sh
. "$SYSTEMS_HERE/checkout.sh"
# shellcheck source=journal.sh
. "$SYSTEMS_HERE/journal.sh"

# chapter NAME COMMAND...: one part of the story; it ends the test when it fails.
chapter() {
	local name=$1 from=$SECONDS
	shift
	"$@"
	printf 'ok: %s (%d s)\n' "$name" $((SECONDS - from))
}

system_prepare "${1:?which Debian?}"
chapter "Debian boots" system_boot

chapter "the package is built and installed" package_builds
chapter "lintian finds nothing" package_is_clean
chapter "it can be built without its tests" package_needs_no_tests
chapter "configuration, check, replay" service_is_prepared
chapter "it starts" service_starts
chapter "who attacks is blocked, who is honest is not" attacks_are_blocked
chapter "one client is released" service_releases
chapter "reload" service_reloads
chapter "an invalid configuration" service_refuses_errors
chapter "restart" service_restarts
chapter "reboot" service_survives_reboot
chapter "stop leaves nothing" service_stops
chapter "a start that fails is given up" service_gives_up
chapter "the unit is closed" service_is_confined
chapter "the same package again" package_is_reinstalled
chapter "a newer package" package_is_upgraded
chapter "the package is removed" package_is_removed
chapter "the package is purged" package_is_purged

chapter "from the checkout" checkout_is_installed
chapter "configuration, check, replay" service_is_prepared
chapter "it starts" service_starts
chapter "who attacks is blocked, who is honest is not" attacks_are_blocked
chapter "restart" service_restarts
chapter "stop leaves nothing" service_stops
chapter "the checkout is uninstalled" checkout_is_uninstalled

chapter "no syslog daemon" syslog_is_removed
chapter "the package is installed" package_is_installed
chapter "the journal is read, without configuration" service_reads_journal
chapter "who attacks is blocked, who is honest is not" journal_attackers_are_blocked
chapter "forged lines block nobody" forged_lines_block_nobody
chapter "copies of Postfix's own lines block nobody" copied_lines_block_nobody
chapter "messages that journald dropped are reported" dropped_messages_are_said
chapter "a block comes at once" blocks_come_at_once
echo "ok"
