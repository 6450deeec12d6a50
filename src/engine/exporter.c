#include "engine/exporter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

static void report(struct problems *problems, const char *sentence, int64_t now_s)
{
	if (strcmp(sentence, EXPORTER_WORKS) == 0) {
		log_line(LOG_NOTICE, "[export]: %s", sentence);
		problems_clear(problems, PROBLEMS_EXPORT, 0);
	} else {
		log_line(LOG_ERR, "[export]: %s", sentence);
		problems_set(problems, PROBLEMS_EXPORT, 0, sentence, NULL, now_s);
	}
}

void exporter_turn(struct exporter *x, const struct store *store, struct problems *problems, int64_t now_s)
{
	const int64_t changes = store_changes(store);
	char sentence[WHY_MAX];
	ssize_t n;

	if (x->fd < 0)
		return;
	if (changes != x->changes)
		(void)send(x->fd, "", 1,
		           MSG_NOSIGNAL | MSG_DONTWAIT); /* if full, an earlier notification is still unread */
	x->changes = changes;
	while ((n = recv(x->fd, sentence, sizeof sentence - 1, MSG_DONTWAIT)) > 0) {
		sentence[n] = '\0';
		report(problems, sentence, now_s);
	}
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	report(problems, "the process that writes the file has ended; restart the daemon", now_s);
	(void)close(x->fd);
	x->fd = -1;
}
