#!/usr/bin/env bash
# roots.sh: a root directory with Debian's own packages for each mail server, kept between runs.
#
#   roots.sh                makes all of them         (first time: a few minutes; afterwards: nothing)
#   roots.sh NAME...        makes these, and prints where they are
#   roots.sh system         for tests/systems: one that can be booted, with Postfix, Dovecot and all that our package is built with
#
# The mail servers of Debian exclude each other, so each lives in a root of its own: debootstrap makes one base
# with what all need (a syslog daemon, a name server), each server is a copy of it in which apt-get installs the
# package with its maintainer scripts: users, certificates and default configuration are the real ones. Nothing
# is started in there. A root is made under another name and renamed when it is whole; one that was made from
# another list of packages is made again. The roots are only read afterwards: a test lays its own layer on top.
#
# WFS_SERVERS_CACHE: where they are kept; $XDG_CACHE_HOME/watchforspammers-tests if that is set, or else
#   /var/cache/watchforspammers-tests. About 300 MB each. Must be on a filesystem with devices and set-user-id.
# WFS_SERVERS_SUITE: the Debian release in them, this machine's by default.
# Needs: root, debootstrap, flock (util-linux), a mirror of Debian in this machine's apt sources.
set -u -o pipefail

roots_suite() {
	# shellcheck disable=SC1091
	printf '%s\n' "${WFS_SERVERS_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME-}")}"
}

roots_cache() {
	printf '%s\n' "${WFS_SERVERS_CACHE:-${XDG_CACHE_HOME:-/var/cache}/watchforspammers-tests}"
}

# The packages of one root.
roots_packages() {
	case $1 in
	base) echo rsyslog unbound netbase openssl ;;
	postfix) echo postfix dovecot-core ;;
	courier) echo courier-mta courier-imap courier-pop courier-authdaemon courier-authlib-userdb ;;
	dovecot) echo dovecot-core dovecot-imapd dovecot-pop3d dovecot-submissiond ;;
	exim) echo exim4-daemon-heavy ;;
	opensmtpd) echo opensmtpd ca-certificates ;;
	sshd) echo openssh-server ;;
	mimedefang) echo mimedefang spamassassin postfix dovecot-core procmail netcat-openbsd ;;
	fail2ban) echo fail2ban python3-systemd ;;
	zone) echo postfix rbldnsd ;;
	valkey) echo valkey-server ;;
	system) echo systemd systemd-sysv dbus sudo postfix dovecot-imapd lintian ;;
	*) return 1 ;;
	esac
}

ROOTS_SERVERS=(postfix courier dovecot exim opensmtpd sshd mimedefang fail2ban zone)

# The checkout's Build-Depends, which the root "system" has as well.
roots_build_depends() {
	sed -n '/^Build-Depends:/,/^$/p' "$(dirname "${BASH_SOURCE[0]}")/../../debian/control"
}

roots_say() { printf 'roots.sh: %s\n' "$*" >&2; }

# What a root is made from: when this changes, it is made again.
roots_stamp() {
	local more=
	[ "$1" != system ] || more=$(roots_build_depends | cksum)
	echo "1 $(roots_suite) $(roots_packages base) / $(roots_packages "$1")${more:+ / $more}"
}

roots_is_whole() {
	[ "$(cat "$1/.made-from" 2>/dev/null)" = "$2" ]
}

# shellcheck disable=SC2016
# The first mirror of this machine that has Debian's main; any release will do, a mirror has them all.
roots_mirror() {
	local uri
	uri=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
		awk '$1 !~ /-/ { print $2; exit }')
	# Without lists yet ("apt-get update" was never run) apt knows no origin.
	[ -n "$uri" ] || uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' |
		grep -m 1 '/debian/*$')
	[ -n "$uri" ] && printf '%s\n' "${uri%/}"
}

# Commands in a root that is being made; it has this machine's network.
roots_inside() {
	local root=$1
	shift
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		DEBCONF_NONINTERACTIVE_SEEN=true "${ROOTS_PROXY[@]}" chroot "$root" "$@"
}

roots_make_base() {
	local root=$1 suite mirror out
	suite=$(roots_suite)
	mirror=$(roots_mirror) || { roots_say "apt has no mirror of Debian"; return 1; }
	out=$(debootstrap --variant=minbase --include="$(roots_packages base | tr ' ' ,)" "$suite" "$root" "$mirror" 2>&1) ||
		{ printf '%s\n' "$out" | tail -n 20 >&2; tail -n 20 "$root/debootstrap/debootstrap.log" >&2; return 1; }
	# The same mirror, proxy and trust in the clock as this machine has.
	echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(http|https|Check-|ForceIPv|Retries)' >"$root/etc/apt/apt.conf.d/90host"
	cat >"$root/etc/apt/apt.conf.d/91root" <<-'END'
	APT::Install-Recommends "false";
	Acquire::Languages "none";
	DPkg::Options { "--force-unsafe-io"; "--force-confdef"; "--force-confold"; };
	END
	# No maintainer script starts a daemon.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	echo mx.example.org >"$root/etc/mailname"
	echo mx >"$root/etc/hostname"
	printf '127.0.0.1 localhost\n10.9.0.1 mx.example.org mx\nfd09::1 mx.example.org mx\n' >"$root/etc/hosts"
	out=$(roots_inside "$root" apt-get -q update 2>&1) || { printf '%s\n' "$out" >&2; return 1; }
	roots_inside "$root" apt-get clean
}

