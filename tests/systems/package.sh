# shellcheck shell=bash
# package.sh: the life of the Debian package; part of debian.sh.

# Built and installed as in the README. Nothing runs yet.
package_builds() {
	as_readme "As a Debian package"
	DEB=$(find "$ROOT/home/admin" -maxdepth 1 -name 'watchforspammers_*.deb' -printf '/home/admin/%f\n')
	same "state of the package" "$(package_state)" installed
	same "the old place" "$(in_system readlink -f /usr/sbin/watchforspammers)" /usr/bin/watchforspammers
	same "what bash completes" "$(in_system bash -c '. /usr/share/bash-completion/completions/watchforspammers
		COMP_LINE="watchforspammers reloa" COMP_POINT=22
		_watchforspammers && echo "${COMPREPLY[@]}"')" reload
	grep -qF "watchforspammers is installed, but does not run yet" "$WORK/printed" || fail "the first installation does not say what comes next"
	same "is the service enabled" "$(in_system systemctl is-enabled watchforspammers)" disabled
}

package_state() {
	in_system dpkg-query --show --showformat '${db:Status-Status}' watchforspammers 2>/dev/null
}

package_is_clean() {
	as_admin <<<'lintian --fail-on error,warning ../watchforspammers_*.changes' || fail "lintian finds something"
}

# ./quickstart builds what is configured so.
package_needs_no_tests() {
	as_admin <<-'END' || fail "DEB_BUILD_OPTIONS=nocheck does not leave the tests out"
		export DEB_BUILD_OPTIONS=nocheck
		debian/rules clean
		debian/rules override_dh_auto_configure
		[ "$(meson introspect --targets obj-* | jq '[.[].filename] | flatten | map(select(test("/tests/"))) | length')" = 0 ]
		debian/rules clean
	END
}

package_is_reinstalled() {
	in_system dpkg --install "$DEB" >>"$WORK/printed" 2>&1 || fail "dpkg cannot install the same package again"
	expect_running
}

# The same files with a higher number.
package_is_upgraded() {
	local pid version
	pid=$(unit MainPID)
	version=$(in_system dpkg-deb --field "$DEB" Version)+1
	in_system sh -eu -c '
		dpkg-deb --raw-extract "$1" /root/newer
		sed -i "s/^Version: .*/Version: $2/" /root/newer/DEBIAN/control
		dpkg-deb --build /root/newer /root/newer.deb' sh "$DEB" "$version" >>"$WORK/printed" 2>&1 || fail "cannot pack a newer package"
	in_system dpkg --install /root/newer.deb >>"$WORK/printed" 2>&1 || fail "dpkg cannot install a newer package"
	same "version" "$(in_system dpkg-query --show --showformat '${Version}' watchforspammers)" "$version"
	[ "$(unit MainPID)" != "$pid" ] || fail "main process after the upgrade: got $pid, the old program"
	same "will it be started at boot" "$(in_system systemctl is-enabled watchforspammers)" enabled
	expect_running
}

# It comes back with its configuration and its blocks.
package_is_removed() {
	in_system dpkg --remove watchforspammers >>"$WORK/printed" 2>&1 || fail "dpkg cannot remove the package"
	expect_nothing_in_kernel
	same "processes" "$(in_system pgrep -fl bin/watchforspammers)" ""
	same "configuration" "$(cat "$ROOT$CONF")" "$(cat "$WORK/conf")"
	in_system dpkg --install /root/newer.deb >>"$WORK/printed" 2>&1 || fail "dpkg cannot install a package that was removed"
	in_system systemctl enable --now --quiet watchforspammers || fail "it does not start after it was removed and installed"
	expect_running
}

# As in the README: nothing stays, not even what the administrator wrote.
package_is_purged() {
	local uid
	uid=$(in_system id -u watchforspammers)
	echo '# of our own' >"$ROOT/etc/watchforspammers/patterns/local.rules"
	as_readme "To remove the package"
	expect_nothing_in_kernel
	expect_no_files "$uid"
	same "user" "$(in_system getent passwd watchforspammers)" ""
}

# expect_no_files UID: none is named like us, lies in our directories or belongs to our user; not counted are home
# directories, temporary files and the system's own logs.
expect_no_files() {
	local left
	left=$(in_system find / -xdev \( -path /home -o -path /root -o -path /proc -o -path /sys -o -path /tmp -o -path /var/log \) -prune -o \
		\( -name '*watchforspammers*' -o -uid "$1" -o -gid "$1" \) -print | sort | xargs)
	same "files that were left" "$left" ""
	left=$(in_system find /run -name '*watchforspammers*' | xargs)
	same "files that were left in /run" "$left" ""
	same "processes" "$(in_system pgrep -fl bin/watchforspammers)" ""
}
