/* import: what other programs have: a list of addresses to block, or a whole fail2ban, as files to look at. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/daemon.h"
#include "import/banlist.h"
#include "import/bans.h"
#include "import/fail2ban.h"

enum { LINE_MAX_LEN = NET_TEXT_MAX + DURATION_TEXT_MAX + BANLIST_REASON_MAX + 64 };

struct request {
	const char *from, *database, *output; /* of fail2ban */
	const char *duration, *reason;        /* of a list */
	bool dry;
};

static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                        {"database", required_argument, NULL, 'd'},
                                        {"output", required_argument, NULL, 'o'},
                                        {"for", required_argument, NULL, 't'},
                                        {"reason", required_argument, NULL, 'r'},
                                        {"dry-run", no_argument, NULL, 'n'},
                                        {NULL, 0, NULL, 0}};

/* --- a list --- */

static int read_text(const char *path, char **ret, size_t *ret_len, struct why *why)
{
	FILE *const in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t n = 0, cap = 1 << 16, got;
	char *text = alloc_raw(cap, 1, "a list to import");
	int rc = 0;

	if (in == NULL) {
		free(text);
		return why_set(why, errno, "%s: %s", path, strerror(errno));
	}
	while (rc == 0 && (got = fread(text + n, 1, cap - n, in)) > 0) {
		n += got;
		if (n == cap)
			text = alloc_resize(text, cap *= 2, 1, "a list to import");
		if (n > BANLIST_BYTES)
			rc = why_set(why, E2BIG, "%s: longer than %d MiB", path, BANLIST_BYTES >> 20);
	}
	if (rc == 0 && ferror(in))
		rc = why_set(why, EIO, "%s: cannot be read", path);
	if (in != stdin)
		(void)fclose(in);
	*ret = text;
	*ret_len = n;
	return rc;
}

/* The order "block" of the control socket; see protocol.h. */
static size_t order_of(const struct banlist_entry *entry, const struct request *q, char line[static LINE_MAX_LEN])
{
	char address[NET_TEXT_MAX], left[DURATION_TEXT_MAX] = "";

	(void)net_text(&entry->net, address);
	if (entry->left_s > 0)
		duration_text(entry->left_s, left);
	return (size_t)snprintf(line, LINE_MAX_LEN, "block %s for %s reason %s\n", address, *left != '\0' ? left : q->duration,
	                        entry->reason[0] != '\0' ? entry->reason : q->reason);
}

struct counts {
	size_t done, refused;
};

/* One order after the other; what the daemon refuses is printed and passed over. */
static int block_all(int fd, const struct banlist *list, const struct request *q, struct counts *ret, struct why *why)
{
	char line[LINE_MAX_LEN];

	*ret = (struct counts){0};
	for (size_t i = 0; i < list->n; i++) {
		json_t *reply = NULL;
		const size_t len = order_of(&list->list[i], q, line);
		const int rc = daemon_ask(fd, line, len, &reply, why);

		if (rc < 0)
			return rc;
		if (json_is_true(json_object_get(reply, "ok"))) {
			ret->done++;
		} else {
			const char *const error = json_string_value(json_object_get(reply, "error"));

			ret->refused++;
			(void)fprintf(stderr, "watchforspammers: %.*s: %s\n", (int)strcspn(line + 6, " "), line + 6,
			              error != NULL ? error : "refused");
		}
		json_decref(reply);
	}
	return 0;
}

static void print_list(const struct banlist *list, const struct request *q)
{
	char line[LINE_MAX_LEN];

	for (size_t i = 0; i < list->n; i++) {
		(void)order_of(&list->list[i], q, line);
		(void)fputs(line, stdout);
	}
}

