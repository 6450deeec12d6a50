/* The part of fail2ban.h that turns a filter into rules. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "import/fail2ban.h"

enum {
	PASSES_MAX = 20,        /* maximum nesting of tags */
	EXPANDED_MAX = 1 << 18, /* bytes of all regexes with their tags replaced */
	PATTERN_MAX = 1 << 14,  /* bytes; more than a rule may have */
	NAME_MAX_LEN = 64,
	REGEX_SHOWN = 60, /* bytes of a regex in a finding */
};

/* Replaces the syslog header, which our rules do not see: a tag of our own, to know where the header was. */
static const char header[] = "<wfs-header>";

struct filter {
	const struct fail2ban_jail *jail;
	struct jails *entries;
	char *program; /* from "_daemon"; "": unknown */
	FILE *out, *findings;
	int n;
	bool disabled; /* its rules would match more than the filter does */
};

static char *copy(const char *text)
{
	return alloc_text(text, "a filter of fail2ban");
}

/* Returns what follows "^" and the line's header in a regex; NULL if it does not begin with them. */
static const char *after_header(const char *regex)
{
	static const char *const forms[] = {"^<wfs-header>", "^<F-MLFID><wfs-header></F-MLFID>"};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (strncmp(regex, forms[i], strlen(forms[i])) == 0)
			return regex + strlen(forms[i]);
	return NULL;
}

/* --- findings --- */

/* Reports what is left out. key: the entry that contains it; text: what is left out. */
static void refuse(const struct filter *f, const char *key, const char *text, const char *why)
{
	const struct jails_entry *const entry = jails_find(f->entries, "Definition", key);
	const char *const behind = after_header(text), *const shown = behind != NULL ? behind : text;
	char *const sentence =
		alloc_format("a sentence", "%s:%u: left out, for %s: %s%.*s%s", entry->file, entry->line, why,
	                     behind != NULL ? "^" : "", REGEX_SHOWN, shown, strlen(shown) > REGEX_SHOWN ? "..." : "");

	jails_finding(f->findings, sentence);
	free(sentence);
}

/* --- tags --- */

/* Returns the value of name in "a=b, c='d, e'", perhaps quoted; NULL if name is not there. */
static char *parameter(const char *parameters, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = parameters; *p != '\0';) {
		const char *key, *value;
		size_t key_len, value_len;

		p += strspn(p, " \t\n,");
		key = p;
		key_len = strcspn(p, "=");
		p += key_len + (p[key_len] == '=');
		if (*p == '"' || *p == '\'') {
			const char quote[] = {*p++, '\0'};

			value = p;
			value_len = strcspn(p, quote);
			p += value_len + (p[value_len] != '\0');
		} else {
			value = p;
			value_len = strcspn(p, ",");
			p += value_len;
		}
		if (key_len == len && strncmp(key, name, len) == 0)
			return alloc_text_n(value, value_len, "a filter of fail2ban");
	}
	return NULL;
}

/* Returns a tag's value from the jail's parameters, [Init] or [Definition]; NULL if it is unknown. */
static char *tag_value(const struct filter *f, const char *name)
{
	char *value = parameter(f->jail->parameters, name);
	struct why ignored;

	if (value == NULL)
		value = jails_value(f->entries, "Init", name, &ignored);
	return value != NULL ? value : jails_value(f->entries, "Definition", name, &ignored);
}

static bool is_tag_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '/';
}

/*
 * Returns the length of the tag "<name>" at p in text; 0 if there is none. "(?<name>" and "(?P<name>" are groups, and
 * "(?<=" is a lookbehind.
 */
static size_t tag_at(const char *text, const char *p, char name[static NAME_MAX_LEN])
{
	size_t len = 0;

	if (*p != '<' || (p - text >= 2 && memcmp(p - 2, "(?", 2) == 0) ||
	    (p - text >= 3 && memcmp(p - 3, "(?P", 3) == 0))
		return 0;
	while (is_tag_byte(p[1 + len]))
		len++;
	if (len == 0 || p[1 + len] != '>' || len >= NAME_MAX_LEN)
		return 0;
	memcpy(name, p + 1, len);
	name[len] = '\0';
	return len;
}

