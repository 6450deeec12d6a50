# shellcheck shell=bash
# lib.sh: a mail server and its clients in two network namespaces; sourced by the tests in this folder.
#
#   namespace $SERVER                        namespace $CLIENT
#   mail0  10.9.0.1/24  fd09::1/64  <-veth->  mail0  10.9.0.2 ... 10.9.0.9/24  fd09::2 ... fd09::9/64
#
# With netns_container: a bridge as container engines create it, and behind it a third namespace, $CONTAINER:
#   docker0  10.10.0.1/24  fd10::1/64  <-veth->  eth0  10.10.0.2/24  fd10::2/64
#
# Order: netns_need, netns_up, then anything; everything is removed when the shell ends, however it ends. Nothing
# outside the namespaces and $WORK is touched, so tests can run side by side and on a busy machine. Needs bash,
# iproute2, netcat-openbsd and root. Waits poll the state they wait for.

SERVER=wfs-s-$$
CLIENT=wfs-c-$$
CONTAINER=wfs-k-$$
WORK=
LISTENERS=()

# Ends the test as skipped, which meson knows by the status.
skip() {
	echo "1..0 # SKIP $*"
	exit 77
}

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# Skips unless this is root and all these programs are installed.
netns_need() {
	local program
	[ "$(id -u)" = 0 ] || skip "only root may make network namespaces"
	for program in ip ss nc "$@"; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# Runs a command until it succeeds; false after a minute, or $WAIT_S seconds. Less and less often, down to ten times a second, for
# the command may be a whole program, and others share the processors.
wait_until() {
	local end=$((SECONDS + ${WAIT_S:-60})) wait_s=(02 02 03 04 05 06 08 10)
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*" >&2; return 1; }
		read -r -t "0.${wait_s[0]}" <> <(:) || :
		[ "${#wait_s[@]}" = 1 ] || wait_s=("${wait_s[@]:1}")
	done
}

# in_time MS: what the manual promises within a second took MS. On a machine that is busy with other tests it may take ten;
# WFS_BENCH=1 is for a quiet one.
in_time() {
	[ "$1" -le $((${WFS_BENCH:-0} ? 1000 : 10000)) ]
}

in_server() {
	ip netns exec "$SERVER" "$@"
}

in_client() {
	ip netns exec "$CLIENT" "$@"
}

netns_down() {
	local pid name number
	for pid in "${LISTENERS[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	LISTENERS=()
	# The claims of a daemon that was killed.
	for name in "$SERVER" "$CLIENT"; do
		number=$(stat -Lc %i "/run/netns/$name" 2>/dev/null) && rm -f /run/watchforspammers-*-"$number".lock
	done
	ip netns del "$SERVER" 2>/dev/null
	ip netns del "$CLIENT" 2>/dev/null
	ip netns del "$CONTAINER" 2>/dev/null
	[ -z "$WORK" ] || rm -rf -- "$WORK"
}

link_is_up() {
	[ "$(ip netns exec "$1" cat /sys/class/net/mail0/operstate)" = up ]
}

# Makes both namespaces and $WORK, an empty directory; iptables' lock lies there, not in /run.
netns_up() {
	local host printed
	trap netns_down EXIT
	trap 'exit 130' INT TERM HUP
	WORK=$(mktemp -d) || fail "no temporary directory"
	export XTABLES_LOCKFILE=$WORK/xtables.lock
	ip netns add "$SERVER" || skip "no network namespaces here"
	# It mounts below "/", which must be a mount point: in a plain chroot it is none.
	printed=$(ip netns exec "$SERVER" true 2>&1) || skip "ip netns exec does not work here: ${printed%%$'\n'*}"
	ip netns add "$CLIENT" || fail "no second namespace"
	ip link add mail0 netns "$SERVER" type veth peer name mail0 netns "$CLIENT" || skip "no veth here"
	ip -n "$SERVER" address add 10.9.0.1/24 dev mail0 || fail "no IPv4"
	ip -n "$SERVER" address add fd09::1/64 dev mail0 nodad || fail "no IPv6"
	for host in 2 3 4 5 6 7 8 9; do
		ip -n "$CLIENT" address add "10.9.0.$host/24" dev mail0 || fail "no IPv4"
		ip -n "$CLIENT" address add "fd09::$host/64" dev mail0 nodad || fail "no IPv6"
	done
	for host in "$SERVER" "$CLIENT"; do
		ip -n "$host" link set lo up || fail "no loopback in $host"
		ip -n "$host" link set mail0 up || fail "no link in $host"
	done
	wait_until link_is_up "$SERVER" || fail "the link of the server does not come up"
	wait_until link_is_up "$CLIENT" || fail "the link of the client does not come up"
}

# A container whose port the server publishes by DNAT: netns_container PORT CONTAINER_PORT. Needs nft.
netns_container() {
	ip netns add "$CONTAINER" || fail "no third namespace"
	ip -n "$SERVER" link add docker0 type bridge || skip "no bridges here"
	ip link add port0 netns "$SERVER" type veth peer name eth0 netns "$CONTAINER" || fail "no veth"
	ip -n "$SERVER" link set port0 master docker0 || fail "no port in the bridge"
	ip -n "$SERVER" address add 10.10.0.1/24 dev docker0 || fail "no IPv4"
	ip -n "$SERVER" address add fd10::1/64 dev docker0 nodad || fail "no IPv6"
	ip -n "$CONTAINER" address add 10.10.0.2/24 dev eth0 || fail "no IPv4"
	ip -n "$CONTAINER" address add fd10::2/64 dev eth0 nodad || fail "no IPv6"
	{ ip -n "$SERVER" link set port0 up && ip -n "$SERVER" link set docker0 up; } || fail "no bridge"
	{ ip -n "$CONTAINER" link set lo up && ip -n "$CONTAINER" link set eth0 up; } || fail "no link in the container"
	ip -n "$CONTAINER" route add default via 10.10.0.1 || fail "no IPv4 route"
	ip -n "$CONTAINER" -6 route add default via fd10::1 || fail "no IPv6 route"
	ip -n "$CLIENT" route add 10.10.0.0/24 via 10.9.0.1 || fail "no IPv4 route back"
	ip -n "$CLIENT" -6 route add fd10::/64 via fd09::1 || fail "no IPv6 route back"
	in_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || fail "no forwarding"
	in_server nft -f - <<-END || skip "no NAT by nftables here"
	table inet publish {
		chain prerouting {
			type nat hook prerouting priority dstnat
			ip daddr 10.9.0.1 tcp dport $1 dnat ip to 10.10.0.2:$2
			ip6 daddr fd09::1 tcp dport $1 dnat ip6 to [fd10::2]:$2
		}
	}
	END
	wait_until container_is_up || fail "the container's link does not come up"
}

container_is_up() {
	[ "$(ip netns exec "$CONTAINER" cat /sys/class/net/eth0/operstate)" = up ]
}

is_listening() {
	[ -n "$(in_server ss -Hltn "sport = :$1")" ]
}

# A server on these ports of both families, which accepts and sends nothing. Not by in_server: a function in
# the background is a shell of its own, $! would be that one's and nc would outlive us. It serves one at a time: -w lets
# go one that is silent for a second, since a client blocked in the middle cannot even close it.
listen() {
	local port
	for port; do
		ip netns exec "$SERVER" nc -4 -d -k -l -w 1 10.9.0.1 "$port" </dev/null >/dev/null 2>&1 &
		LISTENERS+=($!)
		ip netns exec "$SERVER" nc -6 -d -k -l -w 1 fd09::1 "$port" </dev/null >/dev/null 2>&1 &
		LISTENERS+=($!)
		wait_until is_listening "$port" || fail "nothing listens on port $port"
		wait_until tcp_ok "$SERVER" 10.9.0.1 "$port" || fail "nobody answers on 10.9.0.1 port $port"
		wait_until tcp_ok "$SERVER" fd09::1 "$port" || fail "nobody answers on fd09::1 port $port"
	done
}

# set_has NAMESPACE TABLE SET ELEMENT: of nftables, a table of family inet. Nft gives up when a transaction comes in
# between, which is no answer.
set_has() {
	local printed
	until printed=$(ip netns exec "$1" nft get element inet "$2" "$3" "{ $4 }" 2>&1 >/dev/null); do
		[[ $printed == *"Interrupted system call"* ]] || return 1
	done
}

# tcp_from NS SOURCE ADDR PORT: connects; SOURCE "" is whatever the kernel chooses. One second is long for a
# veth pair, and shorter than the first retransmission, so a SYN that was dropped is not tried again.
tcp_from() {
	ip netns exec "$1" nc -z -n -w 1 ${2:+-s "$2"} "$3" "$4" >/dev/null 2>&1
}

# tcp_ok NS ADDR PORT, tcp_blocked NS ADDR PORT
tcp_ok() {
	tcp_from "$1" "" "$2" "$3"
}

tcp_blocked() {
	! tcp_ok "$@"
}
