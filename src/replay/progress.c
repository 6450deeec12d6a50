#include "replay/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/plural.h"

enum {
	BAR_MS = 100,
	PLAIN_MS = 10000,
	BAR_WIDTH = 24,
};

enum progress_form progress_fitting(void)
{
	return isatty(STDERR_FILENO) ? PROGRESS_BAR : PROGRESS_NONE;
}

void progress_begin(struct progress *p, enum progress_form form, int64_t now_ms)
{
	*p = (struct progress){.form = form, .started_ms = now_ms, .shown_ms = now_ms};
}

void progress_show(struct progress *p, int64_t now_ms, int64_t done, int64_t size, int64_t lines, int64_t hits)
{
	char bar[BAR_WIDTH + 1], left[32] = "";
	const double elapsed_s = (double)(now_ms - p->started_ms) / 1000.0;
	const double part = size > 0 ? (double)(done < size ? done : size) / (double)size : 0.0;
	const int filled = (int)(part * BAR_WIDTH);

	if (p->form == PROGRESS_NONE || now_ms - p->shown_ms < (p->form == PROGRESS_BAR ? BAR_MS : PLAIN_MS))
		return;
	p->shown_ms = now_ms;
	if (part > 0.0)
		(void)snprintf(left, sizeof left, ", %.0f s left", elapsed_s / part - elapsed_s);
	memset(bar, '#', (size_t)filled);
	memset(bar + filled, '.', (size_t)(BAR_WIDTH - filled));
	bar[BAR_WIDTH] = '\0';
	if (p->form == PROGRESS_BAR)
		(void)fprintf(stderr, "\r\033[K[%s] ", bar);
	(void)fprintf(stderr, "%3.0f %%, %.0f MB/s, %" PRId64 " %s, %" PRId64 " %s%s", part * 100.0,
	              (double)done / 1e6 / (elapsed_s > 0.0 ? elapsed_s : 1.0), lines, plural(lines, "line", "lines"),
	              hits, plural(hits, "hit", "hits"), left);
	if (p->form == PROGRESS_PLAIN)
		(void)fputc('\n', stderr);
	(void)fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->form == PROGRESS_BAR)
		(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
	p->form = PROGRESS_NONE;
}
