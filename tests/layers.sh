#!/bin/bash
# layers.sh: checks which room may include which. Data flows one way: record -> match -> decision -> pending -> store,
# kernel. A stage knows base; the pipeline knows the stages; engine, replay, rulecheck and admin know pipeline and
# stages; the root process knows base and its packets; a command knows all of them; main knows the commands.
#
# Each external library has one module that knows it. A dependency through another header counts, too: a call is an
# arrow to the room that declares the function. If the first comment of a header has a sentence that begins with
# "Private to the folder", the header is only for files in its folder; with "Private to a.c, ... and b.c ...", only for
# these and its own .c file.
#
#   tests/layers.sh [ROOT]     checks ROOT/src (default: the checkout this file is in)
#
# Prints "file:line: ..." for each arrow that is not in the tables below; the exit status is then 1. A new arrow is a
# decision: change the table here and say why in the commit.
set -u
root=${1:-$(dirname -- "${BASH_SOURCE[0]}")/..}
cd -- "$root" || exit 2
[ -d src ] || { echo "layers.sh: no src/ in $root" >&2; exit 2; }

find src -type f \( -name '*.c' -o -name '*.h' \) | LC_ALL=C sort | tr '\n' '\0' |
	xargs -0 awk '
BEGIN {
	# Room: what it may include beside itself. A room is a folder of src/ or a file directly in it.
	stages = "input rules verdict dns store firewall control"
	joints = "pipeline " stages " config base"
	allow["base"] = ""
	allow["config"] = "base build"
	n = split(stages, stage, " ")
	for (i = 1; i <= n; i++)
		allow[stage[i]] = "base"
	allow["store"] = "base schema"
	allow["control"] = "base config/peers.h" # how long their names are
	allow["dns"] = "base config"         # a DNS list as the configuration describes it
	allow["root"] = "base firewall/message.h"
	allow["pipeline"] = stages " config base"
	allow["rulecheck"] = joints " rules/compiled.h"
	allow["replay"] = joints
	allow["report"] = "store base"
	allow["import"] = "base"
	allow["admin"] = joints
	allow["engine"] = joints " admin rulecheck/examples.h build"
	allow["command"] = joints " engine tarpit replay rulecheck admin report import root/root.h build"
	allow["main"] = "command base build"
	allow["tarpit"] = "base firewall/message.h"
	allow["share"] = "config/peers.h base build"   # the other program: it talks to the daemon, and calls nothing of it

	# Outside header, or one that is for some only (the longest beginning counts): the files that may include it.
	outside["pcre2.h"] = "^src/rule(s|check)/"
	outside["sqlite3.h"] = "^src/(store/|import/bans[.])"
	outside["rules/compiled.h"] = "^src/rule(s|check)/"
	# Hits and blocks have one way in.
	n = split("store_add_hits store_add_blocks store_prolong store_add_dropped store_end", list, " ")
	for (i = 1; i <= n; i++)
		writes[list[i]] = "^src/(store|pipeline)/"
	outside["libmnl/"] = "^src/root/(nft_batch|netlink)[.]h"
	outside["libiptc/"] = "^src/root/xtables"
	outside["linux/netfilter"] = "^src/root/(xtables|recent_rules[.]|nft|gate[.]|tracked[.])"
	outside["inotifytools/"] = "^src/input/follow"
	outside["sys/inotify.h"] = "^src/(input/(follow|globs[.])|engine/rules_watch[.])"
	outside["archive.h"] = "^src/input/archive"
	outside["archive_entry.h"] = "^src/input/archive"
	outside["uthash.h"] = "^src/base/hashtable[.]"
	outside["libpsl.h"] = "^src/base/domain[.]"
	outside["ares.h"] = "^src/dns/resolver[.]"
	outside["ini_config.h"] = "^src/base/ini[.]"
	outside["ini_configobj.h"] = "^src/base/ini[.]"
	outside["ini_valueobj.h"] = "^src/base/ini[.]"
	outside["ini_comment.h"] = "^src/base/ini[.]"
	outside["collection.h"] = "^src/base/ini[.]"
	outside["ref_array.h"] = "^src/base/ini[.]"
	outside["jansson.h"] = "^src/base/json[.]"
	outside["base/json.h"] = "^src/(base/json[.]|command/|admin/|control/|report/|import/|share/)"
	outside["sodium.h"] = "^src/share/sign[.]c"
	outside["hiredis/"] = "^src/share/(stream|tls)[.]c"
	outside["seccomp.h"] = "^src/engine/sandbox[.]"
	outside["cap-ng.h"] = "^src/engine/sandbox[.]"
	outside["linux/landlock.h"] = "^src/engine/sandbox[.]"
	outside["linux/seccomp.h"] = "^src/engine/sandbox[.]"
	outside["systemd/"] = "^src/(engine/(engine|kernel|live|start)|base/log|input/journal)[.]"
	outside["systemd/sd-id128.h"] = "^src/(base/account|input/journal_where)[.]"
	outside["pthread.h"] = "^src/(replay/(workers|writer)|base/account)[.]"
	outside["threads.h"] = "^src/replay/workers[.]"

	# The system itself, for everybody: libc and the kernel. Any other "<...>" is a new dependency.
	n = split("arpa/ net/ netinet/ sys/ linux/ assert.h byteswap.h ctype.h dirent.h endian.h errno.h fcntl.h fnmatch.h " \
		"getopt.h glob.h grp.h ifaddrs.h inttypes.h limits.h locale.h math.h netdb.h poll.h pwd.h sched.h search.h signal.h " \
		"spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdio_ext.h stdlib.h stdnoreturn.h " \
		"string.h strings.h syslog.h termios.h time.h unistd.h", list, " ")
	for (i = 1; i <= n; i++)
		system_header[list[i]] = 1
}

