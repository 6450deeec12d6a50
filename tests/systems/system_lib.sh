# shellcheck shell=bash
# system_lib.sh: a whole Debian, booted with systemd beside its clients; sourced by debian.sh.
#
# The root is one of tests/servers/roots.sh, which stays as it is: a tmpfs lies over it. systemd-nspawn boots it in the
# namespace $SERVER of tests/netns/lib.sh. The clients have addresses of their own, so that the program's defaults hold:
#
#   198.51.100.N   2001:db8:bad:N::1     attackers
#   203.0.113.N    2001:db8:600d:N::1    honest
#   192.0.2.N      2001:db8:1:N::1       the networks that the README allows
#
# Needs: root, systemd-nspawn, debootstrap, swaks, jq, iptables.
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"
# shellcheck source=../servers/client_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../servers/client_lib.sh"
# shellcheck source=../servers/roots.sh
. "$(dirname "${BASH_SOURCE[0]}")/../servers/roots.sh"

: "${WFS_SOURCE_ROOT:?}"
SYSTEMS_HERE=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PASSWORD=right-Horse7
PORTS=(25 143 587) # that the mail servers listen on
MACHINE=wfs-$$
ROOT=   # of the machine, with the layer
NSPAWN= # the process outside
INIT=   # process 1 of the machine, as it is numbered outside

# Ends the test with the machine's last output.
fail() {
	if [ -n "$INIT" ]; then
		echo "--- journal"
		in_system journalctl --no-pager -q -n 60 --priority warning
		echo "--- journal of watchforspammers"
		in_system journalctl --no-pager -q -n 30 -u watchforspammers
	fi >&2 2>/dev/null
	local file
	for file in "$WORK/console" "$WORK/client.out" "$WORK/printed"; do
		[ ! -s "$file" ] || { echo "--- ${file#"$WORK/"}"; tail -n 40 "$file"; } >&2
	done
	echo "---" >&2
	echo "FAIL: $*" >&2
	exit 1
}

# same WHAT GOT WANT
same() {
	[ "$2" = "$3" ] || fail "$1: got \"$2\", want \"$3\""
}

# system_prepare SUITE: namespaces, $WORK, and a root with mail servers and a copy of the checkout.
system_prepare() {
	local net
	netns_need systemd-nspawn nsenter debootstrap swaks jq setpriv flock iptables-legacy ip6tables-legacy
	ROOTS_NEW=
	WFS_SERVERS_SUITE=$1 roots_need system || fail "no root for $1"
	netns_up
	trap system_down EXIT
	: >"$WORK/printed"
	ip -n "$SERVER" route add default via 10.9.0.2 || fail "no route"
	ip -n "$SERVER" -6 route add default via fd09::2 dev mail0 || fail "no IPv6 route"
	for net in 198.51.100 203.0.113 192.0.2; do
		ip -n "$CLIENT" route add local "$net.0/24" dev lo || fail "no clients in $net.0/24"
	done
	ip -n "$CLIENT" -6 route add local 2001:db8::/32 dev lo || fail "no clients with IPv6"
	in_client sh -c 'echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind' || fail "no clients with IPv6"
	roots_layer "$ROOT" "$WORK/layer" || fail "cannot lay a tmpfs over $ROOT"
	ROOT=$WORK/layer/root
	cat "$SYSTEMS_HERE/../servers/root_lib.sh" "$SYSTEMS_HERE/setup.sh" >"$ROOT/root/setup.sh"
	chroot "$ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		bash -eu /root/setup.sh "$PASSWORD" >>"$WORK/printed" 2>&1 || fail "cannot set up the mail servers"
	mkdir "$ROOT/home/admin/watchforspammers"
	tar -C "$WFS_SOURCE_ROOT" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$ROOT/home/admin/watchforspammers" -xf - ||
		fail "cannot copy the checkout"
	chroot "$ROOT" chown -R admin:admin /home/admin || fail "cannot give the checkout to its user"
}

# Where systemd-nspawn may make control groups: one directory in each hierarchy that systemd needs.
system_cgroups() {
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		echo "/sys/fs/cgroup/$MACHINE"
	else
		echo "/sys/fs/cgroup/systemd/$MACHINE" "/sys/fs/cgroup/unified/$MACHINE"
	fi
}

# Boots, and waits until systemd reports that everything has been started and nothing failed.
system_boot() {
	local groups port
	read -r -a groups < <(system_cgroups)
	mkdir -p "${groups[@]}" || fail "no control groups here"
	# The setting is for systemd 257 where the older hierarchy is the one in use.
	# shellcheck disable=SC2016
	setpriv --pdeathsig KILL -- bash -c 'for group in $0; do echo $$ >"$group/cgroup.procs" || exit; done; exec "$@"' "${groups[*]}" \
		systemd-nspawn --quiet --boot --directory="$ROOT" --machine="$MACHINE" \
		--network-namespace-path="/run/netns/$SERVER" --capability=CAP_NET_ADMIN --register=no --keep-unit \
		--resolv-conf=off --timezone=off --link-journal=no --console=pipe \
		--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 </dev/null >"$WORK/console" 2>&1 &
	NSPAWN=$!
	wait_long find_init || fail "the machine does not start"
	wait_long is_booted || fail "the machine does not boot: $(in_system systemctl --failed --no-legend)"
	for port in "${PORTS[@]}"; do
		wait_long is_listening "$port" || fail "nobody on port $port"
	done
}

