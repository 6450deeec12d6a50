#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/text.h"

enum {
	OWN_FIELDS = 4, /* MESSAGE, PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER */
	NAME_MAX_BYTES = 32,
};

static const char identifier[] = "watchforspammers";
static const char *log_tag = identifier;
static int log_level = LOG_NOTICE;
static bool to_journal; /* standard error is a stream to the journal */
static bool has_socket; /* the journal's socket accepts records with fields */

/*
 * Returns true if $JOURNAL_STREAM names our standard error. Every process started from a service inherits the variable,
 * so its presence alone proves nothing.
 */
static bool is_journal(void)
{
	const char *const stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == device && st.st_ino == inode;
}

void log_init(const char *tag, int level)
{
	log_tag = tag;
	log_level = level;
	to_journal = is_journal();
	/* Needed because sd_journal_sendv returns success when there is no journal. */
	has_socket = to_journal && access("/run/systemd/journal/socket", W_OK) == 0;
}

/* Builds one field of a record; writes its text to *space and advances *space. */
static struct iovec field(char **space, const char *name, const char *value)
{
	char *const begin = *space;
	size_t len = (size_t)snprintf(begin, NAME_MAX_BYTES, "%s=", name); /* our names are short */

	len += text_escape((struct span){value, strlen(value)}, begin + len, LOG_TEXT_MAX);
	*space += len;
	return (struct iovec){begin, len};
}

/* Returns false if the journal does not accept the record. */
static bool send_record(int level, const char *text, const struct log_field fields[], size_t n)
{
	char bytes[(LOG_FIELDS_MAX + OWN_FIELDS) * (NAME_MAX_BYTES + LOG_TEXT_MAX)], priority[4], facility[4],
		*space = bytes;
	struct iovec record[LOG_FIELDS_MAX + OWN_FIELDS];
	size_t k = 0;

	assert(n <= LOG_FIELDS_MAX);
	(void)snprintf(priority, sizeof priority, "%d", level);
	(void)snprintf(facility, sizeof facility, "%d", LOG_DAEMON >> 3);
	record[k++] = field(&space, "MESSAGE", text);
	record[k++] = field(&space, "PRIORITY", priority);
	record[k++] = field(&space, "SYSLOG_FACILITY", facility);
	record[k++] = field(&space, "SYSLOG_IDENTIFIER", identifier);
	for (size_t i = 0; i < n; i++)
		if (fields[i].value != NULL)
			record[k++] = field(&space, fields[i].name, fields[i].value);
	return sd_journal_sendv(record, (int)k) == 0;
}

/* Uses one write, so that lines of two processes do not mix. Nothing can be done if it fails. */
static void write_line(int level, const char *text)
{
	char line[NAME_MAX_BYTES + LOG_TEXT_MAX];
	const int n = to_journal ? snprintf(line, sizeof line, "<%d>%s\n", level, text)
	                         : snprintf(line, sizeof line, "%.*s: %s\n", NAME_MAX_BYTES - 4, log_tag, text);

	(void)!write(STDERR_FILENO, line, (size_t)n); /* it fits */
}

static void log_record(int level, const struct log_field fields[], size_t n, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void log_record(int level, const struct log_field fields[], size_t n, const char *fmt, va_list ap)
{
	char raw[LOG_TEXT_MAX + 1], text[LOG_TEXT_MAX];

	if (level > log_level)
		return;
	(void)vsnprintf(raw, sizeof raw, fmt, ap);
	(void)text_escape((struct span){raw, strlen(raw)}, text, sizeof text);
	if (!has_socket || !send_record(level, text, fields, n))
		write_line(level, text);
}

void log_line(int level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_record(level, NULL, 0, fmt, ap);
	va_end(ap);
}

void log_event(int level, const struct log_field fields[], size_t n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_record(level, fields, n, fmt, ap);
	va_end(ap);
}
