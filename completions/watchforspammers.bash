# shellcheck shell=bash
# watchforspammers.bash: completion for bash. Commands and options are those of the program's own help; addresses and rules are
# those that the database has now, for who may read it. Each candidate is compared as text, never expanded.

# _watchforspammers_values MEMBER ARGUMENT...: that member of each object that a command prints.
_watchforspammers_values() {
	local member=$1
	shift
	"${ask[@]}" "$@" --json 2>/dev/null | sed -n 's/.*"'"$member"'":"\([^"\\]*\)".*/\1/p' | LC_ALL=C sort -u | head -n 1000
}

# _watchforspammers_words COMMAND LAST CURRENT: what may come next, one word on each line; nothing: a file, or anything.
_watchforspammers_words() {
	case $2 in
	--format) printf '%s\n' plain cidr csv json nft ipset rbldnsd bind && return ;;
	--sort) printf '%s\n' until hits network && return ;;
	--progress) printf '%s\n' none bar plain && return ;;
	--category) _watchforspammers_values category list && return ;;
	--rule) _watchforspammers_values rule list && return ;;
	--network) _watchforspammers_values address list && return ;;
	-c | --config | --database | --rules | --output | --html | --from | --since | --until | --within | --hits | --for | --reason | --score | --year | \
		--threads | --mail) return ;;
	esac
	case $1:$3 in
	: | help:) "${ask[@]}" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' ;;
	*:-*) "${ask[@]}" help "$1" 2>/dev/null | grep -oE -- '--[a-z][a-z0-9-]*' | LC_ALL=C sort -u ;;
	:* | help:*) "${ask[@]}" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' ;;
	why:* | test:* | unblock:* | del:* | allow:*) _watchforspammers_values address list ;;
	disallow:*) _watchforspammers_values address list --allowed ;;
	resume:*) "${ask[@]}" status --json 2>/dev/null | grep -oE '\{"rule":"[^"\\]*"' | cut -d'"' -f4 ;;
	vote:*) [ "$2" != vote ] || printf '%s\n' black white ;;
	import:*) [ "$2" != import ] || printf '%s\n' fail2ban list ;;
	esac
}

_watchforspammers() {
	# Not COMP_WORDS: bash divides an IPv6 address at its colons.
	local line=${COMP_LINE:0:COMP_POINT} command='' current same word i
	local -a before=() ask words
	current=${line##*[[:blank:]]}
	same=${current%"${current##*:}"} # what the terminal has of it already
	[[ $COMP_WORDBREAKS == *:* ]] || same=
	read -ra before <<<"${line%"$current"}"
	ask=("${before[0]}")
	for ((i = 1; i < ${#before[@]}; i++)); do
		case ${before[i]} in
		-c | --config) [ -z "${before[i + 1]:-}" ] || ask+=(-c "${before[++i]}") ;;
		-*) ;;
		*) command=${command:-${before[i]}} ;;
		esac
	done
	COMPREPLY=()
	mapfile -t words < <(_watchforspammers_words "$command" "${before[${#before[@]} - 1]}" "$current")
	for word in "${words[@]}"; do
		[[ $word != "$current"* ]] || COMPREPLY+=("${word#"$same"}")
	done
}

complete -o bashdefault -o default -F _watchforspammers watchforspammers