# The first process whose parent is systemd-nspawn and whose name is systemd.
find_init() {
	INIT=$(pgrep -P "$NSPAWN" -x systemd) && [ -n "$INIT" ]
}

is_booted() {
	[ "$(in_system systemctl is-system-running)" = running ]
}

has_ended() {
	! kill -0 "$NSPAWN" 2>/dev/null
}

# Shuts it down as its power button does.
system_halt() {
	kill "$NSPAWN"
	wait_long has_ended || fail "the machine does not shut down"
	wait "$NSPAWN"
	NSPAWN=
	INIT=
}

remove_cgroups() {
	local group
	for group in $(system_cgroups); do
		[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + || return 1
	done
}

system_down() {
	# A second Ctrl-C does not interrupt this.
	trap '' INT TERM HUP
	clients_down
	[ -z "$INIT" ] || kill -KILL "$INIT" 2>/dev/null
	if [ -n "$NSPAWN" ]; then
		wait_until has_ended || kill -KILL "$NSPAWN"
		wait "$NSPAWN" 2>/dev/null
	fi
	wait_until remove_cgroups
	if [ -d "$WORK/layer" ]; then
		umount "$WORK/layer/root" 2>/dev/null
		wait_until umount "$WORK/layer"
	fi
	netns_down
}

# A command of root in the machine.
in_system() {
	nsenter --target "$INIT" --all -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 "$@" </dev/null
}

# The script on standard input, as the user admin types it in the checkout; what it prints is in $WORK/printed. Nothing answers
# questions.
as_admin() {
	cat >"$ROOT/home/admin/script"
	in_system runuser --login admin --command 'cd watchforspammers && bash -eux -o pipefail ../script' >>"$WORK/printed" 2>&1
}

# The block of commands that follows the first line of the README with this text.
readme() {
	awk -v text="$1" '
		index($0, text) { found = 1 }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside' "$WFS_SOURCE_ROOT/README.md"
}

# as_readme TEXT: runs that block.
as_readme() {
	local block
	block=$(readme "$1")
	[ -n "$block" ] || fail "README.md has no block of commands after \"$1\""
	as_admin <<<"$block" || fail "what README.md says after \"$1\" does not work"
}

wfs() {
	in_system watchforspammers "$@"
}

unit() {
	in_system systemctl show --value --property "$1" watchforspammers.service
}

# The start of an address as /proc/net/xt_recent has it; of IPv6 the network that the client is in.
kernel_name() {
	local group
	case $1 in
	*:*)
		for group in $(cut -d: -f1-4 <<<"$1" | tr : ' '); do
			printf '%04x:' "0x$group"
		done
		;;
	*) echo "$1 " ;;
	esac
}

in_kernel() {
	in_server sh -c 'cat /proc/net/xt_recent/*' 2>/dev/null | grep -q "^src=$(kernel_name "$1")"
}

# All that the daemon has in the kernel.
kernel_state() {
	in_server iptables-legacy -S 2>/dev/null | grep -v '^-P'
	in_server ip6tables-legacy -S 2>/dev/null | grep -v '^-P'
	in_server sh -c 'cd /proc/net/xt_recent 2>/dev/null && ls'
}

kernel_is_clean() {
	[ -z "$(kernel_state)" ]
}

# The clients that the daemon lists as blocked, in one line.
blocks_of() {
	wfs list --json | jq -r .address | sort | xargs
}

# still_open ADDRESS...: what connections() prints of them while they are blocked: who guesses passwords loses every port,
# anybody else port 25 alone.
still_open() {
	local address port
	for address; do
		[[ " ${GUESSERS[*]} " != *" $address "* ]] || continue
		for port in "${PORTS[@]}"; do
			[ "$port" = 25 ] || echo "$address:$port"
		done
	done | sort | xargs
}

# expect_blocked ADDRESS...: in the kernel, on the ports of what each did, and in the program's output.
expect_blocked() {
	local address
	for address; do
		wait_long in_kernel "$address" || fail "$address: not blocked in the kernel; $(wfs why --json "$address")"
		same "why $address" "$(wfs why --json "$address" | jq -r .blocked)" true
		same "test $address" "$(wfs test --json "$address" | jq -r .blocked)" true
	done
	same "connections of blocked clients" "$(connections "$@")" "$(still_open "$@")"
}

# expect_open ADDRESS...: whatever they did, they are not blocked.
expect_open() {
	local address
	for address; do
		! in_kernel "$address" || fail "$address: blocked in the kernel; $(wfs why --json "$address")"
		same "test $address" "$(wfs test --json "$address" | jq -r .blocked)" false
	done
	wait_until can_connect "$@" || fail "connections of clients that are not blocked: got \"$(connections "$@")\", want \"$(doors "$@")\""
}

# doors ADDRESS...: all that they could connect to, as connections prints it.
doors() {
	local address port
	for address; do
		for port in "${PORTS[@]}"; do
			echo "$address:$port"
		done
	done | sort | xargs
}

can_connect() {
	[ "$(connections "$@")" = "$(doors "$@")" ]
}

# connections ADDRESS...: tries every port from each of them; prints those that are not closed, in one line.
connections() {
	local address port
	for address; do
		for port in "${PORTS[@]}"; do
			{ ! knock "$address" "$port" || echo "$address:$port"; } &
		done
	done | sort | xargs
}

# The names under which "list" has these clients, in one line.
blocks_want() {
	local client
	for client; do
		case $client in
		*:*) echo "${client%::*}::/64" ;;
		*) echo "$client" ;;
		esac
	done | sort | xargs
}
