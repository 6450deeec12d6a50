/*
 * line: parses one line of a log into time, host, program, pid and message.
 *
 * Owns the framing that syslog daemons and mail daemons put in front of a message, but does not know what the message
 * means. Pure except for the time zone: no file, no clock; the caller passes the time.
 *
 * Headers (each has a row in tests/unit/input/line.c):
 *   RFC 3164      "Nov  5 13:37:42 host tag[pid]: ", Postfix's zero-padded day, and "Nov 5"; with a fraction,
 *                 with a year, with "<mail.info>", with "<22>" in front, with the month in another language;
 *                 "20/Nov/2026 13:37:42", "20-Nov-2026 ...", with a zone, in "[...]"; the host may be missing,
 *                 an address, or contain blanks
 *   metalog       "Nov 20 13:37:42 [tag] message"
 *   ISO           "2026-11-20 13:37:42 host tag[pid]: "; without a pid only from Dovecot
 *   TAI64N        "@4000000065a0c3d50ab01234 " and what syslog daemons write after a stamp
 *   RFC 3339      "2026-11-20T13:37:42.674459+00:00 host tag[pid]: ", "Z", "+0100", no zone
 *   RFC 5424      "<22>1 TIME host app pid msgid [sd] message"
 *   journalctl    short-iso, short-full ("Fri 2026-11-20 15:16:03 CET host ..."), short-unix
 *   Exim's file   "2026-11-20 13:55:15.123 +0100 [pid] message"            program "exim"
 *   Dovecot's     "2026-11-20 13:37:42 imap-login: Info: message"          program "imap-login"
 *                 "Nov 20 13:37:42 imap(bob)<12><ab>: Info: message"       program "imap"
 *                 "dovecot: 2026-11-20 13:37:42 Info: message"             program "dovecot"
 *   Stalwart's    "2026-11-20T14:16:02Z INFO message (event.id) ..."       program "stalwart"
 *                 "{"createdAt":"2026-11-20T14:16:02Z","type":...}"      the same; all of it is the message
 *   Haraka's      "[NOTICE] [UUID] [plugin] ..."; all of it is the message program "haraka", no time;
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
 * Any of them may follow what container runtimes put in front (frame.h). The inner header wins; the time or host that
 * it lacks comes from the outer one. After the stamp of "docker logs -t" and compose's name only a line with a header
 * counts as an inner one; after "stdout F" also one that begins with "tag: ", which gets the outer time.
 * One blank after the header is not part of the message, nor is the second one that rsyslog writes in RFC 5424. Also
 * removed from the front of a message: the kernel's "[12345.678901] ", Solaris' "[ID 197553 mail.warning] ", the BOM of
 * RFC 5424; and from its end one CR.
 * Source: stamp.h, frame.h, ownfile.h; RFC 3164, 3339, 5424; rsyslog 8.2302, postfix msg_logger.c, exim log.c,
 * journalctl 252 and 257.
 *
 * The program decides which rules run, so a tag is only accepted where a syslog daemon writes one: it is the first word
 * that ends in ":" or "[pid]:", after at most three words made of the characters of host names and addresses; without
 * ":" only "tag[pid]" directly after one host. Anything else ends the search, and the line has no program ("Nov 20
 * 13:37:42 mx last message repeated 9 times").
 *
 * A line has no header, and is LINE_UNPARSED, if it begins with a blank or TAB (a continuation of the line before it),
 * contains a NUL, has an impossible date ("Nov 32"), or has none of the forms above.
 */
#ifndef WFS_INPUT_LINE_H
#define WFS_INPUT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prefix16.h"
#include "base/text.h"

enum {
	LINE_MAX_BYTES = 8192, /* bytes; every reader truncates longer lines: no mail server writes them */
	/* Bytes of a stamp up to its minute: "marraskuuta 20 2026 15:16", or with a longer name. */
	LINE_MINUTE_MAX = 40,
	LINE_TAIL_MAX = 8, /* bytes after the seconds in a stamp: " +0100", " CEST" */
};

/* Results of line_parse. */
enum {
	LINE_OK = 0,
	LINE_UNPARSED = 1,
	LINE_PART = 2, /* a part of a longer line: a CRI line that continues in the next one of its stream */
};

struct line {
	int64_t time_s;   /* Unix seconds UTC; undefined unless has_time */
	bool has_time;    /* false for Haraka's own format, and for "-" in RFC 5424 */
	struct span host; /* p is NULL if the header has none */
	/*
	 * The tag without "[pid]" and ":", or "exim" and so on for files without tags; p is NULL if there is no tag:
	 * then no rule applies.
	 */
	struct span program;
	struct span pid;     /* digits; p is NULL if there is none */
	struct span message; /* the text after the header; may be empty */
	uint8_t frames;      /* for line.c: frames before the header, at most FRAME_MAX */
	bool part;           /* for line.c: the result is LINE_PART */
};

/* The stamp of the line before as it was written, except for its seconds and their fraction; for stamp.c only. */
struct line_stamp {
	uint8_t len; /* bytes that a line must have to be compared with it; 0: nothing is remembered */
	uint8_t minute_len, fraction_len, tail_len, form;
	char minute[LINE_MINUTE_MAX];
	struct prefix16_head minute_head, tail_head; /* tail_head includes the byte after the tail */
	uint64_t fraction_mask;                      /* see fraction8.h */
	int64_t minute_s;
};

/*
 * State for deriving the missing years and zones of stamps. Each log has its own.
 * Years: a log is read forwards. The first stamp without a year gets the latest year in which it is at most a day after
 * end_s. Each following one gets the year that brings it nearest to the one before, so December to January goes to the
 * next year, and a late December line after January goes back. Feb 29 goes to the nearest earlier leap year.
 */
struct line_clock {
	int64_t end_s;  /* when the log was last written: its mtime, or now for a followed log */
	int64_t last_s; /* the last time returned that was not half a year in the past; 0: none yet */
	int year;       /* the year of the first stamp; 0: see end_s */
	struct line_stamp stamp;
	/* For line.c: the host of the line before with the blank after it, if it was one short word. */
	struct prefix16_head host_head;
	uint8_t host_len; /* including the blank; 0: none */
};

/* Starts a clock for a log that was last written at end_s. year: 0, or that of the first stamp (replay --year). */
void line_clock_init(struct line_clock *clock, int64_t end_s, int year);

/*
 * Parses one line. text: len bytes, no LF, not changed; every span of *ret points into it (or to a constant word for
 * the programs named above). Stamps without a zone are in that of the process (TZ). Returns LINE_OK, which advances the
 * clock; LINE_PART, with the part of the line in ret->message and nothing else; or LINE_UNPARSED with *ret empty.
 */
int line_parse(struct line_clock *clock, const char *text, size_t len, struct line *ret);

/* Like line_parse, for a text that the caller knows to contain no NUL. */
int line_parse_clean(struct line_clock *clock, const char *text, size_t len, struct line *ret);

/*
 * Normalises fields that are known without a header (a journal's, with its time) to what line_parse would have found in
 * one: removes a program or pid that no tag may have, and removes from the message what is removed from its front and
 * end. printed: the message is a line that a container's program wrote, with or without its own header; the time in
 * that header does not count. Returns LINE_OK, or LINE_UNPARSED with *line empty if the message is empty or contains a
 * NUL.
 */
int line_known(struct line_clock *clock, bool printed, struct line *line);

#endif
