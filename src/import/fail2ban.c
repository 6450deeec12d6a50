#include "import/fail2ban.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/duration.h"
#include "base/text.h"
#include "import/times.h"

enum {
	FILTER_NAME_MAX = 60, /* bytes of a filter's name in a rule's name */
	TIME_DEFAULT_S = 600, /* bantime and findtime: jail.conf of fail2ban 1.0 */
	YEAR_S = 365 * 86400, /* maximum of [block] window and for */
};

/* Filters of fail2ban for whose purpose we have a rule file, sorted by name. */
static const struct {
	const char *filter, *ours;
} known[] = {
	{"courier-auth", "courier-imap"},
	{"courier-smtp", "courier"},
	{"cyrus-imap", "cyrus"},
	{"dovecot", "dovecot"},
	{"dropbear", "sshd"},
	{"exim", "exim"},
	{"exim-spam", "exim"},
	{"horde", "webmail"},
	{"kerio", "kerio"},
	{"perdition", "pop3"},
	{"postfix", "postfix"},
	{"postfix-rbl", "postfix"},
	{"postfix-sasl", "postfix"},
	{"proftpd", "ftp"},
	{"pure-ftpd", "ftp"},
	{"roundcube-auth", "webmail"},
	{"selinux-ssh", "sshd"},
	{"sendmail-auth", "sendmail"},
	{"sendmail-reject", "sendmail"},
	{"sieve", "dovecot"},
	{"sogo-auth", "webmail"},
	{"solid-pop3d", "pop3"},
	{"squirrelmail", "webmail"},
	{"sshd", "sshd"},
	{"uwimap-auth", "pop3"},
	{"vsftpd", "ftp"},
};

static char *copy(const char *text)
{
	return alloc_text(text, "the configuration of fail2ban");
}

/* --- the enabled jails --- */

static int read_all(const char *dir, struct jails *jails, const char *pattern, struct why *why)
{
	char *const path = alloc_format("a file's name", "%s/%s", dir, pattern);
	glob_t found;
	int rc = 0;

	if (glob(path, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && rc == 0; i++)
			rc = jails_read(jails, found.gl_pathv[i], why);
		globfree(&found);
	}
	free(path);
	return rc;
}

static bool is_on(const char *text)
{
	return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcasecmp(text, "on") == 0 ||
	       strcmp(text, "1") == 0;
}

static int64_t seconds_of(const struct jails *jails, const char *section, const char *key, FILE *findings)
{
	char *const value = jails_text(jails, section, key, findings);
	const struct jails_entry *const entry = jails_find(jails, section, key);
	int64_t s = TIME_DEFAULT_S;

	if (*value != '\0' && !times_parse(value, &s)) {
		char *const sentence = alloc_format("a sentence", "%s:%u: %s: no time, 10m instead: %s", entry->file,
		                                    entry->line, key, value);

		jails_finding(findings, sentence);
		free(sentence);
	}
	free(value);
	return s;
}

static const char *known_file(const char *filter)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].filter, filter) == 0)
			return known[i].ours;
	return NULL;
}

/* Splits "postfix[mode=rbl]" into filter and parameters. */
static void split_filter(struct fail2ban_jail *jail, char *text)
{
	char *const open = strchr(text, '[');

	jail->parameters = copy("");
	if (open != NULL) {
		free(jail->parameters);
		jail->parameters = copy(open + 1);
		if (strrchr(jail->parameters, ']') != NULL)
			*strrchr(jail->parameters, ']') = '\0';
		*open = '\0';
	}
	jail->filter = text;
	text[strcspn(text, " \n")] = '\0';
}

/* Reports addresses that only this jail ignores: they cannot be allowed for one kind of line alone. */
static void find_ignored(const struct fail2ban *f, const char *name, FILE *findings)
{
	const struct jails_entry *const entry = jails_find(f->jails, name, "ignoreip");
	char *sentence;

	if (entry == NULL || strcmp(entry->section, name) != 0)
		return;
	sentence = alloc_format("a sentence", "%s:%u: left out, for [allow] counts for every rule: ignoreip of %s: %s",
	                        entry->file, entry->line, name, entry->value);
	jails_finding(findings, sentence);
	free(sentence);
}

