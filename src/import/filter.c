/* The half of fail2ban.h that turns a filter into rules. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "import/fail2ban.h"

enum {
	TAGS_MAX = 20,        /* tags in tags */
	PATTERN_MAX = 1 << 14, /* bytes: more than a rule may have */
	NAME_MAX_LEN = 64,
};

struct filter {
	const struct fail2ban_jail *jail;
	struct jails *entries;
	char *program; /* of "_daemon"; "": not known */
	FILE *out, *findings;
	const char *at; /* file and line of what is being translated */
	int n;
};

static char *copy(const char *text)
{
	return alloc_text(text, "a filter of fail2ban");
}

static char *value_of(const struct filter *f, const char *key)
{
	struct why ignored;
	char *const value = jails_value(f->entries, "Definition", key, &ignored);

	return value != NULL ? value : copy("");
}

/* --- tags --- */

/* The value of a tag: in the jail's parameters, in [Init] or in [Definition]. NULL: unknown. */
static char *tag_value(const struct filter *f, const char *name)
{
	const size_t len = strlen(name);
	struct why ignored;
	char *value;

	for (const char *p = f->jail->parameters; *p != '\0'; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
		while (*p == ' ')
			p++;
		if (strncmp(p, name, len) == 0 && p[len] == '=') {
			const char *const from = p + len + 1 + (p[len + 1] == '"' || p[len + 1] == '\'');

			return alloc_text_n(from, strcspn(from, ",\"'"), "a filter of fail2ban");
		}
	}
	value = jails_value(f->entries, "Init", name, &ignored);
	return value != NULL ? value : jails_value(f->entries, "Definition", name, &ignored);
}

/* An address in fail2ban's spellings. <HOST> may be a name as well; ours is an address only, and that is what may be blocked. */
static bool is_address_tag(const char *name)
{
	return strcmp(name, "HOST") == 0 || strcmp(name, "ADDR") == 0 || strcmp(name, "IP4") == 0 || strcmp(name, "IP6") == 0;
}

struct pattern {
	char text[PATTERN_MAX];
	size_t n;
	const char *refused; /* why it cannot be ours; NULL: it can */
	bool address;
};

static void put(struct pattern *p, const char *text, size_t len)
{
	if (p->n + len >= sizeof p->text) {
		p->refused = "it is too long";
		return;
	}
	memcpy(p->text + p->n, text, len);
	p->n += len;
	p->text[p->n] = '\0';
}

static void put_text(struct pattern *p, const char *text)
{
	put(p, text, strlen(text));
}

static void translate(const struct filter *f, const char *text, int depth, struct pattern *p);

/* name: of "<name>", "</name>". */
static void translate_tag(const struct filter *f, const char *name, int depth, struct pattern *p)
{
	char *value;

	if (is_address_tag(name)) {
		if (p->address)
			p->refused = "it has the address twice";
		put_text(p, "<ADDR>");
		p->address = true;
	} else if (strcmp(name, "DNS") == 0 || strcmp(name, "SUBNET") == 0 || strcmp(name, "CIDR") == 0) {
		p->refused = "it takes a name or a network, and only an address can be blocked";
	} else if (strncmp(name, "F-MLF", 5) == 0 || strcmp(name, "F-NOFAIL") == 0 || strcmp(name, "SKIPLINES") == 0) {
		p->refused = "it needs several lines";
	} else if (strncmp(name, "F-", 2) == 0) {
		put_text(p, "(?:");
	} else if (strncmp(name, "/F-", 3) == 0) {
		put_text(p, ")");
	} else if ((value = tag_value(f, name)) != NULL && depth < TAGS_MAX) {
		translate(f, value, depth + 1, p);
		free(value);
	} else {
		p->refused = "it has a tag that is nowhere";
	}
}

/* "(?<name>" and "(?P<name>" are groups, no tags. */
static bool is_group(const struct pattern *p)
{
	return (p->n >= 2 && memcmp(p->text + p->n - 2, "(?", 2) == 0) || (p->n >= 3 && memcmp(p->text + p->n - 3, "(?P", 3) == 0);
}

