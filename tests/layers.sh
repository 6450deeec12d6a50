#!/bin/bash
# layers.sh: who may include whom. Data goes one way, input -> rules -> verdict -> store -> firewall; neighbours
# do not know each other; engine and replay carry values between them; commands stand on top; base is the ground.
# And each outside library has one module that knows it.
#
#   tests/layers.sh [ROOT]     checks ROOT/src (default: the checkout this file is in)
#
# Prints "file:line: ..." for each arrow that is not in the tables below and ends with 1. A new arrow is a
# decision: change the table here and say why in the commit.
set -u
root=${1:-$(dirname -- "${BASH_SOURCE[0]}")/..}
cd -- "$root" || exit 2
[ -d src ] || { echo "layers.sh: no src/ in $root" >&2; exit 2; }

find src -type f \( -name '*.c' -o -name '*.h' \) | LC_ALL=C sort | tr '\n' '\0' |
	xargs -0 awk '
BEGIN {
	# Module: what it may include beside itself. A module is a folder of src/ or a file directly in it.
	allow["base"] = ""
	allow["input"] = "base"
	allow["rules"] = "base"
	allow["verdict"] = "base"
	allow["store"] = "base schema"
	allow["firewall"] = "base"
	allow["control"] = "base"
	allow["config"] = "base build"
	allow["sandbox"] = "base build"
	allow["examples"] = "input rules base"
	allow["edits"] = "base"
	allow["place"] = ""
	allow["against"] = "input rules base config"
	allow["intake"] = "config ledger lists rules verdict base"
	allow["ledger"] = "rules verdict store base"
	allow["allowlist"] = "config names verdict base"
	allow["names"] = "resolver base"
	allow["resolver"] = "base"
	allow["lists"] = "config resolver base"
	allow["recall"] = "allowlist lists config rules store verdict base"
	allow["wanted"] = "verdict store firewall base"
	allow["orders"] = "control verdict store wanted config base"
	allow["engine"] = "intake allowlist lists input rules verdict store firewall control base config examples ledger recall wanted orders edits"
	allow["replay"] = "intake allowlist input rules verdict store firewall control base config ledger recall progress sift"
	allow["sift"] = "input rules base"
	allow["progress"] = "base"
	allow["command"] = "engine replay examples recall wanted config sandbox store rules input base firewall/root.h build orders control verdict against place allowlist"
	allow["main"] = "command base build"

	# Outside header, or one that a folder keeps to itself (the longest beginning counts): the files that may include it.
	outside["pcre2.h"] = "^src/rules/"
	outside["pcre2posix.h"] = "^src/rules/"
	outside["sqlite3.h"] = "^src/store/"
	outside["store/sql.h"] = "^src/store/"
	n = split("allowed brake network nodes quarantine saved subjects", list, " ")
	for (i = 1; i <= n; i++)
		outside["verdict/" list[i] ".h"] = "^src/verdict/"
	outside["libiptc/"] = "^src/firewall/iptc"
	outside["linux/netfilter"] = "^src/firewall/iptc"
	outside["inotifytools/"] = "^src/input/follow"
	outside["sys/inotify.h"] = "^src/(input/follow|edits[.])"
	outside["archive.h"] = "^src/input/archive"
	outside["archive_entry.h"] = "^src/input/archive"
	outside["ares.h"] = "^src/resolver[.]"
	outside["ini_config.h"] = "^src/base/ini[.]"
	outside["ini_configobj.h"] = "^src/base/ini[.]"
	outside["ini_valueobj.h"] = "^src/base/ini[.]"
	outside["ini_comment.h"] = "^src/base/ini[.]"
	outside["collection.h"] = "^src/base/ini[.]"
	outside["ref_array.h"] = "^src/base/ini[.]"
	outside["jansson.h"] = "^src/(command|control)/"
	outside["seccomp.h"] = "^src/sandbox[.]"
	outside["cap-ng.h"] = "^src/sandbox[.]"
	outside["linux/landlock.h"] = "^src/sandbox[.]"
	outside["linux/seccomp.h"] = "^src/sandbox[.]"
	outside["systemd/"] = "^src/engine/"
	outside["pthread.h"] = "^src/replay[.]"
	outside["threads.h"] = "^src/replay[.]"

	# The system itself, for everybody: libc and the kernel. Any other "<...>" is a new dependency.
	n = split("arpa/ net/ netinet/ sys/ linux/ assert.h byteswap.h ctype.h dirent.h endian.h errno.h fcntl.h fnmatch.h " \
		"getopt.h grp.h ifaddrs.h inttypes.h limits.h locale.h math.h netdb.h poll.h pwd.h sched.h signal.h " \
		"spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdio_ext.h stdlib.h stdnoreturn.h " \
		"string.h strings.h syslog.h termios.h time.h unistd.h", list, " ")
	for (i = 1; i <= n; i++)
		system_header[list[i]] = 1
}

function module_of(path,   name) {
	name = path
	sub(/^src\//, "", name)
	if (name ~ /\//)
		sub(/\/.*/, "", name)
	else
		sub(/[.][ch]$/, "", name)
	return name
}

function complain(what) {
	print FILENAME ":" FNR ": " what
	faults++
}

function begins(text, beginning) {
	return beginning ~ /\/$/ || beginning == "linux/netfilter" ? index(text, beginning) == 1 : text == beginning
}

FNR == 1 { files++ }

/^[ \t]*#[ \t]*(include|import)/ {
	line = $0
	sub(/^[ \t]*#[ \t]*(include_next|include|import)[ \t]*/, "", line)
	if (line !~ /^(<[^>]+>|"[^"]+")/) {
		complain("an include that is neither <...> nor \"...\"")
		next
	}
	angle = substr(line, 1, 1) == "<"
	header = substr(line, 2)
	sub(/[>"].*/, "", header)
	from = module_of(FILENAME)

	best = ""
	for (name in outside)
		if (begins(header, name) && length(name) > length(best))
			best = name
	if (best != "") {
		if (FILENAME !~ outside[best])
			complain(header " is known to " outside[best] " alone")
		next
	}
	if (angle) {
		for (name in system_header)
			if (begins(header, name))
				next
		complain("<" header "> is no header of the system; name the one module that may know it in tests/layers.sh")
		next
	}
	if (header ~ /[.][.]?\// && header ~ /^[.]/) {
		complain("\"" header "\": write the path from src/")
		next
	}
	if (header ~ /[.]c$/) {
		complain("\"" header "\": a .c file is not included")
		next
	}
	if (!(from in allow)) {
		complain("src/" from " has no place in tests/layers.sh")
		next
	}
	to = module_of("src/" header)
	if (to == from)
		next
	n = split(allow[from], list, " ")
	for (i = 1; i <= n; i++)
		if (list[i] == to || list[i] == header)
			next
	complain(from " may not include " header (allow[from] == "" ? "" : "; allowed: " allow[from]))
}

END {
	if (!files) {
		print "layers.sh: no source files in src/"
		exit 2
	}
	exit faults > 0
}'