static void add_jail(struct fail2ban *f, const char *name, FILE *findings)
{
	struct fail2ban_jail jail = {.name = name};
	char *const retries = jails_text(f->jails, name, "maxretry", findings);
	char *const backend = jails_text(f->jails, name, "backend", findings);
	char *filter = jails_text(f->jails, name, "filter", findings);

	if (*filter == '\0') {
		free(filter);
		filter = copy(name);
	}
	split_filter(&jail, filter);
	find_ignored(f, name, findings);
	jail.logs = jails_text(f->jails, name, "logpath", findings);
	jail.journal = strstr(backend, "systemd") != NULL;
	jail.maxretry = strtoll(retries, NULL, 10) > 0 ? strtoll(retries, NULL, 10) : 5;
	jail.findtime_s = seconds_of(f->jails, name, "findtime", findings);
	jail.bantime_s = seconds_of(f->jails, name, "bantime", findings);
	jail.ours = known_file(jail.filter);
	jail.repeats = strcmp(jail.filter, "recidive") == 0;
	free(retries);
	free(backend);
	f->list = alloc_one_more(f->list, f->n, sizeof *f->list, "the jails of fail2ban");
	f->list[f->n++] = jail;
}

/* Finds the file with the bans: "dbfile", which may be "None" or ":memory:". */
static int read_database(struct fail2ban *f, FILE *findings, struct why *why)
{
	static const char *const patterns[] = {"fail2ban.conf", "fail2ban.d/*.conf", "fail2ban.local",
	                                       "fail2ban.d/*.local"};
	struct jails *const jails = jails_new();
	int rc = 0;

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns && rc == 0; i++)
		rc = read_all(f->dir, jails, patterns[i], why);
	f->database = jails_text(jails, "Definition", "dbfile", findings);
	if (*f->database == '\0') {
		free(f->database);
		f->database = copy("/var/lib/fail2ban/fail2ban.sqlite3");
	}
	if (*f->database != '/')
		f->database[0] = '\0';
	jails_free(jails);
	return rc;
}

int fail2ban_read(const char *dir, FILE *findings, struct fail2ban *ret, struct why *why)
{
	static const char *const patterns[] = {"jail.conf", "jail.d/*.conf", "jail.local", "jail.d/*.local"};
	struct fail2ban f = {.dir = copy(dir), .jails = jails_new()};
	int rc = 0;

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns && rc == 0; i++)
		rc = read_all(dir, f.jails, patterns[i], why);
	if (rc == 0 && f.jails->n == 0)
		rc = why_set(why, ENOENT,
		             "%s: no jail.conf and no jail.local; name the directory of fail2ban with --from", dir);
	for (size_t i = 0; i < f.jails->n_sections && rc == 0; i++) {
		char *const on = jails_text(f.jails, f.jails->sections[i], "enabled", findings);

		if (is_on(on))
			add_jail(&f, f.jails->sections[i], findings);
		free(on);
	}
	f.ignored = jails_text(f.jails, "DEFAULT", "ignoreip", findings);
	if (rc == 0)
		rc = read_database(&f, findings, why);
	*ret = f;
	if (rc < 0)
		fail2ban_done(ret);
	return rc;
}

bool fail2ban_has_plain_filter(const struct fail2ban_jail *jail)
{
	for (const char *p = jail->filter; *p != '\0'; p++)
		if ((*p < '0' || *p > '9') && (*p < 'A' || *p > 'Z') && (*p < 'a' || *p > 'z') && *p != '-' &&
		    *p != '_')
			return false;
	return jail->filter[0] != '\0' && strlen(jail->filter) <= FILTER_NAME_MAX;
}

int64_t fail2ban_bantime(const struct fail2ban *f, const char *jail)
{
	char *value;
	int64_t s = TIME_DEFAULT_S;
	struct why ignored;

	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].name, jail) == 0)
			return f->list[i].bantime_s;
	value = jails_value(f->jails, "DEFAULT", "bantime", &ignored);
	if (value != NULL)
		(void)times_parse(value, &s);
	free(value);
	return s;
}

void fail2ban_done(struct fail2ban *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].filter);
		free(f->list[i].parameters);
		free(f->list[i].logs);
	}
	free(f->list);
	free(f->ignored);
	free(f->database);
	free(f->dir);
	jails_free(f->jails);
	*f = (struct fail2ban){0};
}