roots_make_server() {
	local root=$1 name=$2 base=$3 out
	cp -a "$base/." "$root" || return 1
	rm -f "$root/.made-from"
	cat /etc/resolv.conf >"$root/etc/resolv.conf"
	# Words without a blank each.
	# shellcheck disable=SC2046
	out=$(roots_inside "$root" apt-get -q -y install $(roots_packages "$name") 2>&1) ||
		{ printf '%s\n' "$out" | tail -n 40 >&2; return 1; }
	[ "$name" != system ] || roots_install_build_depends "$root" || return 1
	roots_inside "$root" apt-get clean
}

roots_install_build_depends() {
	local root=$1 out
	mkdir -p "$root/tmp/wanted/debian" || return 1
	{ printf 'Source: wanted\nMaintainer: nobody <nobody@example.org>\n' && roots_build_depends; } >"$root/tmp/wanted/debian/control"
	out=$(roots_inside "$root" apt-get -q -y --no-install-recommends build-dep /tmp/wanted 2>&1) ||
		{ printf '%s\n' "$out" | tail -n 40 >&2; return 1; }
	rm -r "$root/tmp/wanted"
}

# root_make NAME PATH STAMP [BASE]: nothing is at PATH until it is whole.
roots_make() {
	local name=$1 path=$2 stamp=$3 from=$SECONDS new make
	roots_say "making the root of $name"
	rm -rf --one-file-system "$path" "$path".new.*
	new=$path.new.$$
	mkdir -p "$new" || return 1
	ROOTS_NEW=$new
	[ "$name" = base ] && make=roots_make_base || make=roots_make_server
	if ! { "$make" "$new" "$name" "${4-}" && printf '%s\n' "$stamp" >"$new/.made-from" && sync -f "$new" && mv "$new" "$path"; }; then
		rm -rf --one-file-system "$new"
		roots_say "could not make the root of $name"
		return 1
	fi
	ROOTS_NEW=
	roots_say "made the root of $name in $((SECONDS - from)) s"
}

# Makes the root of NAME if need be; its path is in $ROOT. One lock for all: two tests that start together
# both need the base.
roots_need() {
	local name=$1 cache suite base path lock variable
	cache=$(roots_cache)
	suite=$(roots_suite)
	path=$cache/$name-$suite
	roots_packages "$name" >/dev/null || { roots_say "no such server: $name"; return 1; }
	[ -n "$suite" ] || { roots_say "no release of Debian named in /etc/os-release"; return 1; }
	ROOT=$path
	! roots_is_whole "$path" "$(roots_stamp "$name")" || return 0
	[ "$(id -u)" = 0 ] || { roots_say "only root can make a root directory"; return 1; }
	command -v debootstrap >/dev/null || { roots_say "debootstrap is not installed"; return 1; }
	ROOTS_PROXY=()
	for variable in http_proxy https_proxy no_proxy; do
		[ -z "${!variable-}" ] || ROOTS_PROXY+=("$variable=${!variable}")
	done
	umask 022
	mkdir -p "$cache" || return 1
	exec {lock}>"$cache/lock" || return 1
	flock "$lock" || return 1
	base=$cache/base-$suite
	if ! roots_is_whole "$base" "$(roots_stamp base)"; then
		roots_make base "$base" "$(roots_stamp base)" </dev/null || return 1
	fi
	if ! roots_is_whole "$path" "$(roots_stamp "$name")"; then
		roots_make "$name" "$path" "$(roots_stamp "$name")" "$base" </dev/null || return 1
	fi
	exec {lock}>&-
}

# roots_layer ROOT DIRECTORY: makes DIRECTORY, with a tmpfs in it, and ROOT below DIRECTORY/root, where all that is written
# lies in the tmpfs.
roots_layer() {
	local root=$1 layer=$2
	mkdir "$layer" || return 1
	mount -t tmpfs -o mode=755 layer "$layer" || return 1
	mkdir "$layer/upper" "$layer/work" "$layer/root" || return 1
	# On a kernel or a filesystem that does not support it, a copy works too.
	mount -t overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" root "$layer/root" ||
		cp -a "$root/." "$layer/root"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	ROOTS_NEW=
	trap '[ -z "$ROOTS_NEW" ] || rm -rf --one-file-system "$ROOTS_NEW"' EXIT
	trap 'exit 130' INT TERM HUP
	[ $# -gt 0 ] || set -- "${ROOTS_SERVERS[@]}"
	for name; do
		roots_need "$name" || exit 1
		printf '%s\n' "$ROOT"
	done
fi
