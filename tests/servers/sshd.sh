#!/usr/bin/env bash
# Real OpenSSH, Debian's configuration (PAM): the daemon blocks clients that guess passwords or names, over IPv4 and
# IPv6, and leaves those that mistype once alone.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
server_prepare sshd ssh
logs_follow auth.log

server_start <<'END'
mkdir -p /run/sshd
/usr/sbin/sshd
END
wait_long is_listening 22 || server_fail "no sshd"
guard

# Prints the passwords of the environment variable WFS_PASSWORDS one after the other.
cat >"$WORK/askpass" <<'END'
#!/bin/sh
read -r password rest <"$WFS_PASSWORDS"
echo "$rest" >"$WFS_PASSWORDS"
echo "$password"
END
chmod 755 "$WORK/askpass"

# ssh_command SOURCE USER PASSWORD...
ssh_command() {
	local file
	file=$(mktemp -p "$WORK")
	echo "${*:3}" >"$file"
	COMMAND=(ip netns exec "$CLIENT" env SSH_ASKPASS="$WORK/askpass" SSH_ASKPASS_REQUIRE=force WFS_PASSWORDS="$file"
		ssh -F /dev/null -b "$1" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=30
		-o PreferredAuthentications=password -o NumberOfPasswordPrompts=$(($# - 2)) "$2@$(server_of "$1")" echo "logged in")
}

ssh_start() {
	ssh_command "$@"
	"${COMMAND[@]}" >>"$WORK/client.out" 2>&1 </dev/null &
	ATTACKS+=($!)
}

ssh_from() {
	ssh_command "$@"
	"${COMMAND[@]}" 2>>"$WORK/client.out" </dev/null | grep -q "logged in"
}

# Fewer than ten at a time, or sshd refuses some by itself (MaxStartups).
for net in 10.9.0. fd09::; do
	# Six passwords of a user that exists, in two connections; names that do not exist.
	ssh_start "${net}5" alice 1 2 3
	ssh_start "${net}5" alice 4 5 6
	for name in admin "x from 10.9.0.3 port 22 ssh2"; do
		ssh_start "${net}6" "$name" 1 2 3
	done
done

for honest in 10.9.0.3 fd09::3; do
	ssh_from "$honest" alice wrong "$PASSWORD" || server_fail "honest login from $honest is not accepted"
done

for net in 10.9.0. fd09::; do
	expect_blocked "${net}5" 22 sshd-% auth
	expect_blocked "${net}6" 22 sshd-% auth
	expect_hits "${net}3" sshd-auth 1
	expect_open "${net}3" 22
done
finish 10.9.0.{5,6} fd09::{5,6}