static bool is_tag_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '/';
}

static void translate(const struct filter *f, const char *text, int depth, struct pattern *p)
{
	while (*text != '\0' && p->refused == NULL) {
		const bool named = strncmp(text, "(?P<host>", 9) == 0;
		size_t len = 0;
		char name[NAME_MAX_LEN];

		if (named) {
			p->refused = "it has a pattern of its own for the address; write <ADDR> in its place";
			return;
		}
		while (text[0] == '<' && is_tag_byte(text[1 + len]))
			len++;
		if (len > 0 && text[1 + len] == '>' && len < sizeof name && !is_group(p)) {
			(void)snprintf(name, sizeof name, "%.*s", (int)len, text + 1);
			translate_tag(f, name, depth, p);
			text += len + 2;
		} else {
			put(p, text++, 1);
		}
	}
}

/* --- rules --- */

static void refuse(const struct filter *f, const char *regex, const char *why)
{
	(void)fprintf(f->findings, "%s: left out, for %s: %.60s%s\n", f->at, why, regex, strlen(regex) > 60 ? "..." : "");
}

/* Which of the categories; a guess for a person to look at. */
static const char *category_of(const char *regex)
{
	static const char *const words[] = {"auth", "login", "Login", "assword", "user", "User", NULL};

	for (size_t i = 0; words[i] != NULL; i++)
		if (strstr(regex, words[i]) != NULL)
			return "auth";
	return "protocol";
}

/* unless: regexes of ignoreregex, joined; "". */
static void write_rule(struct filter *f, const char *prefix, const char *regex, const char *unless)
{
	static struct pattern p; /* large for a stack; the commands have one thread */
	const char *const body = regex + (*regex == '^');
	const int64_t score = (100 + f->jail->maxretry - 1) / f->jail->maxretry;

	p = (struct pattern){.text = ""};
	put_text(&p, "^");
	translate(f, prefix, 0, &p);
	if (*regex != '^' && *prefix == '\0')
		put_text(&p, ".*?");
	translate(f, body, 0, &p);
	if (p.refused == NULL && !p.address)
		p.refused = "it has no <HOST>";
	if (p.refused == NULL && f->program[0] == '\0')
		p.refused = "it does not say which program writes the line";
	if (p.refused != NULL) {
		refuse(f, regex, p.refused);
		return;
	}
	(void)fprintf(f->out, "# %s\n[local-%s-%d]\nprogram = %s\nmatch = %s\n", f->at, f->jail->filter, ++f->n, f->program, p.text);
	if (*unless != '\0')
		(void)fprintf(f->out, "unless = %s\n", unless);
	(void)fprintf(f->out, "category = %s\nreason = filter %s of fail2ban\nscore = %" PRId64 "\n", category_of(p.text), f->jail->filter,
	              score);
	(void)fputs("# hit = 192.0.2.7 | a line of your log with this address\n# miss = a line that it must not match\n\n", f->out);
}

/* The regexes of ignoreregex as one; "" for none. */
static char *unless_of(const struct filter *f)
{
	static struct pattern p;
	char *const lines = value_of(f, "ignoreregex");
	char *rest = NULL;

	p = (struct pattern){.text = ""};
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		put_text(&p, p.n > 0 ? "|(?:" : "(?:");
		translate(f, line, 0, &p);
		put_text(&p, ")");
	}
	free(lines);
	return copy(p.refused == NULL ? p.text : "");
}

/* The header of syslog, which our rules do not see, becomes nothing wherever it is referred to. */
static void blank_header(struct jails *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		if (strcmp(entries->list[i].key, "__prefix_line") == 0)
			entries->list[i].value[0] = '\0';
}

static bool has_header(const struct jails_entry *entry)
{
	return entry != NULL && strstr(entry->value, "%(__prefix_line)s") != NULL;
}

