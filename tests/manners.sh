#!/usr/bin/env bash
# manners.sh: after a typing error the program repeats the word, suggests what may be meant, and says where to find
# more; its help fits a terminal. Needs no root, no database and no network.
set -u
wfs=${WFS_PROGRAM:?}
failed=0

fail() {
	echo "FAIL: $*" >&2
	failed=1
}

# says STATUS TEXT ARGUMENT...: ends with that status, and prints that text, alone or among other lines.
says() {
	local want=$1 text=$2 status=0 said
	shift 2
	said=$("$wfs" -c /dev/null "$@" 2>&1) || status=$?
	[ "$status" = "$want" ] || fail "$*: got status $status, want $want; it said: $said"
	grep -qxF -- "$text" <<<"$said" || fail "$*: got $said, want $text"
}

# --- the command ---
says 2 "watchforspammers: no command given; see 'watchforspammers help'"
says 2 "watchforspammers: no command \"stauts\"; did you mean status? See 'watchforspammers help'" stauts
says 2 "watchforspammers: no command \"lst\"; did you mean list? See 'watchforspammers help'" lst
says 2 "watchforspammers: no command \"unban\"; did you mean unblock? See 'watchforspammers help'" unban 192.0.2.7
says 2 "watchforspammers: no command \"ban\"; did you mean block? See 'watchforspammers help'" ban 192.0.2.7
says 2 "watchforspammers: no command \"whitelist\"; did you mean allow? See 'watchforspammers help'" whitelist 192.0.2.7
says 2 "watchforspammers: no command \"verison\"; did you mean version? See 'watchforspammers help'" verison
says 2 "watchforspammers: no command \"frobnicate\"; see 'watchforspammers help'" help frobnicate
says 2 "watchforspammers: no command \"a\\x1b[2J\"; see 'watchforspammers help'" $'a\e[2J'
says 2 "watchforspammers: no option \"--jsno\"; did you mean --json? See 'watchforspammers -h'" --jsno list

# --- its options ---
see() { echo "$1 'watchforspammers $2 -h'"; }
for command in list status run; do
	says 2 "watchforspammers $command: no option \"--jsno\"; did you mean --json? $(see See "$command")" "$command" --jsno
	says 2 "watchforspammers $command: \"now\": unexpected argument; $(see see "$command")" "$command" now
done
says 2 "watchforspammers why: no option \"--al\"; did you mean --all? $(see See why)" why --al 192.0.2.7
says 2 "watchforspammers why: \"192.0.2.8\": unexpected argument; $(see see why)" why 192.0.2.7 192.0.2.8
says 2 "watchforspammers check: no option \"--stict\"; did you mean --strict? $(see See check)" check --stict
says 2 "watchforspammers replay: no option \"--databse\"; did you mean --database? $(see See replay)" replay --databse f -
says 2 "watchforspammers replay: --database needs a value; $(see see replay)" replay - --database
says 2 "watchforspammers block: no option \"--fro\"; did you mean --for? $(see See block)" block 192.0.2.7 --fro 1h
says 2 "watchforspammers block: no option \"--for=1h\"; did you mean --for? $(see See block)" block 192.0.2.7 --for=1h
says 2 "watchforspammers unblock: no option \"--for\"; $(see see unblock)" unblock 192.0.2.7 --for 1h
says 2 "watchforspammers block: --for needs a value; $(see see block)" block 192.0.2.7 --for
says 2 "watchforspammers unblock: either --all or addresses; $(see see unblock)" unblock --all 192.0.2.7
says 2 "watchforspammers block: no option \"--all\"; $(see see block)" block --all