/* --- the configuration --- */

/* Writes each log once, with the jails that read it. */
static void write_logs(const struct fail2ban *f, FILE *out)
{
	char *seen = copy("\n");

	for (size_t i = 0; i < f->n; i++) {
		char *const logs = copy(f->list[i].logs);
		char *rest = NULL;

		for (char *log = strtok_r(logs, "\n \t", &rest); log != NULL; log = strtok_r(NULL, "\n \t", &rest)) {
			char *const line = alloc_format("a log's name", "\n%s\n", log);
			char *more;

			if (!f->list[i].repeats && *log == '/' && strstr(seen, line) == NULL) {
				(void)fputs("# jail ", out);
				jails_finding(out, f->list[i].name);
				(void)fprintf(out, "[log %s]\n\n", log);
				more = alloc_format("names of logs", "%s%s\n", seen, log);
				free(seen);
				seen = more;
			}
			free(line);
		}
		free(logs);
	}
	free(seen);
}

/* Like net_parse, but host bits are ignored: in fail2ban, "127.0.0.1/8" is 127.0.0.0/8. */
static bool parse_ignored(const char *word, struct net *ret)
{
	const char *const slash = strchr(word, '/');
	struct addr addr;
	long len;

	if (slash == NULL || net_parse(word, strlen(word), ret))
		return net_parse(word, strlen(word), ret);
	len = strtol(slash + 1, NULL, 10);
	if (!addr_parse(word, (size_t)(slash - word), &addr) || len < 0 || len > (addr_is_ip4(&addr) ? 32 : 128))
		return false;
	*ret = net_around(&addr, (uint8_t)(len + (addr_is_ip4(&addr) ? 96 : 0)));
	return true;
}

static void write_allowed(const struct fail2ban *f, FILE *out)
{
	char *const words = copy(f->ignored);
	char *rest = NULL;

	(void)fputs("# ignoreip\n[allow]\n", out);
	for (char *word = strtok_r(words, " \t\n,;", &rest); word != NULL; word = strtok_r(NULL, " \t\n,;", &rest)) {
		char text[NET_TEXT_MAX];
		struct net net;

		if (!parse_ignored(word, &net)) {
			(void)fprintf(out, "name = %s\n", word);
		} else if (!net_is_never(&net)) { /* loopback and the like are allowed anyway */
			(void)net_text(&net, text);
			(void)fprintf(out, "address = %s\n", text);
		}
	}
	free(words);
	(void)putc('\n', out);
}

void fail2ban_write_config(const struct fail2ban *f, FILE *out)
{
	int64_t window_s = 0, first_s = 0;
	char text[DURATION_TEXT_MAX];

	(void)fputs("# Made from the configuration of fail2ban. Read it, then copy what you want into\n"
	            "# /etc/watchforspammers/watchforspammers.conf.\n\n",
	            out);
	write_logs(f, out);
	write_allowed(f, out);
	for (size_t i = 0; i < f->n; i++) {
		if (f->list[i].repeats)
			continue;
		window_s = f->list[i].findtime_s > window_s ? f->list[i].findtime_s : window_s;
		if (f->list[i].bantime_s > 0 && (first_s == 0 || f->list[i].bantime_s < first_s))
			first_s = f->list[i].bantime_s;
	}
	window_s = window_s < YEAR_S ? window_s : YEAR_S;
	first_s = first_s < YEAR_S ? first_s : YEAR_S;
	(void)fputs(
		"[block]\n# The longest findtime. A client is blocked when the scores in it reach 100: five failed logins.\n",
		out);
	duration_text(window_s > 0 ? window_s : 600, text);
	(void)fprintf(out, "window = %s\n# The shortest bantime first; then longer, as bantime.increment would do.\n",
	              text);
	duration_text(first_s > 0 ? first_s : 600, text);
	(void)fprintf(out, "for = %s", text);
	for (int64_t s = first_s > 0 ? first_s : 600, i = 0; i < 3 && s < 7 * 86400; i++) {
		s = s * 6 < 7 * 86400 ? s * 6 : 7 * 86400;
		duration_text(s, text);
		(void)fprintf(out, " %s", text);
	}
	(void)putc('\n', out);
}
