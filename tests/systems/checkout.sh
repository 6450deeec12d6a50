# shellcheck shell=bash
# checkout.sh: the program without a package; part of debian.sh.

# Built by ./quickstart, installed as in the README. Nothing runs yet.
checkout_is_installed() {
	as_admin <<<'./quickstart' || fail "./quickstart fails"
	as_readme "or straight from the checkout"
	same "is the service enabled" "$(in_system systemctl is-enabled watchforspammers)" disabled
}

checkout_is_uninstalled() {
	local uid
	uid=$(in_system id -u watchforspammers)
	as_readme "To remove an installation from the checkout"
	expect_nothing_in_kernel
	expect_no_files "$uid"
}