static int order_list(const struct banlist *list, const struct request *q, const struct command_env *env)
{
	struct counts counts;
	struct config *config;
	struct why why;
	int fd, rc, status;

	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	fd = rc = daemon_connect(config, false, &why);
	config_free(config);
	if (fd >= 0) {
		rc = block_all(fd, list, q, &counts, &why);
		(void)close(fd);
	}
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	(void)printf("%zu %s blocked, %zu refused\n", counts.done, plural((int64_t)counts.done, "address", "addresses"), counts.refused);
	return counts.refused > 0 ? COMMAND_NO : COMMAND_DONE;
}

static int import_list(const char *path, const struct request *q, const struct command_env *env)
{
	struct banlist list = {0};
	char *text = NULL;
	size_t len = 0;
	struct why why;
	int status = COMMAND_DONE, rc = read_text(path, &text, &len, &why);

	if (rc == 0)
		rc = banlist_parse((struct span){text, len}, &list, &why);
	free(text);
	if (rc == 0 && list.n == 0)
		rc = why_set(&why, ENOENT, "%s: no address in it", path);
	if (rc < 0)
		status = command_fail(rc == -ENOENT ? COMMAND_NO : COMMAND_SYSTEM, &why);
	else if (q->dry)
		print_list(&list, q);
	else
		status = order_list(&list, q, env);
	banlist_done(&list);
	return status;
}

/* --- fail2ban --- */

/* A new file below the output directory; never one that is there. */
static FILE *create(const struct request *q, const char *name, struct why *why)
{
	char *const path = alloc_format("a file's name", "%s/%s", q->output, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		(void)why_set(why, errno, "%s: %s", path, strerror(errno));
	free(path);
	return fd < 0 ? NULL : alloc_check(fdopen(fd, "w"), 0, "a file's stream");
}

static int finish(FILE *out, const char *name, struct why *why)
{
	const bool bad = ferror(out) != 0;

	return fclose(out) != 0 || bad ? why_set(why, EIO, "%s: cannot be written", name) : 0;
}

static int write_config(const struct fail2ban *f, const struct request *q, struct why *why)
{
	FILE *const out = create(q, "watchforspammers.conf", why);

	if (out == NULL)
		return -EIO;
	fail2ban_write_config(f, out);
	return finish(out, "watchforspammers.conf", why);
}

/* A filter of the administrator's own; findings go to standard output. */
static int write_filter(const struct fail2ban *f, const struct fail2ban_jail *jail, const struct request *q, int *ret_n, struct why *why)
{
	char *const name = alloc_format("a file's name", "patterns/fail2ban-%s.rules", jail->filter);
	FILE *const out = create(q, name, why);
	int rc = out == NULL ? -EIO : 0;

	*ret_n = 0;
	if (rc == 0)
		*ret_n = fail2ban_write_rules(f, jail, out, stdout, why);
	if (out != NULL && finish(out, name, why) < 0)
		rc = -EIO;
	free(name);
	return *ret_n < 0 ? *ret_n : rc;
}

/* Whether a jail before it has the same filter: its rules are written once. */
static bool is_repeated(const struct fail2ban *f, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(f->list[i].filter, f->list[at].filter) == 0)
			return true;
	return false;
}

static int write_filters(const struct fail2ban *f, const struct request *q, struct why *why)
{
	(void)printf("%-24s  %-24s  %s\n", "JAIL", "FILTER", "OURS");
	for (size_t i = 0; i < f->n; i++) {
		const struct fail2ban_jail *const jail = &f->list[i];
		int n = 0, rc = 0;

		if (jail->ours == NULL && !jail->repeats && !is_repeated(f, i))
			rc = write_filter(f, jail, q, &n, why);
		if (rc < 0)
			return rc;
		(void)printf("%-24.24s  %-24.24s  ", jail->name, jail->filter);
		if (jail->repeats)
			(void)puts("[block] for: each further block lasts longer");
		else if (jail->ours != NULL)
			(void)printf("%s.rules\n", jail->ours);
		else
			(void)printf("fail2ban-%s.rules, %d %s\n", jail->filter, n, plural(n, "rule", "rules"));
	}
	return 0;
}