/* What prefregex has before <F-CONTENT>, which must be the rest of the line; NULL: it is of another form. */
static char *content_prefix(const struct filter *f)
{
	static const char content[] = "<F-CONTENT>.+</F-CONTENT>$";
	char *const text = value_of(f, "prefregex");
	char *const at = strstr(text, content);
	char *prefix = NULL;

	if (text[0] == '^' && at != NULL)
		prefix = alloc_text_n(text + 1, (size_t)(at - text) - 1, "a filter of fail2ban");
	free(text);
	return prefix;
}

/* whole: the regexes match the message from its beginning, not the line with its header. */
static void write_all(struct filter *f, const char *prefix, bool whole)
{
	char *const lines = value_of(f, "failregex"), *const unless = unless_of(f);
	char *rest = NULL;

	for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (whole)
			write_rule(f, prefix, line, unless);
		else
			refuse(f, line, "it matches the header of the line too; draft a rule from a line with 'check --new'");
	free(lines);
	free(unless);
}

static int read_filter(const struct fail2ban *f2b, const char *name, struct jails *entries, struct why *why)
{
	char *const conf = alloc_format("a file's name", "%s/filter.d/%s.conf", f2b->dir, name);
	char *const local = alloc_format("a file's name", "%s/filter.d/%s.local", f2b->dir, name);
	const bool has_local = access(local, F_OK) == 0;
	int rc = has_local && access(conf, F_OK) != 0 ? 0 : jails_read(entries, conf, why);

	if (rc == 0 && has_local)
		rc = jails_read(entries, local, why);
	free(conf);
	free(local);
	return rc;
}

/* fail2ban's "_daemon" is a regex; ours are words with "*". "(?:a|b)" becomes "a b". */
static char *program_of(const struct filter *f)
{
	char *const daemon = value_of(f, "_daemon");
	size_t n = 0;

	for (const char *p = daemon; *p != '\0'; p++) {
		if (strncmp(p, "(?:", 3) == 0)
			p += 2;
		else if (*p == '|')
			daemon[n++] = ' ';
		else if (p[0] == '\\' && p[1] != '\0' && !isalnum((unsigned char)p[1]))
			daemon[n++] = *++p;
		else if (isalnum((unsigned char)*p) || strchr("-_./@", *p) != NULL)
			daemon[n++] = *p;
		else if (*p != '(' && *p != ')')
			return daemon[0] = '\0', daemon; /* any other regex */
	}
	daemon[n] = '\0';
	return daemon;
}

static void translate_filter(struct filter *f, const struct jails_entry *failregex, const struct jails_entry *prefregex)
{
	const bool content = prefregex != NULL && prefregex->value[0] != '\0';
	const bool whole = has_header(content ? prefregex : failregex);
	char *prefix;

	blank_header(f->entries);
	prefix = content ? content_prefix(f) : copy("");
	if (prefix == NULL)
		refuse(f, content ? prefregex->value : "", "its prefregex has parts that our rules cannot have");
	else
		write_all(f, prefix, whole);
	free(prefix);
}

int fail2ban_write_rules(const struct fail2ban *f2b, const struct fail2ban_jail *jail, FILE *out, FILE *findings, struct why *why)
{
	struct filter f = {.jail = jail, .entries = jails_new(), .out = out, .findings = findings};
	const struct jails_entry *failregex;
	char *at = NULL;
	int rc = read_filter(f2b, jail->filter, f.entries, why);

	failregex = jails_find(f.entries, "Definition", "failregex");
	if (rc == 0 && failregex != NULL) {
		f.program = program_of(&f);
		f.at = at = alloc_format("a place", "%s:%u", failregex->file, failregex->line);
		translate_filter(&f, failregex, jails_find(f.entries, "Definition", "prefregex"));
		rc = f.n;
	} else if (rc == 0) {
		rc = why_set(why, EINVAL, "%s/filter.d/%s.conf: it has no failregex", f2b->dir, jail->filter);
	}
	free(at);
	free(f.program);
	jails_free(f.entries);
	return rc;
}
