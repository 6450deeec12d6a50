/*
 * ownfile: parses the headers of programs that write their own log file, without a syslog daemon.
 *
 * Knows what each program writes after its time stamp, but neither stamps nor the meaning of messages. Pure. Each
 * function is given the text after the stamp and its blank. It returns true with program, pid and message set, or false
 * with the line unchanged. The functions are strict: text of a client comes later in these lines, and no word of it may
 * become the name of a program. Sources: Dovecot failures.c, Exim log.c, Stalwart text.rs, Haraka logger.js, SOGo and
 * Zimbra as observed, Horde's Horde_Log, vsftpd logging.c, ProFTPD log.c, nginx ngx_log.c, Flask logging.py.
 */
#ifndef WFS_INPUT_OWNFILE_H
#define WFS_INPUT_OWNFILE_H

#include <stdbool.h>

#include "input/line.h"

/* "imap-login: Info: message", "imap(bob)<12><ab>: Info: message": program "imap-login", "imap". */
bool ownfile_dovecot(struct line *line, const char *p, const char *end);

/* Returns the end of Dovecot's "Info: ", which its first version wrote after a stamp, or NULL. */
const char *ownfile_dovecot_level(const char *p, const char *end);

/* "[pid] message" or "message": program "exim". */
void ownfile_exim(struct line *line, const char *p, const char *end);

/* "INFO Event name (event.id) key = value, ...": program "stalwart". */
bool ownfile_stalwart(struct line *line, const char *p, const char *end);

/*
 * "[NOTICE] [3D6C3D40-A450-45E0-9A11-34E8E824A791.1] [core] ...": program "haraka"; all of it is the message. p < end.
 */
bool ownfile_haraka(struct line *line, const char *p, const char *end);

/* "sogod [714]: message": a blank before the pid. */
bool ownfile_sogo(struct line *line, const char *p, const char *end);

/* "HORDE [error] [horde] message": the message begins with "[error]", as it does after its tag in syslog. */
bool ownfile_horde(struct line *line, const char *p, const char *end);

/* "ERR: HORDE [horde] message" of its later versions: the message begins with "[horde]". */
bool ownfile_horde_level(struct line *line, const char *p, const char *end);

/* "INFO  [thread] [key=value;] class - message": program "zimbra"; the message begins with "[thread]". */
bool ownfile_zimbra(struct line *line, const char *p, const char *end);

/* "host proftpd[712] message". */
bool ownfile_proftpd(struct line *line, const char *p, const char *end);

/* "[pid 714] message": program "vsftpd". */
bool ownfile_vsftpd(struct line *line, const char *p, const char *end);

/* "[info] 11#11: message": program "nginx". */
bool ownfile_nginx(struct line *line, const char *p, const char *end);

/* "WARNING in limiter: message": program "mailu"; all of it is the message. */
bool ownfile_mailu(struct line *line, const char *p, const char *end);

#endif
