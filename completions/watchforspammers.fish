# watchforspammers.fish: completion for fish. Commands and options are those of the program's own help; addresses and rules are
# those that the database has now, for who may read it.

# The program as it is on the line, with the configuration that is named there.
function __watchforspammers_ask
	set -l words (commandline -opc)
	set -l ask $words[1]
	if set -l i (contains -i -- -c $words); and test (count $words) -gt $i
		set ask $ask -c $words[(math $i + 1)]
	end
	$ask $argv 2>/dev/null
end

# The command on the line; nothing: none yet.
function __watchforspammers_command
	set -l skip 1
	for word in (commandline -opc)
		if test $skip = 1
			set skip 0
		else if test $word = -c
			set skip 1
		else if not string match -q -- '-*' $word
			echo $word
			return
		end
	end
end

function __watchforspammers_is
	contains -- (__watchforspammers_command) $argv
end

# __watchforspammers_values MEMBER ARGUMENT...: that member of each object that a command prints.
function __watchforspammers_values
	__watchforspammers_ask $argv[2..-1] --json | string replace -rf '.*"'$argv[1]'":"([^"\\\\]*)".*' '$1' | sort -u | head -n 1000
end

# "name<tab>what it does"
function __watchforspammers_commands
	__watchforspammers_ask help | string replace -rf '^  ([a-z]+) +(.*)' '$1\t$2'
end

function __watchforspammers_options
	__watchforspammers_ask help (__watchforspammers_command) | string match -ar -- '--[a-z][a-z0-9-]*' | sort -u
end

# Whether the word before this one is that option.
function __watchforspammers_after
	contains -- (commandline -opc)[-1] $argv
end

set -l values '__watchforspammers_after --format --sort --progress --category --rule --network'
complete -c watchforspammers -n 'not __watchforspammers_is replay check backup import; or __watchforspammers_after import' -f
complete -c watchforspammers -n 'test -z (__watchforspammers_command); or __watchforspammers_is help' -a '(__watchforspammers_commands)'
complete -c watchforspammers -n 'test -n (__watchforspammers_command); and string match -q -- "-*" (commandline -ct)' -a '(__watchforspammers_options)'
complete -c watchforspammers -n '__watchforspammers_after --format' -a 'plain cidr csv json nft ipset rbldnsd bind'
complete -c watchforspammers -n '__watchforspammers_after --sort' -a 'until hits network'
complete -c watchforspammers -n '__watchforspammers_after --progress' -a 'none bar plain'
complete -c watchforspammers -n '__watchforspammers_after --category' -a '(__watchforspammers_values category list)'
complete -c watchforspammers -n '__watchforspammers_after --rule' -a '(__watchforspammers_values rule list)'
complete -c watchforspammers -n '__watchforspammers_after --network' -a '(__watchforspammers_values address list)'
complete -c watchforspammers -n '__watchforspammers_after --output --html --database --rules -c' -F
complete -c watchforspammers -n "__watchforspammers_is why test unblock del allow; and not $values" -a '(__watchforspammers_values address list)'
complete -c watchforspammers -n '__watchforspammers_is disallow' -a '(__watchforspammers_values address list --allowed)'
complete -c watchforspammers -n '__watchforspammers_is resume' -a '(__watchforspammers_ask status --json | string match -arg \'\{"rule":"([^"]*)"\')'
complete -c watchforspammers -n '__watchforspammers_after vote' -a 'black white'
complete -c watchforspammers -n '__watchforspammers_after import' -a 'fail2ban list'
