#include "import/regex.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

enum {
	LOG = 3, /* descriptor of the log in the child */
	OUTPUT_FIRST = 1 << 16,
	SENTENCE_MAX = 200, /* bytes of the child's error message */
};

/* --- its output --- */

static void sort_once(struct regex_lines *lines)
{
	size_t n = 0;

	qsort(lines->list, lines->n, sizeof *lines->list, span_order);
	for (size_t i = 0; i < lines->n; i++)
		if (n == 0 || span_order(&lines->list[n - 1], &lines->list[i]) != 0)
			lines->list[n++] = lines->list[i];
	lines->n = n;
}

/*
 * Parses a heading, then "|  LINE" for each line, then "`-". No log line can be mistaken for these, as each has "|  "
 * in front.
 */
void regex_parse(char *bytes, size_t len, struct regex_lines *ret)
{
	static const char heading[] = "\n|- Matched line(s):\n", mark[] = "|  ";
	const char *const found = memmem(bytes, len, heading, sizeof heading - 1), *const end = bytes + len;
	const char *at = found != NULL ? found + sizeof heading - 1 : end;

	*ret = (struct regex_lines){.bytes = bytes};
	while ((size_t)(end - at) >= sizeof mark - 1 && memcmp(at, mark, sizeof mark - 1) == 0) {
		const char *const text = at + sizeof mark - 1, *const lf = memchr(text, '\n', (size_t)(end - text));

		ret->list =
			alloc_one_more(ret->list, ret->n, sizeof *ret->list, "the lines that fail2ban-regex matches");
		ret->list[ret->n++] = span_trim((struct span){text, (size_t)((lf != NULL ? lf : end) - text)});
		at = lf != NULL ? lf + 1 : end;
	}
	if (ret->n > 0)
		sort_once(ret);
}

void regex_done(struct regex_lines *lines)
{
	free(lines->bytes);
	free(lines->list);
	*lines = (struct regex_lines){0};
}

/* --- the child --- */

/*
 * Returns an environment with which lines are read and printed byte by byte: each byte is a character of ISO 8859-1.
 * NULL-terminated; the caller frees the array, but not the strings.
 */
static char **environment(void)
{
	static char output[] = "PYTHONIOENCODING=latin-1:replace";
	size_t n = 0;
	char **words;

	while (environ[n] != NULL)
		n++;
	words = alloc_raw(n + 2, sizeof *words, "an environment");
	words[0] = output; /* the first of several with the same name counts */
	memcpy(words + 1, environ, (n + 1) * sizeof *words);
	return words;
}

/* Starts the program. Returns its pid, or -errno. */
static pid_t spawn(const struct regex_order *q, int out)
{
	static char program[] = "fail2ban-regex", encoding[] = "--encoding=latin-1", matched[] = "--print-all-matched",
		    no_missed[] = "--print-no-missed", no_ignored[] = "--print-no-ignored", end[] = "--",
		    log[] = "/dev/fd/3";
	char *const dir = alloc_format("an argument", "--config=%s", q->dir);
	char *const filter =
		alloc_format("an argument", *q->parameters != '\0' ? "%s[%s]" : "%s", q->filter, q->parameters);
	char *const argv[] = {program, dir, encoding, matched, no_missed, no_ignored, end, log, filter, NULL};
	char **const env = environment();
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, q->log, LOG);
	if (rc == 0)
		rc = posix_spawnp(&pid, program, &actions, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&actions);
	free(env);
	free(filter);
	free(dir);
	return rc == 0 ? pid : -rc;
}

/* Reads all output until the child closes it; *ret is NUL-terminated. */
static int read_output(int in, int64_t until_ms, char **ret, size_t *ret_len, struct why *why)
{
	size_t n = 0, cap = OUTPUT_FIRST;
	char *text = alloc_raw(cap, 1, "the output of fail2ban-regex");
	int rc = 0;

	while (rc == 0) {
		const int64_t left_ms = until_ms - clock_steady_ms();
		struct pollfd polled = {.fd = in, .events = POLLIN};
		ssize_t got;

		if (left_ms <= 0 || poll(&polled, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX) == 0) {
			rc = why_set(why, ETIMEDOUT, "fail2ban-regex took too long");
			break;
		}
		got = read(in, text + n, cap - n - 1);
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
		if (got < 0 && errno != EINTR)
			rc = why_set(why, errno, "fail2ban-regex: %s", strerror(errno));
		else if (n > REGEX_OUTPUT_MAX)
			rc = why_set(why, E2BIG, "fail2ban-regex prints more than %d MiB", REGEX_OUTPUT_MAX >> 20);
		else if (n + 1 == cap)
			text = alloc_resize(text, cap *= 2, 1, "the output of fail2ban-regex");
	}
	text[n] = '\0';
	*ret = text;
	*ret_len = n;
	return rc;
}

/* Reports its last line, which is the error. */
static int fail(const char *text, size_t len, struct why *why)
{
	char shown[SENTENCE_MAX];
	size_t from;

	len = span_trim((struct span){text, len}).len;
	from = len;
	while (from > 0 && text[from - 1] != '\n')
		from--;
	(void)text_escape((struct span){text + from, len - from}, shown, sizeof shown);
	return why_set(why, EINVAL, "fail2ban-regex: %s", shown[0] != '\0' ? shown : "ended with an error");
}

int regex_run(const struct regex_order *order, struct regex_lines *ret, struct why *why)
{
	char *text = NULL;
	int ends[2], rc, status = 0;
	size_t len = 0;
	pid_t pid;

	*ret = (struct regex_lines){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return why_set(why, errno, "fail2ban-regex: %s", strerror(errno));
	pid = spawn(order, ends[1]);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return why_set(why, -pid, "fail2ban-regex: %s", strerror(-pid));
	}
	rc = read_output(ends[0], order->until_ms, &text, &len, why);
	(void)close(ends[0]);
	if (rc < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == 0 && status != 0)
		rc = fail(text, len, why);
	if (rc == 0)
		regex_parse(text, len, ret);
	else
		free(text);
	return rc;
}