says 2 "watchforspammers: -c needs a file; see 'watchforspammers -h'" list -c
says 2 "watchforspammers explain: no option \"--jorunal\"; did you mean --journal? $(see See explain)" explain --jorunal
says 2 "watchforspammers explain: --since goes with --journal; $(see see explain)" explain --since 1d
says 2 "watchforspammers check: --since goes with --against --journal; $(see see check)" check --since 1d
for time in "check --against --journal --since" "explain --journal --since" "replay - --from" "replay - --until" "report --since"; do
	# shellcheck disable=SC2086 # a command and its options
	says 2 "watchforspammers ${time%% *}: ${time##* }: want a time such as 2026-11-20 or 2026-11-20T13:37:42Z, or how long ago, such as 7d; $(see see "${time%% *}")" $time 2026
done

# --- files that are not there: at once ---
for missing in "check --against" "import list"; do
	# shellcheck disable=SC2086 # a command and its options
	says 3 "watchforspammers: /nowhere/log: No such file or directory" $missing /nowhere/log
done

# --- addresses: every one is looked at before anything is done ---
says 2 "watchforspammers block: \"192.0.2.7/24\" has bits set after /24; did you mean 192.0.2.0/24? $(see See block)" block 192.0.2.7/24
says 2 "watchforspammers block: \"example.org\" is not an IPv4 or IPv6 address; $(see see block)" block 192.0.2.7 192.0.2.8 example.org
says 2 "watchforspammers why: \"example.org\" is not an IPv4 or IPv6 address; $(see see why)" why example.org
says 2 "watchforspammers test: \"192.0.2.256\" is not an IPv4 or IPv6 address; $(see see test)" test 192.0.2.256
says 2 "watchforspammers vote: \"purple\": black or white? $(see See vote)" vote purple 192.0.2.7
says 2 "watchforspammers vote: one address wanted, not a network; $(see see vote)" vote black 192.0.2.7 192.0.2.0/24
says 2 "watchforspammers allow: which address? $(see See allow)" allow

# --- values that are one of a list ---
kinds="dnsbl, auth, relay, probe, protocol, unknown-user, content, firewall, name, good, grey, flood, manual, vote, network, other"
formats="plain, cidr, csv, json, nft, ipset, rbldnsd, bind"
while IFS='|' read -r option word want; do
	says 2 "watchforspammers ${option%% *}: ${option#* }: \"$word\" is none of $want $([[ $want = *\? ]] && see See "${option%% *}" || see see "${option%% *}")" \
		${option%% *} "${option#* }" "$word"
done <<END
list --sort|size|until, hits, network;
list --sort|hit|until, hits, network; did you mean hits?
list --category|passwords|$kinds;
list --category|spam|$kinds;
list --category|AUTH|$kinds;
list --category||$kinds;
report --category|aut|$kinds; did you mean auth?
export --format|jsno|$formats; did you mean json?
export --format|xml|$formats;
replay --progress|pain|none, bar, plain; did you mean plain?
END
for word in auth grey other; do "$wfs" -c /dev/null list --category "$word" 2>&1 | grep -q "is none of" && fail "list --category $word"; done

# --- help and version ---
[ "$("$wfs" help)" = "$("$wfs" -h)" ] || fail "help and -h differ"
[ "$("$wfs" version)" = "$("$wfs" -V)" ] || fail "version and -V differ"
[ "$("$wfs" help help)" = "$("$wfs" help)" ] && [ "$("$wfs" version -h)" = "$("$wfs" help)" ] || fail "the help of help and version: $("$wfs" help help)"
[ "$("$wfs" help block)" = "$("$wfs" block -h)" ] || fail "help block and block -h differ"
commands=$("$wfs" help | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -gt 15 ] || fail "help lists $commands"
for command in '' $commands; do
	case $command in help | version) continue ;; esac
	# shellcheck disable=SC2086 # none, when it is empty
	"$wfs" help $command >/dev/null || fail "help $command: status $?"
	# shellcheck disable=SC2086
	wide=$("$wfs" help $command | grep -E '.{81}') && fail "help $command is wider than 80 columns: $wide"
	[ -z "$command" ] || grep -qF "*$command*" "${WFS_SOURCE_ROOT:?}/man/watchforspammers.8.scd" || fail "$command is not in the manual"
done
exit "$failed"
