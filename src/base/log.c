#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *log_who = "watchforspammers";
static int log_level = LOG_NOTICE;
static bool log_journal;

void log_init(const char *who, int level)
{
	log_who = who;
	log_level = level;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_line(int level, const char *fmt, ...)
{
	char text[1024];
	size_t n = 0;
	va_list ap;
	int written;

	if (level > log_level)
		return;
	if (log_journal)
		n = (size_t)snprintf(text, sizeof text, "<%d>", level);
	n += (size_t)snprintf(text + n, sizeof text - n, "%s: ", log_who);
	va_start(ap, fmt);
	written = vsnprintf(text + n, sizeof text - n - 1, fmt, ap);
	va_end(ap);
	if (written > 0)
		n = strlen(text);
	text[n++] = '\n';
	/* One write, so that lines of two processes do not mix. Nothing can be done if it fails. */
	(void)!write(STDERR_FILENO, text, n);
}
