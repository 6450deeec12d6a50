/*
 * line: one line of a log, parsed into time, host, program, pid and message.
 *
 * Owns the framing that syslog daemons and mail daemons put in front of a message, and nothing of what
 * the message means. Pure but for the time zone: no file, no clock; the caller passes "now".
 *
 * Headers known (each with a row in tests/unit/input/line.c):
 *   RFC 3164      "Nov  5 13:37:42 host tag[pid]: ", Postfix's zero-padded day, and "Nov 5"; with a fraction,
 *                 with a year, with "<mail.info>", with "<22>" in front, with the month in another
 *                 language; "20/Nov/2026 13:37:42", "20-Nov-2026 ...", with a zone, in "[...]"; host missing, an
 * address, or holding blanks metalog       "Nov 20 13:37:42 [tag] message" ISO           "2026-11-20 13:37:42 host
 * tag[pid]: "; without a pid only of Dovecot TAI64N        "@4000000065a0c3d50ab01234 " and what syslog daemons write
 * after a stamp RFC 3339      "2026-11-20T13:37:42.674459+00:00 host tag[pid]: ", "Z", "+0100", no zone RFC 5424 "<22>1
 * TIME host app pid msgid [sd] message" journalctl    short-iso, short-full ("Fri 2026-11-20 15:16:03 CET host ..."),
 * short-unix Exim's file   "2026-11-20 13:55:15.123 +0100 [pid] message"            program "exim" Dovecot's
 * "2026-11-20 13:37:42 imap-login: Info: message"          program "imap-login" "Nov 20 13:37:42 imap(bob)<12><ab>:
 * Info: message"       program "imap" "dovecot: 2026-11-20 13:37:42 Info: message"             program "dovecot"
 *   Stalwart's    "2026-11-20T14:16:02Z INFO message (event.id) ..."       program "stalwart"
 *                 "{"createdAt":"2026-11-20T14:16:02Z","type":...}"      the same, all of it the message
 *   Haraka's      "[NOTICE] [UUID] [plugin] ..." all of it the message     program "haraka", no time;
 *                 or with an RFC 3339 stamp in front
 *   Roundcube's   "[20-Nov-2026 14:00:00 +0000]: message", or with another date  program "roundcube"
 *   SOGo's        "Nov 20 13:37:42 sogod [714]: message"
 *   Horde's       "Nov 20 13:37:42 HORDE [error] [horde] message",         program "HORDE"
 *                 "2026-11-20T13:37:42+00:00 ERR: HORDE [horde] message"   the same
 *   Zimbra's      "2026-11-20 13:37:42,101 INFO  [thread] message"         program "zimbra"
 *   ProFTPD's     "2026-11-20 13:37:42,204 host proftpd[712] message"
 *   vsftpd's      "Fri Nov 20 13:37:42 2026 [pid 714] message"             program "vsftpd"
 *   nginx's       "2026/11/20 13:37:42 [info] 11#11: message"              program "nginx"
 *   Kerio's       "[20/Nov/2026 13:37:42] message"                         program "kerio"
 *   Mailu's       "[2026-11-20 13:37:42,112] WARNING in limiter: message"  program "mailu"
 *   kernel        "kernel: [12345.678901] ", dmesg -T "[Fri Nov 20 13:37:42 2026] ", dmesg iso
 *                 "2026-11-20T13:37:42,674459+00:00 "                      program "kernel"
 * In front of any of them may stand what containers put there (frame.h). The inner header wins; what it lacks (time,
 * host) is the outer one's. Behind "docker logs -t"'s stamp and compose's name only a line with a header is taken for
 * an inner one; behind "stdout F" also one that begins with "tag: ", which has the outer time. One blank after the
 * header is no part of the message, nor is the second one that rsyslog writes in RFC 5424. In front of a message these
 * are removed: "[12345.678901] " of the kernel, "[ID 197553 mail.warning] " of Solaris, the BOM of RFC 5424; and one CR
 * at the end. Source: stamp.h, frame.h, ownfile.h; RFC 3164, 3339, 5424; rsyslog 8.2302, postfix msg_logger.c, exim
 * log.c, journalctl 252 and 257.
 *
 * Which rules run depends on the program, so a tag is read only where a syslog daemon writes one: it is the
 * first word that ends in ":" or "[pid]:", after at most three that are made of the characters of host names
 * and addresses; without ":" only "tag[pid]" straight after one host. Anything else ends the search, and
 * the line has no program ("Nov 20 13:37:42 mx last message repeated 9 times").
 *
 * A line has no header, and so is LINE_UNPARSED, when: it begins with a blank or TAB (a continuation of
 * the line before it), holds a NUL, has an impossible date ("Nov 32"), or fits none of the above.
 */
