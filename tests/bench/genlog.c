/*
 * genlog: writes a mail log of known content to standard output, for the bench and the tests of replay.
 *
 *   genlog LINES [SEED [iso|bsd [START [GARBAGE]]]]
 *
 * A busy mixed host: Postfix in and out, postscreen, Dovecot, Courier, sshd; honest traffic for the most part; a
 * quarter of the clients by IPv6; sessions interleaved; bait in honest lines, and honest users who mistype.
 * START: Unix seconds of the first line; one line follows the other by 20 ms. GARBAGE: per mille of lines that
 * are random bytes. The same arguments give the same bytes.
 * On standard error, by what was written and not by any rule: "hits=N addresses=M garbage=G", N lines of hostile
 * clients, from M addresses.
 * Hostile: 198.18.0.0/15 (RFC 2544), 2001:db8::/33. Honest: 10.0.0.0/8, 2001:db8:8000::/33 (RFC 1918, 3849).
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	OPEN = 24, /* sessions at a time */
	OFFICES = 40,
	LINES_MAX = 8,   /* of a session */
	PIECES_MAX = 24, /* of a line */
	TEXT_MAX = 48,
	LINE_MAX_LEN = 1024,
	BUFFER = 1 << 20,
	STEP_US = 20000, /* from line to line, on the average */
	HOSTILE4 = 1 << 17,
	HOSTILE6 = 1 << 18,
	HONEST = 10000,
	BUSIEST = 20000, /* the hostile addresses that three of four sessions come from */
};

/*
 * Lines of one kind of session; '+' before a line: a hostile one. Fields: %c client, %C the same as Courier
 * writes it, %p pid, %o port, %q queue id, %u a user of ours, %s a stranger's, %d a domain of others, %x hex, %n
 * number.
 */
