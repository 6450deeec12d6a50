#include "import/fail2ban.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/addr.h"
#include "base/duration.h"

/* fail2ban's filters whose purpose a rule file of ours has; by name. */
static const struct {
	const char *filter, *ours;
} known[] = {
	{"courier-auth", "courier-imap"}, {"courier-smtp", "courier"}, {"cyrus-imap", "cyrus"},     {"dovecot", "dovecot"},
	{"dropbear", "sshd"},             {"exim", "exim"},            {"exim-spam", "exim"},       {"horde", "webmail"},
	{"kerio", "kerio"},               {"perdition", "pop3"},       {"postfix", "postfix"},      {"postfix-rbl", "postfix"},
	{"postfix-sasl", "postfix"},      {"proftpd", "ftp"},          {"pure-ftpd", "ftp"},        {"roundcube-auth", "webmail"},
	{"selinux-ssh", "sshd"},          {"sendmail-auth", "sendmail"}, {"sendmail-reject", "sendmail"}, {"sieve", "dovecot"},
	{"sogo-auth", "webmail"},         {"solid-pop3d", "pop3"},     {"squirrelmail", "webmail"}, {"sshd", "sshd"},
	{"uwimap-auth", "pop3"},          {"vsftpd", "ftp"},
};

static char *copy(const char *text)
{
	return alloc_text(text, "the configuration of fail2ban");
}

/* --- which jails are on --- */

static int read_all(struct fail2ban *f, const char *pattern, struct why *why)
{
	char *const path = alloc_format("a file's name", "%s/%s", f->dir, pattern);
	glob_t found;
	int rc = 0;

	if (glob(path, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && rc == 0; i++)
			rc = jails_read(f->jails, found.gl_pathv[i], why);
		globfree(&found);
	}
	free(path);
	return rc;
}

static bool is_on(const char *text)
{
	return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcasecmp(text, "on") == 0 || strcmp(text, "1") == 0;
}

/* The value, or "" with the reason in why. */
static char *value_of(const struct fail2ban *f, const char *section, const char *key)
{
	struct why ignored;
	char *const value = jails_value(f->jails, section, key, &ignored);

	return value != NULL ? value : copy("");
}

/* "600", "10m", "1h 30m"; -1 for ever, or what is no time. */
static int64_t seconds_of(const struct fail2ban *f, const char *section, const char *key, int64_t if_none)
{
	char *const value = value_of(f, section, key);
	int64_t s = if_none;
	size_t n = 0;

	for (size_t i = 0; value[i] != '\0'; i++)
		if (value[i] != ' ')
			value[n++] = value[i];
	value[n] = '\0';
	if (value[0] == '-')
		s = -1;
	else if (n > 0)
		(void)duration_parse(value, &s);
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

/* "postfix[mode=rbl]" apart. */
static void split_filter(struct fail2ban_jail *jail, char *text)
{
	char *const open = strchr(text, '[');

	jail->parameters = copy("");
	if (open != NULL) {
		free(jail->parameters);
		jail->parameters = copy(open + 1);
		jail->parameters[strcspn(jail->parameters, "]")] = '\0';
		*open = '\0';
	}
	jail->filter = text;
	text[strcspn(text, " \n")] = '\0';
}

static void add_jail(struct fail2ban *f, const char *name)
{
	struct fail2ban_jail jail = {.name = name};
	char *const retries = value_of(f, name, "maxretry"), *const backend = value_of(f, name, "backend");
	char *filter = value_of(f, name, "filter");

	if (*filter == '\0') {
		free(filter);
		filter = copy(name);
	}
	split_filter(&jail, filter);
	jail.logs = value_of(f, name, "logpath");
	jail.journal = strstr(backend, "systemd") != NULL;
	jail.maxretry = strtoll(retries, NULL, 10) > 0 ? strtoll(retries, NULL, 10) : 5;
	jail.findtime_s = seconds_of(f, name, "findtime", 600);
	jail.bantime_s = seconds_of(f, name, "bantime", 600);
	jail.ours = known_file(jail.filter);
	jail.repeats = strcmp(jail.filter, "recidive") == 0;
	free(retries);
	free(backend);
	f->list = alloc_one_more(f->list, f->n, sizeof *f->list, "the jails of fail2ban");
	f->list[f->n++] = jail;
}

int fail2ban_read(const char *dir, struct fail2ban *ret, struct why *why)
{
	static const char *const patterns[] = {"jail.conf", "jail.d/*.conf", "jail.local", "jail.d/*.local"};
	struct fail2ban f = {.dir = copy(dir), .jails = jails_new()};
	int rc = 0;

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns && rc == 0; i++)
		rc = read_all(&f, patterns[i], why);
	if (rc == 0 && f.jails->n == 0)
		rc = why_set(why, ENOENT, "%s: no jail.conf and no jail.local; name the directory of fail2ban with --from", dir);
	for (const char *name = NULL; rc == 0 && (name = jails_next_section(f.jails, name)) != NULL;) {
		char *const on = value_of(&f, name, "enabled");

		if (is_on(on))
			add_jail(&f, name);
		free(on);
	}
	f.ignored = value_of(&f, "DEFAULT", "ignoreip");
	*ret = f;
	if (rc < 0)
		fail2ban_done(ret);
	return rc;
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
	free(f->dir);
	jails_free(f->jails);
	*f = (struct fail2ban){0};
}

/* --- the configuration --- */

/* Each log once, with the jails that read it. */
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
				(void)fprintf(out, "# jail %s\n[log %s]\n\n", f->list[i].name, log);
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

/* As net_parse, but host bits are taken for a mistake: "127.0.0.1/8" is 127.0.0.0/8 there. */
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
	for (char *word = strtok_r(words, " \t\n,", &rest); word != NULL; word = strtok_r(NULL, " \t\n,", &rest)) {
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
	(void)fputs("[block]\n# The longest findtime. A client is blocked when the scores in it reach 100: five failed logins.\n", out);
	duration_text(window_s > 0 ? window_s : 600, text);
	(void)fprintf(out, "window = %s\n# The shortest bantime first; then longer, as bantime.increment would do.\n", text);
	duration_text(first_s > 0 ? first_s : 600, text);
	(void)fprintf(out, "for = %s", text);
	for (int64_t s = first_s > 0 ? first_s : 600, i = 0; i < 3 && s < 7 * 86400; i++) {
		s = s * 6 < 7 * 86400 ? s * 6 : 7 * 86400;
		duration_text(s, text);
		(void)fprintf(out, " %s", text);
	}
	(void)putc('\n', out);
}
