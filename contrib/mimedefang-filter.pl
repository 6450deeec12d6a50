# For mimedefang-filter, before its last line: votes for what MIMEDefang found, over the control socket of watchforspammers.
# The user defang must be in the socket's group: adduser defang watchforspammers. For filter_sender to be asked,
# /etc/default/mimedefang must say MX_SENDER_CHECK=yes. Then: systemctl restart mimedefang
use IO::Socket::UNIX;

# wfs_vote('black' or 'white', $address, $score, $reason): true if the vote was accepted. Never waits longer than 2 s.
sub wfs_vote {
    my ($colour, $address, $score, $reason) = @_;
    my $answer = '';
    return 0 unless $colour =~ /\A(?:black|white)\z/ && $address =~ /\A[0-9a-fA-F:.]{2,45}\z/;
    $reason =~ s/[^\x20-\x7e]/?/g;    # a newline would be a second request
    eval {
        local $SIG{ALRM} = sub { die "timeout\n" };
        alarm 2;
        my $socket = IO::Socket::UNIX->new(Peer => '/run/watchforspammers/control') or die "no daemon\n";
        $socket->print(sprintf "vote %s %s score %d reason %.150s\n", $colour, $address, $score, $reason);
        $socket->flush;
        $answer = <$socket> // '';
        alarm 0;
    };
    alarm 0;
    return $answer =~ /\A\{"ok":true/ ? 1 : 0;
}

# A broadband check: all four octets of the address are in the client's name. Not in filter_relay: there the sender gets no
# reason, and our own users, at home behind such names, have not logged in yet. A client without a name is "[192.0.2.7]"
# here. The first refusal reaches the sender, so that an honest one learns the reason.
sub filter_sender {
    my ($sender, $address, $name) = @_;
    my %octets = map { $_ + 0 => 1 } $name =~ /(?<![0-9])([0-9]{1,3})(?![0-9])/g;
    if ($name !~ /\A\[/ && $address =~ /\A[0-9.]+\z/ && !grep({ !$octets{$_} } split /\./, $address)
        && read_commands_file() && !$SendmailMacros{'auth_authen'}) {
        wfs_vote('black', $address, 50, "broadband: $name");
        return ('REJECT', 'mail from dynamic addresses is not accepted; please use the mail server of your provider');
    }
    return ('CONTINUE', 'ok');
}

# In filter_end, with SpamAssassin's score:   wfs_vote('black', $RelayAddr, 25, "SpamAssassin $hits") if $hits > 10;
#                                             wfs_vote('white', $RelayAddr, 10, "SpamAssassin $hits") if $hits < -2;