function room_of(path,   name) {
	name = path
	sub(/^src\//, "", name)
	if (name ~ /\//)
		sub(/\/.*/, "", name)
	else
		sub(/[.][ch]$/, "", name)
	return name
}

function may(from, to, header,   list, n, i) {
	n = split(allow[from], list, " ")
	for (i = 1; i <= n; i++)
		if (list[i] == to || list[i] == header)
			return 1
	return 0
}

function complain(what) {
	print FILENAME ":" FNR ": " what
	errors++
}

function begins(text, beginning) {
	return beginning ~ /\/$/ || beginning == "linux/netfilter" ? index(text, beginning) == 1 : text == beginning
}

# What the first comment of a header says of who may include it, as an expression for their paths; "": nothing.
function private_to(comment, path,   words, n, i, names, folder) {
	if (!(i = index(comment, "Private to ")))
		return ""
	folder = path
	sub(/[^\/]*$/, "", folder)
	n = split(substr(comment, i + length("Private to ")), words, " ")
	if (words[1] == "the" && words[2] ~ /^folder[.:;,]?$/)
		return "^" folder
	names = "|" substr(path, length(folder) + 1, length(path) - length(folder) - 2) "[.]c"
	for (i = 1; i <= n; i++) {
		if (match(words[i], /[a-z0-9_]+[.][ch]/))
			names = names "|" substr(words[i], RSTART, RLENGTH - 2) "[.]" substr(words[i], RSTART + RLENGTH - 1, 1)
		if (words[i] ~ /[.]$/)
			break
	}
	return "^" folder "(" substr(names, 2) ")$"
}

FNR == 1 {
	files[++n_files] = FILENAME
	heading = FILENAME ~ /[.]h$/
	comment = ""
}

heading {
	comment = comment " " $0
	if (index($0, "*/")) {
		heading = 0
		short = substr(FILENAME, 5)
		gsub(/ [*]+ /, " ", comment)
		if ((who = private_to(comment, FILENAME)) != "")
			private[short] = who
	}
}

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
	from = room_of(FILENAME)
	if (!angle)
		included[++n_included] = FILENAME " " FNR " " header

	best = ""
	for (name in outside)
		if (begins(header, name) && length(name) > length(best))
			best = name
	if (best != "") {
		if (FILENAME !~ outside[best])
			complain(header " is for " outside[best] " alone")
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
	to = room_of("src/" header)
	if (to == from)
		next
	if (!may(from, to, header))
		complain(from " may not include " header (allow[from] == "" ? "" : "; allowed: " allow[from]))
	next
}

# A declaration begins in the first column; its name is the word before the first bracket.
FILENAME ~ /[.]h$/ && /^[a-z].*[a-z0-9_]\(/ && !/^typedef/ {
	name = $0
	sub(/\(.*/, "", name)
	sub(/.*[^a-z0-9_]/, "", name)
	if (name in declared && declared[name] != FILENAME)
		declared[name] = "" # two headers have one of that name: not distinguished
	else
		declared[name] = FILENAME
}

# The line without comments and strings.
function code_of(text,   at) {
	gsub(/"([^"\\]|\\.)*"/, "\"\"", text)
	if (in_comment) {
		if (!(at = index(text, "*/")))
			return ""
		text = substr(text, at + 2)
		in_comment = 0
	}
	gsub(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//, " ", text)
	sub(/\/\/.*/, "", text)
	if ((at = index(text, "/*"))) {
		text = substr(text, 1, at - 1)
		in_comment = 1
	}
	return text
}

function check_calls(path,   from, to, text, line, name, header, own) {
	from = room_of(path)
	in_comment = line = 0
	split("", own) # functions of this file alone, which may be named as others are
	while ((getline text < path) > 0) {
		line++
		text = code_of(text)
		if (text ~ /^static /) {
			name = text
			sub(/\(.*/, "", name)
			sub(/.*[^a-z0-9_]/, "", name)
			own[name] = 1
		}
		while (match(text, /[a-z_][a-z0-9_]*\(/)) {
			name = substr(text, RSTART, RLENGTH - 1)
			text = substr(text, RSTART + RLENGTH)
			if (!(name in declared) || declared[name] == "" || name in own)
				continue
			header = substr(declared[name], 5)
			if (header in private && path !~ private[header] && declared[name] != path) {
				print path ":" line ": " name "() of " header " is private to " private[header]
				errors++
				continue
			}
			if (name in writes && path !~ writes[name]) {
				print path ":" line ": " name "() is for src/pipeline alone"
				errors++
			}
			to = room_of(declared[name])
			if (to == from || may(from, to, header))
				continue
			print path ":" line ": " from " may not call " name "() of " header
			errors++
		}
	}
	close(path)
}

END {
	if (!n_files) {
		print "layers.sh: no source files in src/"
		exit 2
	}
	for (i = 1; i <= n_included; i++) {
		split(included[i], part, " ")
		if (part[3] in private && part[1] !~ private[part[3]] && (room_of(part[1]) == room_of("src/" part[3]) || may(room_of(part[1]), room_of("src/" part[3]), part[3]))) {
			print part[1] ":" part[2] ": " part[3] " is private to " private[part[3]]
			errors++
		}
	}
	for (f = 1; f <= n_files; f++)
		check_calls(files[f])
	exit errors > 0
}'