static const struct kind {
	unsigned share; /* of all sessions, to be compared */
	bool hostile;   /* the client */
	bool office;    /* it is one of few, as people behind one address are */
	const char *lines[LINES_MAX];
} kinds[] = {
	{250,
         false,
         false,
         {
		 " postfix/smtpd[%p]: connect from mail.%d[%c]",
		 " postfix/smtpd[%p]: Anonymous TLS connection established from mail.%d[%c]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature ECDSA (P-256) server-digest SHA256",
		 " postfix/smtpd[%p]: %q: client=mail.%d[%c]",
		 " postfix/cleanup[%p]: %q: message-id=<%x.%x@%d>",
		 " postfix/qmgr[811]: %q: from=<%s@%d>, size=%n, nrcpt=1 (queue active)",
		 " postfix/lmtp[%p]: %q: to=<%u@example.com>, relay=mx1.example.com[private/dovecot-lmtp], delay=0.21, delays=0.12/0.01/0.01/0.07, dsn=2.0.0, status=sent (250 2.0.0 <%u@example.com> %x%x Saved)",
		 " postfix/smtpd[%p]: disconnect from mail.%d[%c] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7",
		 " postfix/qmgr[811]: %q: removed",
	 }},
	{110,
         false,
         false,
         {
		 " postfix/submission/smtpd[%p]: connect from host.%d[%c]",
		 " postfix/submission/smtpd[%p]: %q: client=host.%d[%c], sasl_method=PLAIN, sasl_username=%u@example.com",
		 " postfix/cleanup[%p]: %q: message-id=<%x-%x@example.com>",
		 " postfix/qmgr[811]: %q: from=<%u@example.com>, size=%n, nrcpt=1 (queue active)",
		 " postfix/submission/smtpd[%p]: disconnect from host.%d[%c] ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8",
		 " postfix/smtp[%p]: %q: to=<%s@%d>, relay=mx.%d[192.0.2.25]:25, delay=1.3, delays=0.1/0/0.6/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %x)",
		 " postfix/qmgr[811]: %q: removed",
	 }},
	{30,
         false,
         false,
         {
		 /* what others refuse from us is no hit */
		 " postfix/qmgr[811]: %q: from=<%u@example.com>, size=%n, nrcpt=1 (queue active)",
		 " postfix/smtp[%p]: %q: to=<%s@%d>, relay=mx.%d[192.0.2.25]:25, delay=0.9, delays=0.1/0/0.4/0.4, dsn=5.7.1, status=bounced (host mx.%d[192.0.2.25] said: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; see https://bl.example/192.0.2.1 (in reply to RCPT TO command))",
		 " postfix/bounce[%p]: %q: sender non-delivery notification: %x",
		 " postfix/qmgr[811]: %q: removed",
	 }},
	{40,
         false,
         false,
         {
		 /* nor is greylisting */
		 " postfix/smtpd[%p]: connect from mail.%d[%c]",
		 " postfix/smtpd[%p]: NOQUEUE: reject: RCPT from mail.%d[%c]: 450 4.2.0 <%u@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example/help/example.com.html; from=<%s@%d> to=<%u@example.com> proto=ESMTP helo=<mail.%d>",
		 " postfix/smtpd[%p]: disconnect from mail.%d[%c] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
	 }},
	{180,
         false,
         false,
         {
		 " dovecot: imap-login: Login: user=<%u@example.com>, method=PLAIN, rip=%c, lip=192.0.2.1, mpid=%p, TLS, session=<%x%x>",
		 " dovecot: imap(%u@example.com)<%p><%x%x>: Disconnected: Logged out in=%n out=%n deleted=0 expunged=3 trashed=0 hdr_count=12 hdr_bytes=%n body_count=0 body_bytes=0",
	 }},
	{40,
         false,
         false,
         {
		 " imapd: Connection, ip=[%C]",
		 " imapd: LOGIN, user=%u@example.com, ip=[%C], port=[%o], protocol=IMAP",
		 " imapd: LOGOUT, user=%u@example.com, ip=[%C], port=[%o], headers=0, body=0, rcvd=%n, sent=%n, time=2",
	 }},
	{20,
         false,
         false,
         {
		 " sshd[%p]: Accepted publickey for %u from %c port %o ssh2: ED25519 SHA256:%x%x%x",
		 " sshd[%p]: pam_unix(sshd:session): session opened for user %u(uid=1000) by (uid=0)",
		 " sshd[%p]: pam_unix(sshd:session): session closed for user %u",
	 }},
	{20,
         false,
         false,
         {
		 " CRON[%p]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
		 " CRON[%p]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
		 " CRON[%p]: pam_unix(cron:session): session closed for user root",
	 }},
	{12,
         false,
         true,
         {
		 /* an honest user who mistyped: a hit, and then evidence for the good */
		 "+ dovecot: imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 7 secs): user=<%u@example.com>, method=PLAIN, rip=%c, lip=192.0.2.1, TLS, session=<%x%x>",
		 " dovecot: imap-login: Login: user=<%u@example.com>, method=PLAIN, rip=%c, lip=192.0.2.1, mpid=%p, TLS, session=<%x%x>",
	 }},
	{90,
         true,
         false,
         {
		 " postfix/smtpd[%p]: connect from unknown[%c]",
		 "+ postfix/smtpd[%p]: NOQUEUE: reject: RCPT from unknown[%c]: 554 5.7.1 Service unavailable; Client host [%c] blocked using zen.dnsbl.test; https://dnsbl.test/query/ip/%c; from=<%s@%d> to=<%u@example.com> proto=ESMTP helo=<%d>",
		 " postfix/smtpd[%p]: disconnect from unknown[%c] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
	 }},
	{30,
         true,
         false,
         {
		 " postfix/smtpd[%p]: connect from unknown[%c]",
		 "+ postfix/smtpd[%p]: NOQUEUE: reject: RCPT from unknown[%c]: 550 5.1.1 <%s@example.com>: Recipient address rejected: User unknown in virtual mailbox table; from=<%s@%d> to=<%s@example.com> proto=ESMTP helo=<%d>",
		 "+ postfix/smtpd[%p]: NOQUEUE: reject: RCPT from unknown[%c]: 454 4.7.1 <%s@%d>: Relay access denied; from=<%s@%d> to=<%s@%d> proto=ESMTP helo=<%d>",
		 " postfix/smtpd[%p]: lost connection after RCPT from unknown[%c]",
		 " postfix/smtpd[%p]: disconnect from unknown[%c] ehlo=1 mail=1 rcpt=0/2 commands=2/4",
	 }},
	{50,
         true,
         false,
         {
		 " postfix/postscreen[702]: CONNECT from [%c]:%o to [192.0.2.1]:25",
		 " postfix/dnsblog[%p]: addr %c listed by domain zen.dnsbl.test as 127.0.0.4",
		 "+ postfix/postscreen[702]: DNSBL rank 3 for [%c]:%o",
		 "+ postfix/postscreen[702]: NOQUEUE: reject: RCPT from [%c]:%o: 550 5.7.1 Service unavailable; client [%c] blocked using zen.dnsbl.test; from=<%s@%d>, to=<%u@example.com>, proto=ESMTP, helo=<%d>",
		 " postfix/postscreen[702]: DISCONNECT [%c]:%o",
	 }},
	{20,
         true,
         false,
         {
		 " postfix/postscreen[702]: CONNECT from [%c]:%o to [192.0.2.1]:25",
		 "+ postfix/postscreen[702]: PREGREET 14 after 0.05 from [%c]:%o: EHLO ylmf-pc\\r\\n",
		 " postfix/postscreen[702]: DISCONNECT [%c]:%o",
	 }},
	{60,
         true,
         false,
         {
		 " postfix/submission/smtpd[%p]: connect from unknown[%c]",
		 "+ postfix/submission/smtpd[%p]: warning: unknown[%c]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=%u@example.com",
		 " postfix/submission/smtpd[%p]: disconnect from unknown[%c] ehlo=1 auth=0/1 quit=1 commands=2/3",
	 }},
	{30,
         true,
         false,
         {
		 " courieresmtpd: started,ip=[%C],port=[%o]",
		 "+ courieresmtpd: error,relay=%C,port=%o,from=<%s@%d>,to=<%u@example.com>: 511 https://dnsbl.test/query/ip/%c",
	 }},
	{30,
         true,
         false,
         {
		 "+ dovecot: imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 9 secs): user=<%u@example.com>, method=PLAIN, rip=%c, lip=192.0.2.1, TLS, session=<%x%x>",
	 }},
	{40,
         true,
         false,
         {
		 "+ sshd[%p]: Invalid user %s from %c port %o",
		 "+ sshd[%p]: Failed password for invalid user %s from %c port %o ssh2",
		 " sshd[%p]: Connection closed by invalid user %s %c port %o [preauth]",
	 }},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static const char *const users[] = {"alice", "bob", "carol", "dave", "erin", "info", "office", "sales"};
static const char *const strangers[] = {"admin", "news", "no-reply", "oracle", "postmaster", "test", "u1", "www"};
static const char *const domains[] = {"example.net",      "example.org",      "corp.example.net",
                                      "news.example.org", "shop.example.net", "uni.example.org"};

/* A piece of a line: bytes as they are, then a field; 0: none. */
struct piece {
	const char *bytes;
	size_t len;
	char field;
};

struct form {
	bool hit;
	size_t n;
	struct piece pieces[PIECES_MAX];
};

struct text {
	size_t len;
	char bytes[TEXT_MAX];
};

struct session {
	const struct kind *kind;
	size_t kind_index, next, client_index;
	struct text client, courier, pid, port, queue_id;
	const char *user, *stranger, *domain;
};

static struct form forms[N_KINDS][LINES_MAX];
static struct text decimal[256];
static uint64_t state;
static char buffer[BUFFER + LINE_MAX_LEN];
static size_t filled;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint32_t below(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(((state * 0x2545F4914F6CDD1DULL >> 32) * n) >> 32);
}

static void flush(void)
{
	for (size_t done = 0; done < filled;) {
		const ssize_t n = write(STDOUT_FILENO, buffer + done, filled - done);

		if (n < 0 && errno != EINTR) {
			perror("genlog");
			exit(3);
		}
		done += n > 0 ? (size_t)n : 0;
	}
	filled = 0;
}

static void put(const char *bytes, size_t len)
{
	memcpy(buffer + filled, bytes, len);
	filled += len;
}

static void put_digits(char *end, uint32_t n, size_t count)
{
	while (count-- > 0) {
		*--end = (char)('0' + n % 10);
		n /= 10;
	}
}

/* --- fields --- */

static void add(struct text *t, const char *bytes, size_t len)
{
	assert(t->len + len <= sizeof t->bytes);
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void add_number(struct text *t, uint32_t n)
{
	char digits[10];
	size_t i = sizeof digits;

	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	add(t, digits + i, sizeof digits - i);
}

static void add_hex(struct text *t, uint32_t n)
{
	char digits[8];
	size_t i = sizeof digits;

	do
		digits[--i] = "0123456789abcdef"[n % 16];
	while ((n /= 16) > 0);
	add(t, digits + i, sizeof digits - i);
}

static void make_ipv4(struct text *t, uint32_t address)
{
	t->len = 0;
	for (int shift = 24; shift >= 0; shift -= 8) {
		const struct text *const d = &decimal[address >> shift & 255];

		add(t, d->bytes, d->len);
		if (shift > 0)
			add(t, ".", 1);
	}
}

/* 2001:db8:high:low::host as inet_ntop writes it: none of the three is 0. */
static void make_ipv6(struct text *t, uint32_t high, uint32_t low, uint32_t host)
{
	t->len = 0;
	add(t, "2001:db8:", 9);
	add_hex(t, high);
	add(t, ":", 1);
	add_hex(t, low);
	add(t, "::", 2);
	add_hex(t, host);
}

/* Returns the place of the client among all of them. */
static size_t make_client(struct session *s, bool hostile, bool office)
{
	const bool v6 = below(4) == 0;
	uint32_t i;

	s->courier.len = 0;
	if (hostile) {
		i = below(4) > 0 ? below(BUSIEST) : v6 ? below(HOSTILE6) : below(HOSTILE4);
		if (v6)
			make_ipv6(&s->client, 1 + i / 256, 1 + i % 256, 1 + i % 7);
		else
			make_ipv4(&s->client, 198U << 24 | 18U << 16 | i);
	} else {
		i = below(office ? OFFICES : HONEST);
		if (v6)
			make_ipv6(&s->client, 0x8000 + i / 256, 1 + i % 256, 1);
		else
			make_ipv4(&s->client, 10U << 24 | i);
	}
	if (!v6)
		add(&s->courier, "::ffff:", 7);
	add(&s->courier, s->client.bytes, s->client.len);
	return (size_t)(hostile ? 0 : HOSTILE4 + HOSTILE6) + (size_t)(!v6 ? 0 : hostile ? HOSTILE4 : HONEST) + i;
}

static void begin_session(struct session *s)
{
	static unsigned total;
	unsigned r, i = 0;

	if (total == 0)
		for (size_t k = 0; k < N_KINDS; k++)
			total += kinds[k].share;
	for (r = below(total); r >= kinds[i].share; i++)
		r -= kinds[i].share;
	s->kind = &kinds[i];
	s->kind_index = i;
	s->next = 0;
	s->client_index = make_client(s, s->kind->hostile, s->kind->office);
	s->pid.len = s->port.len = s->queue_id.len = 0;
	add_number(&s->pid, 1000 + below(31000));
	add_number(&s->port, 1024 + below(64000));
	for (int n = 0; n < 10; n++)
		add(&s->queue_id, &"0123456789ABCDEF"[below(16)], 1);
	s->user = users[below(sizeof users / sizeof *users)];
	s->stranger = strangers[below(sizeof strangers / sizeof *strangers)];
	s->domain = domains[below(sizeof domains / sizeof *domains)];
}

static void put_field(const struct session *s, char field)
{
	struct text fresh = {0};

	switch (field) {
	case 'c':
		put(s->client.bytes, s->client.len);
		break;
	case 'C':
		put(s->courier.bytes, s->courier.len);
		break;
	case 'p':
		put(s->pid.bytes, s->pid.len);
		break;
	case 'o':
		put(s->port.bytes, s->port.len);
		break;
	case 'q':
		put(s->queue_id.bytes, s->queue_id.len);
		break;
	case 'u':
		put(s->user, strlen(s->user));
		break;
	case 's':
		put(s->stranger, strlen(s->stranger));
		break;
	case 'd':
		put(s->domain, strlen(s->domain));
		break;
	case 'x':
		add_hex(&fresh, 1U << 31 | below(1U << 31));
		put(fresh.bytes, fresh.len);
		break;
	case 'n':
		add_number(&fresh, 100 + below(90000));
		put(fresh.bytes, fresh.len);
		break;
	default:
		assert(field == 0);
	}
}

/* --- lines --- */

static void split(struct form *f, const char *line)
{
	f->hit = *line == '+';
	line += f->hit;
	for (f->n = 0; *line != '\0'; f->n++) {
		const char *const percent = strchrnul(line, '%');

		assert(f->n < PIECES_MAX);
		f->pieces[f->n] = (struct piece){line, (size_t)(percent - line), *percent == '%' ? percent[1] : 0};
		line = *percent == '%' ? percent + 2 : percent;
	}
}

static void put_stamp(int64_t now_us, bool iso)
{
	static char text[40];
	static size_t len;
	static int64_t last_s = -1;
	const time_t now_s = now_us / 1000000;

	if (now_s != last_s) {
		struct tm tm;

		last_s = now_s;
		(void)gmtime_r(&now_s, &tm);
		len = strftime(text, sizeof text, iso ? "%Y-%m-%dT%H:%M:%S.000000+00:00 mx1" : "%b %e %H:%M:%S mx1",
		               &tm);
	}
	if (iso)
		put_digits(text + 26, (uint32_t)(now_us % 1000000), 6); /* below a million */
	put(text, len);
}

static void put_garbage(void)
{
	static const char stamp[] = "2026-11-20T13:3";
	size_t len = 1 + below(300);

	if (below(4) == 0) /* a torn line among it */
		put(stamp, sizeof stamp - 1);
	while (len-- > 0) {
		const char byte = (char)below(256); /* any byte */

		put(byte == '\n' ? "\r" : &byte, 1);
	}
	put("\n", 1);
}

static long number(int argc, char **argv, int i, long otherwise)
{
	return i < argc ? strtol(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	static bool seen[HOSTILE4 + HOSTILE6 + 2 * HONEST];
	static struct session sessions[OPEN];
	const long lines = number(argc, argv, 1, 0);
	const bool iso = argc <= 3 || strcmp(argv[3], "bsd") != 0;
	const long garbage_share = number(argc, argv, 5, 0);
	int64_t now_us = (int64_t)number(argc, argv, 4, 1790000000) * 1000000;
	long hits = 0, addresses = 0, garbage = 0;

	if (lines <= 0 || argc > 6) {
		(void)fprintf(stderr, "usage: genlog LINES [SEED [iso|bsd [START [GARBAGE]]]]\n");
		return 2;
	}
	state = (uint64_t)number(argc, argv, 2, 1) * 0x9E3779B97F4A7C15ULL + 1;
	for (unsigned i = 0; i < 256; i++)
		add_number(&decimal[i], i);
	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t i = 0; i < LINES_MAX && kinds[k].lines[i] != NULL; i++)
			split(&forms[k][i], kinds[k].lines[i]);
	for (size_t i = 0; i < OPEN; i++)
		begin_session(&sessions[i]);
	for (long n = 0; n < lines; n++) {
		struct session *const s = &sessions[below(OPEN)];
		const struct form *const form = &forms[s->kind_index][s->next];

		now_us += below(2 * STEP_US);
		if (filled > BUFFER)
			flush();
		if (garbage_share > 0 && below(1000) < (uint32_t)garbage_share) {
			put_garbage();
			garbage++;
			continue;
		}
		put_stamp(now_us, iso);
		for (size_t i = 0; i < form->n; i++) {
			put(form->pieces[i].bytes, form->pieces[i].len);
			put_field(s, form->pieces[i].field);
		}
		put("\n", 1);
		if (form->hit) {
			hits++;
			addresses += !seen[s->client_index];
			seen[s->client_index] = true;
		}
		s->next++;
		if (s->next == LINES_MAX || s->kind->lines[s->next] == NULL)
			begin_session(s);
	}
	flush();
	(void)fprintf(stderr, "hits=%ld addresses=%ld garbage=%ld\n", hits, addresses, garbage);
	return 0;
}