/* Returns whether a tag has a fixed meaning: an address, marked text, or several lines. */
static bool is_fixed(const char *name)
{
	static const char *const names[] = {"HOST",   "ADDR", "IP4",       "IP6",       "DNS",
	                                    "SUBNET", "CIDR", "SKIPLINES", "wfs-header"};
	size_t ignored;

	return strncmp(name, "F-", 2) == 0 || strncmp(name, "/F-", 3) == 0 ||
	       text_find(name, names, sizeof names / sizeof *names, &ignored);
}

/* Makes one pass over text that replaces each tag that has a value. *ret_more: there was one. */
static char *replace_tags(const struct filter *f, const char *text, bool *ret_more)
{
	char *out = NULL, name[NAME_MAX_LEN];
	size_t size = 0, len;
	FILE *const stream = alloc_check(open_memstream(&out, &size), 0, "a filter of fail2ban");

	*ret_more = false;
	for (const char *p = text; *p != '\0' && ftell(stream) < EXPANDED_MAX;) {
		char *const value = (len = tag_at(text, p, name)) > 0 && !is_fixed(name) ? tag_value(f, name) : NULL;

		if (value != NULL)
			(void)fputs(value, stream);
		else
			(void)fputc(*p, stream);
		*ret_more |= value != NULL;
		p += value != NULL ? len + 2 : 1;
		free(value);
	}
	(void)fclose(stream);
	return out;
}

/* Returns the value of key with its tags replaced, including nested ones ("<re-<mode>>"); "" after a finding. */
static char *expanded(const struct filter *f, const char *key)
{
	char *text = jails_text(f->entries, "Definition", key, f->findings);
	bool more = true;

	for (int i = 0; i < PASSES_MAX && more && strlen(text) < EXPANDED_MAX; i++) {
		char *const next = replace_tags(f, text, &more);

		free(text);
		text = next;
	}
	if (!more)
		return text;
	refuse(f, key, key, "its tags refer to themselves, or are too long");
	free(text);
	return copy("");
}

/* --- one regex --- */

