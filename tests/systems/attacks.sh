# shellcheck shell=bash
# attacks.sh: four attackers of each family and an honest client, which is in a hurry as well; part of debian.sh.

# The README's own attacker relays.
RELAY=(198.51.100.23 2001:db8:bad:23::1)
GUESSER=(198.51.100.5 2001:db8:bad:5::1)
IMAP_GUESSER=(198.51.100.7 2001:db8:bad:7::1)
HARVESTER=(198.51.100.6 2001:db8:bad:6::1)
GUESSERS=("${GUESSER[@]}" "${IMAP_GUESSER[@]}")
HONEST=(203.0.113.3 2001:db8:600d:3::1)
# As bad as the others, but in a network that the README allows.
ALLOWED=(192.0.2.9 2001:db8:1:9::1)
ATTACKERS=("${RELAY[@]}" "${GUESSER[@]}" "${IMAP_GUESSER[@]}" "${HARVESTER[@]}")

relay_start() {
	mail_start "$1" --to one@example.com
	mail_start "$1" --to two@example.com
}

# Delivers, mistypes a recipient and a password, logs in.
is_served() {
	mail_from "$1" || fail "honest mail from $1 is not accepted"
	! mail_from "$1" --to alcie@mx.example.org || fail "an unknown mailbox is accepted"
	! mail_from "$1" --port 587 --auth PLAIN --auth-user alice --auth-password wrong || fail "logs in with a wrong password"
	mail_from "$1" --port 587 --auth PLAIN --auth-user alice --auth-password "$PASSWORD" ||
		fail "an honest login from $1 is not accepted"
	talk_from "$1" 143 "* OK" "a LOGIN alice $PASSWORD" "a OK" "b LOGOUT" || fail "$1 cannot log in to IMAP"
}

guess_start() {
	local _
	for _ in 1 2 3 4 5 6; do
		mail_start "$1" --port 587 --auth LOGIN --auth-user alice --auth-password wrong
	done
}

# Dovecot lets a guesser wait longer and longer, and Postfix does not wait for it: such attempts count less. A guesser
# goes on for four volleys, or until it is blocked.
guess_on() {
	local client _
	for _ in 1 2 3 4; do
		VOLLEY=${#ATTACKS[@]}
		for client in "${GUESSER[@]}"; do
			guess_start "$client"
		done
		wait_long volley_is_over || fail "wrong passwords get no answer"
		! are_in_kernel "${GUESSER[@]}" || return 0
	done
}

volley_is_over() {
	are_in_kernel "${GUESSER[@]}" || ! kill -0 "${ATTACKS[@]:VOLLEY}"
}

are_in_kernel() {
	local client
	for client; do
		in_kernel "$client" || return 1
	done
}

attacks_are_blocked() {
	local client _
	for client in "${HONEST[@]}"; do
		is_served "$client"
	done
	for client in "${RELAY[@]}" "${ALLOWED[@]}"; do
		relay_start "$client"
	done
	for client in "${IMAP_GUESSER[@]}"; do
		for _ in 1 2 3 4 5 6; do
			send_start "$client" 143 "a LOGIN alice wrong" "b LOGOUT"
		done
	done
	for client in "${HARVESTER[@]}"; do
		mail_start "$client" --to a@mx.example.org,b@mx.example.org,c@mx.example.org,d@mx.example.org,e@mx.example.org
	done
	for client in "${ALLOWED[@]}"; do
		guess_start "$client"
	done
	guess_on
	expect_blocked "${ATTACKERS[@]}"
	expect_open "${HONEST[@]}" "${ALLOWED[@]}"
	BLOCKED=$(blocks_of)
	same "blocked" "$BLOCKED" "$(blocks_want "${ATTACKERS[@]}")"
}
