/*
 * Fuzz target of line, frame and unwrap: a log, cut at LF, its lines unwrapped and parsed with one clock.
 * The first 8 bytes choose the clock; after that anything. Whatever the bytes are:
 * - what is unwrapped is as long as a line may be, and no longer than all that was read;
 * - spans lie in the line or are constant words, in the order in which they are written;
 * - the same clock gives the same answer, and so does a clock that remembers no minute;
 * - LINE_UNPARSED gives an empty line and leaves the clock's last time alone.
 * The seeds are the lines of tests/rules/headers.log and containers.log, and the examples of the shipped rules.
 */
#include "input/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input/frame.h"
#include "input/unwrap.h"
#include "rules/rulefile.h"
#include "seeds.h"

static void check_inside(struct span span, const char *text, size_t len)
{
	if (span.p == NULL) {
		check(span.len == 0);
		return;
	}
	check(span.p >= text && span.len <= len && (size_t)(span.p - text) <= len - span.len);
}

static bool is_constant(struct span program)
{
	static const char *const words[] = {"exim",   "stalwart", "haraka", "roundcube", "kernel",
	                                    "zimbra", "vsftpd",   "nginx",  "kerio",     "mailu"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_is(program, words[i]))
			return true;
	return false;
}

static void check_line(const struct line *line, const char *text, size_t len)
{
	check_inside(line->host, text, len);
	check_inside(line->pid, text, len);
	check_inside(line->message, text, len);
	if (!is_constant(line->program))
		check_inside(line->program, text, len);
	check(line->message.p != NULL);
	check(line->program.p == NULL || line->program.len > 0);
	for (size_t i = 0; i < line->program.len; i++) {
		const char c = line->program.p[i];

		check(c > ' ' && c < 0x7F && c != '[' && c != ']' && c != ':');
	}
	check(line->pid.p == NULL || line->pid.len > 0);
	for (size_t i = 0; i < line->pid.len; i++)
		check(line->pid.p[i] >= '0' && line->pid.p[i] <= '9');
	check(line->frames <= FRAME_MAX);
	/* A constant program is behind the host all the same; an outer host before an inner program, too. */
	if (line->host.p != NULL && line->program.p != NULL && !is_constant(line->program))
		check(line->host.p + line->host.len < line->program.p);
	if (line->host.p != NULL)
		check(line->host.p + line->host.len <= line->message.p);
	if (line->pid.p != NULL)
		check(line->pid.p + line->pid.len < line->message.p);
}

static bool span_same(struct span a, struct span b)
{
	return a.p == b.p && a.len == b.len;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->has_time == b->has_time && a->time_s == b->time_s && span_same(a->host, b->host) &&
	       span_same(a->program, b->program) && span_same(a->pid, b->pid) && span_same(a->message, b->message);
}

static void one_line(struct line_clock *clock, const char *text, size_t len)
{
	struct line_clock again = *clock, fresh = *clock;
	const int64_t last_s = clock->last_s;
	struct line line, line_again, line_fresh;
	int answer;

	fresh.stamp.len = fresh.host_len = 0;
	answer = line_parse(clock, text, len, &line);
	check(answer == LINE_OK || answer == LINE_UNPARSED || answer == LINE_PART);
	check(line_parse(&again, text, len, &line_again) == answer);
	check(line_parse(&fresh, text, len, &line_fresh) == answer);
	check(again.last_s == clock->last_s && fresh.last_s == clock->last_s);
	if (answer == LINE_PART) {
		check_inside(line.message, text, len);
		check(line.message.p != NULL && line.program.p == NULL && clock->last_s == last_s);
		return;
	}
	if (answer == LINE_UNPARSED) {
		check(!line.has_time && line.program.p == NULL && line.message.p == NULL && clock->last_s == last_s);
		return;
	}
	check(same(&line, &line_again) && same(&line, &line_fresh));
	check(len > 0 && text[0] != ' ' && text[0] != '\t' && memchr(text, '\0', len) == NULL);
	check_line(&line, text, len);
}

/* What is read of a line, or of its pieces so far. */
static void one_wrapped(struct unwrap *unwrap, struct line_clock *clock, const char *text, size_t len, size_t n_read)
{
	bool cut = len > LINE_MAX_BYTES;
	struct span content;
	char *copy;

	if (unwrap_next(unwrap, (struct span){text, cut ? LINE_MAX_BYTES : len}, &cut, &content) == UNWRAP_PART) {
		check(unwrap->waits);
		return;
	}
	check(content.len <= LINE_MAX_BYTES && content.len <= n_read);
	/* Copied, so that the address sanitizer sees a read past the line. */
	copy = malloc(content.len > 0 ? content.len : 1);
	check(copy != NULL);
	if (content.len > 0)
		memcpy(copy, content.p, content.len);
	one_line(clock, copy, content.len);
	free(copy);
}

/* With the clock of a log last written in May 2026; and twice: what a clock remembers is for the second line. */
static void add_seed(const char *text, size_t len)
{
	static const char clock[8] = {0, 0, 0, 0x6A};
	char *twice;
	const int n = asprintf(&twice, "%.*s\n%.*s", (int)len, text, (int)len, text);

	check(n > 0);
	seeds_add(clock, sizeof clock, twice, (size_t)n);
	free(twice);
}

static void add_lines_of(const char *name)
{
	char *const path = seeds_source(name);
	FILE *const file = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;

	check(file != NULL);
	while ((len = getline(&text, &cap, file)) > 1)
		if (text[0] != '#')
			add_seed(text, (size_t)len - 1);
	free(text);
	(void)fclose(file);
	free(path);
}

static void add_examples(void)
{
	char *const dir = seeds_source("patterns");
	const char *const dirs[] = {dir};
	struct rulefile_set set;
	struct rulefile_errors errors;
	struct why why;

	check(rulefile_read(&(struct rulefile_from){.dirs = dirs, .n_dirs = 1}, &set, &errors, &why) == 0);
	for (size_t i = 0; i < set.n; i++)
		for (size_t j = 0; j < set.rules[i].n_examples; j++)
			add_seed(set.rules[i].examples[j].text, strlen(set.rules[i].examples[j].text));
	rulefile_set_done(&set);
	rulefile_errors_done(&errors);
	free(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	seeds_begin(*argc, *argv);
	add_lines_of("tests/rules/headers.log");
	add_lines_of("tests/rules/containers.log");
	add_examples();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unwrap unwrap;
	struct line_clock clock;
	uint32_t end_s;
	size_t n_read = 0;

	if (size < 8)
		return 0;
	unwrap.waits = unwrap.open[0].waits = unwrap.open[1].waits = false;
	memcpy(&end_s, data, sizeof end_s);
	line_clock_init(&clock, end_s, data[4] > 0 ? 1970 + data[4] : 0);
	data += 8;
	size -= 8;
	for (;;) {
		const uint8_t *const lf = size > 0 ? memchr(data, '\n', size) : NULL;
		const size_t len = lf == NULL ? size : (size_t)(lf - data);
		/* Copied, so that the address sanitizer sees a read past the line. */
		char *const copy = malloc(len > 0 ? len : 1);

		check(copy != NULL);
		if (len > 0)
			memcpy(copy, data, len);
		n_read += len;
		one_wrapped(&unwrap, &clock, copy, len, n_read);
		free(copy);
		if (lf == NULL)
			return 0;
		data += len + 1;
		size -= len + 1;
	}
}