static int write_bans(const struct request *q, size_t *ret_n, struct why *why)
{
	struct banlist list = {0};
	int rc = bans_read(q->database, clock_unix_s(), &list, why);
	FILE *out;

	*ret_n = list.n;
	if (rc == -ENOENT)
		return 0;
	if (rc < 0 || (out = create(q, "bans", why)) == NULL) {
		banlist_done(&list);
		return rc < 0 ? rc : -EIO;
	}
	for (size_t i = 0; i < list.n; i++) {
		char address[NET_TEXT_MAX], left[DURATION_TEXT_MAX] = "";

		(void)net_text(&list.list[i].net, address);
		if (list.list[i].left_s > 0)
			duration_text(list.list[i].left_s, left);
		(void)fprintf(out, "%s%s%s # %s\n", address, *left != '\0' ? " for " : "", left, list.list[i].reason);
	}
	banlist_done(&list);
	return finish(out, "bans", why);
}

static int write_everything(const struct fail2ban *f, const struct request *q, struct why *why)
{
	char *const patterns = alloc_format("a directory's name", "%s/patterns", q->output);
	size_t n_bans = 0;
	int rc = 0;

	if (mkdir(q->output, 0755) < 0 || mkdir(patterns, 0755) < 0)
		rc = why_set(why, errno, "%s: %s; name another directory with --output", q->output, strerror(errno));
	free(patterns);
	if (rc == 0)
		rc = write_config(f, q, why);
	if (rc == 0)
		rc = write_filters(f, q, why);
	if (rc == 0)
		rc = write_bans(q, &n_bans, why);
	if (rc < 0)
		return rc;
	(void)printf("\n%s has a configuration, rules and %zu bans in force. Look at them; then:\n"
	             "  watchforspammers check %s/patterns/*.rules\n"
	             "  watchforspammers import list %s/bans --reason \"from fail2ban\"\n",
	             q->output, n_bans, q->output, q->output);
	return 0;
}

static int import_fail2ban(const struct request *q)
{
	struct fail2ban f;
	struct why why;
	int rc = fail2ban_read(q->from, &f, &why);

	if (rc == 0) {
		rc = write_everything(&f, q, &why);
		fail2ban_done(&f);
	}
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}

/* --- the command --- */

static int parse_option(int option, struct request *q)
{
	int64_t ignored_s;

	switch (option) {
	case 'f':
		q->from = optarg;
		return COMMAND_DONE;
	case 'd':
		q->database = optarg;
		return COMMAND_DONE;
	case 'o':
		q->output = optarg;
		return COMMAND_DONE;
	case 't':
		q->duration = optarg;
		return duration_parse(optarg, &ignored_s) ? COMMAND_DONE : command_usage("import", "--for wants a duration, such as 7d");
	case 'r':
		q->reason = optarg;
		return strlen(optarg) < BANLIST_REASON_MAX ? COMMAND_DONE : command_usage("import", "--reason is too long");
	default:
		q->dry = true;
		return COMMAND_DONE;
	}
}

int command_import(int argc, char **argv, const struct command_env *env)
{
	struct request q = {.from = "/etc/fail2ban", .database = "/var/lib/fail2ban/fail2ban.sqlite3", .output = "fail2ban-import",
	                    .duration = "7d", .reason = "imported"};
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		status = option == '?' ? command_no_getopt(argv, options) : parse_option(option, &q);
		if (status != COMMAND_DONE)
			return status;
	}
	if (optind < argc && strcmp(argv[optind], "fail2ban") == 0)
		return optind + 1 < argc ? command_no_word(argv[0], argv[optind + 1]) : import_fail2ban(&q);
	if (optind + 1 < argc && strcmp(argv[optind], "list") == 0)
		return optind + 2 < argc ? command_no_word(argv[0], argv[optind + 2]) : import_list(argv[optind + 1], &q, env);
	return command_usage(argv[0], "import what? \"fail2ban\", or \"list\" and a file");
}