struct pattern {
	char text[PATTERN_MAX];
	size_t n;
	const char *refused; /* why it cannot be translated; NULL: it can */
	bool address;
	bool unless; /* it is an ignoreregex, in which the address is text like any other */
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

/* <HOST> may also be a name in fail2ban; ours is only an address, which is all that can be blocked. */
static void put_address(struct pattern *p)
{
	if (p->address && !p->unless)
		p->refused = "it has the address twice";
	put_text(p, p->unless ? "[0-9A-Fa-f:.]+" : "<ADDR>");
	p->address = true;
}

/*
 * name: of "<name>" or "</name>". <F-MLFID> marks what lines of one connection share; a line that contains the
 * address needs no other line.
 */
static void put_tag(struct pattern *p, const char *name)
{
	static const char *const addresses[] = {"HOST", "ADDR", "IP4", "IP6"};
	static const char *const others[] = {"DNS", "SUBNET", "CIDR"};
	size_t ignored;

	if (text_find(name, addresses, sizeof addresses / sizeof *addresses, &ignored))
		put_address(p);
	else if (text_find(name, others, sizeof others / sizeof *others, &ignored))
		p->refused = "it matches a name or a network, and only an address can be blocked";
	else if (strcmp(name, "SKIPLINES") == 0 || strcmp(name, "F-NOFAIL") == 0 ||
	         (strncmp(name, "F-MLF", 5) == 0 && strcmp(name, "F-MLFID") != 0))
		p->refused = "it needs several lines";
	else if (strncmp(name, "F-", 2) == 0)
		put_text(p, "(?:");
	else if (strncmp(name, "/F-", 3) == 0)
		put_text(p, ")");
	else if (strcmp(name, "wfs-header") == 0)
		p->refused = "it has the header of the line in its middle";
	else
		p->refused = "it has a tag that is nowhere";
}

/* Translates text, in which tags with values have been replaced. */
static void translate(const char *text, struct pattern *p)
{
	char name[NAME_MAX_LEN];
	bool in_class = false; /* in a class such as "[^\n]", which matches any byte of the line */
	size_t len;

	for (const char *at = text; *at != '\0' && p->refused == NULL;) {
		in_class = *at == '[' || (in_class && *at != ']');
		if (strncmp(at, "(?P<host>", 9) == 0) {
			p->refused = "it has a pattern of its own for the address; write <ADDR> in its place";
		} else if (at[0] == '\\' && at[1] == 'n' && !in_class) {
			p->refused = "it needs several lines";
		} else if (at[0] == '\\' && at[1] != '\0') {
			put(p, at, 2);
			at += 2;
		} else if ((unsigned char)*at < ' ' || *at == 0x7F) {
			p->refused = "it has a control character";
		} else if ((len = tag_at(text, at, name)) > 0) {
			put_tag(p, name);
			at += len + 2;
		} else {
			put(p, at++, 1);
		}
	}
}

/* --- rules --- */

/* Guesses the category, for a person to check. */
static const char *category_of(const char *regex)
{
	static const char *const words[] = {"auth", "login", "Login", "assword", "user", "User", NULL};

	for (size_t i = 0; words[i] != NULL; i++)
		if (strstr(regex, words[i]) != NULL)
			return "auth";
	return "protocol";
}

static void write_rule(struct filter *f, const struct pattern *p, const char *unless)
{
	const struct jails_entry *const entry = jails_find(f->entries, "Definition", "failregex");
	const int64_t score = (100 + f->jail->maxretry - 1) / f->jail->maxretry;

	(void)fprintf(f->out, "# %s:%u\n[local-%s-%d]\nprogram = %s\nmatch = %s\n", entry->file, entry->line,
	              f->jail->filter, ++f->n, f->program, p->text);
	if (*unless != '\0')
		(void)fprintf(f->out, "unless = %s\n", unless);
	if (f->disabled)
		(void)fputs("# Not without its ignoreregex, which could not be translated.\nenabled = no\n", f->out);
	(void)fprintf(f->out, "category = %s\nreason = filter %s of fail2ban\nscore = %" PRId64 "\n",
	              category_of(p->text), f->jail->filter, score);
	(void)fputs(
		"# hit = 192.0.2.7 | a line of your log with this address\n# miss = a line that it must not match\n\n",
		f->out);
}

/*
 * Writes a rule for a regex. prefix: what prefregex has before the content, which regex then matches; NULL: regex
 * matches the whole line.
 */
static void translate_regex(struct filter *f, const char *prefix, const char *regex, const char *unless)
{
	static struct pattern p; /* too large for the stack; the commands have only one thread */
	const char *const body = prefix != NULL ? regex + (*regex == '^') : after_header(regex);

	p = (struct pattern){.text = ""};
	put_text(&p, "^");
	if (body == NULL) {
		p.refused = "it matches the header of the line too; draft a rule from a line with 'check --new'";
	} else {
		translate(prefix != NULL ? prefix : "", &p);
		if (prefix != NULL && *regex != '^')
			put_text(&p, ".*?");
		translate(body, &p);
	}
	if (p.refused == NULL && !p.address)
		p.refused = "it has no <HOST>";
	if (p.refused == NULL && f->program[0] == '\0')
		p.refused = "it does not say which program writes the line";
	if (p.refused != NULL)
		refuse(f, "failregex", regex, p.refused);
	else
		write_rule(f, &p, unless);
}

/*
 * Joins the regexes of ignoreregex into one; "" if there are none. If one cannot be translated, all rules are
 * disabled.
 */
static char *unless_of(struct filter *f)
{
	static struct pattern p;
	char *const lines = expanded(f, "ignoreregex");
	char *rest = NULL;

	p = (struct pattern){.text = "", .unless = true};
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		const char *const body = after_header(line);

		put_text(&p, p.n > 0 ? "|(?:" : "(?:");
		put_text(&p, body != NULL ? "^" : "");
		translate(body != NULL ? body : line, &p);
		put_text(&p, ")");
		if (p.refused != NULL) {
			refuse(f, "ignoreregex", line, p.refused);
			f->disabled = true;
			break;
		}
	}
	free(lines);
	return copy(p.refused == NULL ? p.text : "");
}

