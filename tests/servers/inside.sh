# inside.sh ROOT WORK PASSWORD VARIANT: process 1 of the server's PID and mount namespace, see server_lib.sh. Lays a
# tmpfs over ROOT, starts its name server and syslog daemon, runs $WORK/setup in it and stays.
root=$1
work=$2
password=$3
variant=$4

# shellcheck source-path=SCRIPTDIR source=roots.sh
. "$(dirname "$0")/roots.sh"
roots_layer "$root" "$work/layer"
root=$work/layer/root
mount -t proc proc "$root/proc"
cp -a "$root/var/log/." "$work/log"
mount --bind "$work/log" "$root/var/log"
hostname mx

cat >"$root/etc/resolv.conf" <<-END
	nameserver 127.0.0.1
END
rm -rf "$root"/etc/unbound/unbound.conf.d
cat >"$root/etc/unbound/unbound.conf" <<-END
	server:
	  interface: 127.0.0.1
	  do-ip6: no
	  chroot: ""
	  username: "unbound"
	  use-syslog: no
	  pidfile: "/run/unbound.pid"
	  module-config: "iterator"
	  num-threads: 1
	  so-rcvbuf: 0
	  so-sndbuf: 0
	  # No other client is there: all that is not below does not exist.
	  local-zone: "." static
	  local-data: "mx.example.org. A 10.9.0.1"
	  local-data: "mx.example.org. AAAA fd09::1"
	  local-data-ptr: "10.9.0.1 mx.example.org"
	  local-data-ptr: "fd09::1 mx.example.org"
	  local-data: "honest.example.net. A 10.9.0.3"
	  local-data: "honest.example.net. AAAA fd09::3"
	  local-data-ptr: "10.9.0.3 honest.example.net"
	  local-data-ptr: "fd09::3 honest.example.net"
	  local-data: "client.example.net. A 10.9.0.9"
	  local-data: "example.org. MX 10 mx.example.org."
	  local-data: "example.net. MX 10 honest.example.net."
	  local-data: "example.com. MX 10 honest.example.net."
END
for host in 2 8; do
	nibbles=$host.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.0.d.f
	for name in "$host.0.9.10" "$nibbles"; do
		echo "  local-data: '$name.dnsbl.test. A 127.0.0.2'"
		echo "  local-data: '$name.dnsbl.test. TXT \"https://dnsbl.test/query/$host\"'"
	done
done >>"$root/etc/unbound/unbound.conf"
chroot "$root" unbound

# Debian's configuration, but the kernel's messages belong to this machine.
sed -i '/imklog/d' "$root/etc/rsyslog.conf"
(umask 022 && chroot "$root" rsyslogd)

chroot "$root" useradd --create-home --shell /bin/bash alice
echo "alice:$password" | chroot "$root" chpasswd

cp "$work/setup" "$root/root/setup"
chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
	PASSWORD="$password" VARIANT="$variant" bash -eu /root/setup
: >"$work/up"

# Process 1 gets the children of daemons: bash collects them while it waits.
sleep infinity &
while :; do
	wait || :
done
