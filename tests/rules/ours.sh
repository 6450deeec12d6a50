#!/usr/bin/env bash
# The examples of the shipped rules are ours: captured from our servers, or written after a program's format. A line copied
# from somebody else's log or another project's tests has a date, an address or a name of its own. So each example is of one
# day, 20 November 2026, has addresses that are documentation's or private (RFC 5737, 3849, 1918), and no real host name.
#
# WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_SOURCE_ROOT:?}"
cd -- "$WFS_SOURCE_ROOT/patterns" || exit 2
failed=0

# examples FILE...: FILE:LINE: and the line of the log. A link is a text of the program or of a blocklist.
examples() {
	grep -HnE '^(hit|miss|given) ' "$@" | sed -E 's/:(hit|miss|given) *= ([^ ]+ \| )?/: /; s#https?://[^] ;>]+##g'
}

# foreign: for each example of standard input, its date, addresses and names that break this rule.
foreign() {
	perl -ne '
		my ($place, $line) = /^(\S+?:\d+:) (.*)$/ or die "no example: $_";
		my @not;
		push @not, "not of 20 November 2026"
			unless $line =~ m#^(?:Nov 20 |\[?2026-11-20[T ]|2026/11/20 |\[20-Nov-2026 |\[20/Nov/2026 |\[[A-Z]+\] |\{"(?:id":"\d+","text":"[a-z ]+",")?createdAt":"2026-11-20T)#;
		push @not, map { "address $_" } grep {
			!/^(?:192\.0\.2|198\.51\.100|203\.0\.113|10\.\d+\.\d+|127\.0\.0|127\.255\.255)\.|^0\.0\.0\.0$|^255\.255\.255\.255$/
		} $line =~ /(?<![\w.-])(\d+\.\d+\.\d+\.\d+)(?!\.?[\w-])/g;
		push @not, map { "address $_" } grep { !/^2001:0?db8:/i } $line =~ /\b([\da-f]{3,4}:[\da-f]*:[\da-f:]*)/gi;
		push @not, map { "name $_" } grep { !/(?:^|\.)example\.(?:com|net|org)$/i }
			$line =~ /((?:[\w-]+\.)+(?:com|net|org|biz|edu|gov))\b(?!\.\w)/gi,
			$line =~ /\@((?:[\w-]+\.)+[a-z]{2})\b(?!\.\w)/gi, $line =~ /((?:[\w-]+\.)+[a-z]{2}) ?\[[\da-f]*[.:]/gi;
		print "$place $_\n" for @not;
	'
}

found=$(examples ./*.rules | foreign) || exit 2
[ -z "$found" ] || {
	echo "$found" >&2
	echo "FAIL: examples that are not ours; write them after the program's format: dates of 20 November 2026," >&2
	echo "documentation's addresses (198.51.100.7, 2001:db8:bad::7, ...), names under example.com, .net, .org" >&2
	failed=1
}

# It finds each of the first six.
got=$(foreign <<-END | cut -d: -f2
	x:1: Mar  4 08:58:32 mx sshd[1]: x
	x:2: Nov 20 13:40:00 mx sshd[1]: from 8.8.8.8 port 1
	x:3: Nov 20 13:40:00 mx sshd[1]: from 2a00:1450:4001::7 port 1
	x:4: Nov 20 13:40:00 mx smtpd[1]: mail.somebody.org
	x:5: Nov 20 13:40:00 mx smtpd[1]: from=<a@somebody.de>
	x:6: Nov 20 13:40:00 mx smtpd[1]: a.somebody.de[192.0.2.1]
	x:7: Nov 20 13:40:00 mx smtpd[1]: from=<a@example.org> a.example.net[192.0.2.1] 2001:db8::1
END
)
[ "$got" = $'1\n2\n3\n4\n5\n6' ] || { echo "FAIL: of foreign lines 1 to 6 and of 7, which is ours: got $got" >&2; failed=1; }
[ "$failed" = 0 ] || exit 1
echo "ours.sh: $(examples ./*.rules | wc -l) examples are ours"