/* --- the whole filter --- */

static void mark_header(struct jails *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		if (strcmp(entries->list[i].key, "__prefix_line") == 0) {
			free(entries->list[i].value);
			entries->list[i].value = copy(header);
			entries->list[i].len = sizeof header - 1;
		}
}

/*
 * Returns the part of prefregex between the header and <F-CONTENT>. The content must reach to the end of the line:
 * ".+", or a pattern followed by "$", which becomes a lookahead. Returns NULL if prefregex has any other form.
 */
static char *content_prefix(const char *prefregex)
{
	static const char open[] = "<F-CONTENT>", close[] = "</F-CONTENT>";
	const char *const from = after_header(prefregex), *const at = from != NULL ? strstr(from, open) : NULL;
	const char *const content = at != NULL ? at + sizeof open - 1 : NULL;
	const char *const end = content != NULL ? strstr(content, close) : NULL;
	const char *const tail = end != NULL ? end + sizeof close - 1 : "";
	const size_t len = end != NULL ? (size_t)(end - content) : 0;
	const bool all = len == 2 && (memcmp(content, ".+", 2) == 0 || memcmp(content, ".*", 2) == 0);

	if (end == NULL || (strcmp(tail, "$") != 0 && (!all || *tail != '\0')))
		return NULL;
	if (all)
		return alloc_text_n(from, (size_t)(at - from), "a filter of fail2ban");
	return alloc_format("a filter of fail2ban", "%.*s(?=%.*s$)", (int)(at - from), from, (int)len, content);
}

/* Reports entries that a rule does not need or cannot have. */
static void report_unused(const struct filter *f)
{
	static const struct {
		const char *key, *why;
	} rows[] = {
		{"datepattern", "the usual forms of time are recognised without it; 'explain' shows whether yours is"},
		{"journalmatch", "program says whose lines are read"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct jails_entry *const entry = jails_find(f->entries, "Definition", rows[i].key);

		if (entry != NULL && *entry->value != '\0')
			refuse(f, rows[i].key, rows[i].key, rows[i].why);
	}
}

static void translate_filter(struct filter *f)
{
	char *prefregex, *prefix, *lines, *unless, *rest = NULL;

	mark_header(f->entries);
	prefregex = expanded(f, "prefregex");
	prefix = *prefregex != '\0' ? content_prefix(prefregex) : NULL;
	if (*prefregex != '\0' && prefix == NULL) {
		refuse(f, "prefregex", prefregex, "its prefregex has parts that our rules cannot have");
		free(prefregex);
		return;
	}
	report_unused(f);
	lines = expanded(f, "failregex");
	unless = unless_of(f);
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		translate_regex(f, prefix, line, unless);
	free(unless);
	free(lines);
	free(prefix);
	free(prefregex);
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

/* Converts fail2ban's "_daemon", a regex, into our words with "*". "(?:a|b)" becomes "a b". */
static char *program_of(const struct filter *f)
{
	char *const daemon = jails_text(f->entries, "Definition", "_daemon", f->findings);
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

int fail2ban_write_rules(const struct fail2ban *f2b, const struct fail2ban_jail *jail, FILE *out, FILE *findings,
                         struct why *why)
{
	struct filter f = {.jail = jail, .entries = jails_new(), .out = out, .findings = findings};
	int rc = read_filter(f2b, jail->filter, f.entries, why);

	if (rc == 0 && jails_find(f.entries, "Definition", "failregex") == NULL)
		rc = why_set(why, EINVAL, "%s/filter.d/%s.conf: it has no failregex", f2b->dir, jail->filter);
	if (rc == 0) {
		f.program = program_of(&f);
		translate_filter(&f);
		rc = f.n;
	}
	free(f.program);
	jails_free(f.entries);
	return rc;
}