#ifndef WFS_LINE_H
#define WFS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prefix16.h"
#include "base/text.h"

enum {
	LINE_MAX_BYTES = 8192, /* every reader cuts longer lines: no mail server writes them */
	LINE_MINUTE_MAX = 40,  /* "marraskuuta 20 2026 15:16" with a longer name: a stamp up to its minute */
	LINE_TAIL_MAX = 8,     /* " +0100", " CEST": what follows the seconds in a stamp */
};

/* line_parse's answers. */
enum {
	LINE_OK = 0,
	LINE_UNPARSED = 1,
	LINE_PART = 2, /* of a longer line: a CRI line that goes on in the next one of its stream */
};

struct line {
	int64_t time_s;      /* Unix seconds UTC; meaningless unless has_time */
	bool has_time;       /* false in Haraka's own format, and where RFC 5424 has "-" */
	struct span host;    /* p NULL when the header has none */
	struct span program; /* the tag without "[pid]" and ":"; "exim" and the like in files without tags;
	                        p NULL when there is no tag: then no rule's */
	struct span pid;     /* digits, p NULL when there is none */
	struct span message; /* the text after the header; may be empty */
	uint8_t frames;      /* in front of the header, read by line.c: at most FRAME_MAX */
	bool part;           /* line.c's: LINE_PART */
};

/* The stamp of the line before, as it was written, but for its seconds and their fraction; used by stamp.c alone. */
struct line_stamp {
	uint8_t len; /* a line must have, to be compared with it; 0: nothing is remembered */
	uint8_t minute_len, fraction_len, tail_len, form;
	char minute[LINE_MINUTE_MAX];
	struct prefix16_head minute_head, tail_head; /* the tail's with the byte behind it */
	uint64_t fraction_mask;                      /* bits that are the same in "." and in all digits */
	int64_t minute_s;
};

/*
 * What the year of a stamp without one, and the zone of a stamp without one, are derived from. One per log.
 * Years: a log is read forwards. The first such stamp gets the latest year that is not more than a
 * day after end_s; each following one the year that brings it nearest to the one before (so December to
 * January steps a year on, and a late December line after January steps back). Feb 29 goes to the leap
 * year nearest before.
 */
struct line_clock {
	int64_t end_s;  /* when the log was last written: its mtime, or now for a log being followed */
	int64_t last_s; /* the last time returned that was not half a year behind; 0: none yet */
	int year;       /* the year the first stamp is in; 0: see end_s */
	struct line_stamp stamp;
	/* The host of the line before with the blank behind it, when it was one word and no longer; line.c's. */
	struct prefix16_head host_head;
	uint8_t host_len; /* with the blank; 0: none */
};

/* Starts a clock for a log last written at end_s. year: 0, or that of the first stamp (replay --year). */
void line_clock_init(struct line_clock *clock, int64_t end_s, int year);

/*
 * Parses one line. text: len bytes, no LF, not changed; every span of *ret points into it (or to a
 * constant word for the programs named above). Zone of stamps that carry none: the process's (TZ).
 * clock is advanced by LINE_OK. Returns LINE_OK; LINE_PART with the piece of the
 * line in ret->message alone; or LINE_UNPARSED with *ret empty.
 */
int line_parse(struct line_clock *clock, const char *text, size_t len, struct line *ret);

/* The same for a text that the caller knows to hold no NUL. */
int line_parse_clean(struct line_clock *clock, const char *text, size_t len, struct line *ret);

/*
 * Fields that are known without a header in front of them (a journal's, with its time): leaves of *line what line_parse
 * would have found in such a header: names and ids are those that a tag may have, else none; the message is without
 * what is removed in front of it and at its end. printed: the message is a line that the program of a container wrote,
 * with a header of its own or none; its time does not count. Returns LINE_OK, or LINE_UNPARSED with *line empty: no
 * message, or a NUL in it.
 */
int line_known(struct line_clock *clock, bool printed, struct line *line);

#endif
