#include "import/jails.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	INCLUDES_MAX = 10,   /* files that include files */
	VALUE_MAX = 1 << 20, /* bytes of a value with all that it refers to */
	REFERENCES_MAX = 20, /* values in values */
	NAME_MAX_LEN = 128,
};

struct jails *jails_new(void)
{
	return alloc_zero(1, sizeof(struct jails), "the configuration of fail2ban");
}

void jails_free(struct jails *jails)
{
	if (jails == NULL)
		return;
	for (size_t i = 0; i < jails->n; i++) {
		free(jails->list[i].section);
		free(jails->list[i].key);
		free(jails->list[i].value);
		free(jails->list[i].file);
	}
	free(jails->list);
	free(jails);
}

/* --- reading --- */

/* What a file has, before it is known in which place of the includes it comes. */
struct reading {
	struct jails *into;
	const char *path;
	unsigned line;
	char section[NAME_MAX_LEN];
};

static char *copy(const char *text)
{
	return alloc_text(text, "the configuration of fail2ban");
}

static struct jails_entry *entry_of(const struct jails *jails, const char *section, const char *key)
{
	for (size_t i = jails->n; i > 0; i--)
		if (strcmp(jails->list[i - 1].section, section) == 0 && strcmp(jails->list[i - 1].key, key) == 0)
			return &jails->list[i - 1];
	return NULL;
}

static void add(struct jails *jails, const char *section, const char *key, const char *value, const char *file, unsigned line)
{
	jails->list = alloc_one_more(jails->list, jails->n, sizeof *jails->list, "the configuration of fail2ban");
	jails->list[jails->n++] = (struct jails_entry){copy(section), copy(key), copy(value), copy(file), line};
}

/* A key that is set again keeps its old value as "known/KEY". */
static void set(struct jails *jails, const struct jails_entry *new)
{
	const struct jails_entry *const old = entry_of(jails, new->section, new->key);
	char known[NAME_MAX_LEN + sizeof "known/"];

	if (old != NULL && strlen(new->key) < NAME_MAX_LEN) {
		(void)snprintf(known, sizeof known, "known/%s", new->key);
		add(jails, new->section, known, old->value, old->file, old->line);
	}
	add(jails, new->section, new->key, new->value, new->file, new->line);
}

static char *trimmed(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* A line that begins with a blank goes on with the value before it. */
static void go_on(struct jails *file, const char *text)
{
	struct jails_entry *const last = &file->list[file->n - 1];
	char *const joined = alloc_format("the configuration of fail2ban", "%s\n%s", last->value, text);

	free(last->value);
	last->value = joined;
}

static int read_entry(struct reading *r, char *text, struct why *why)
{
	char *const sign = text + strcspn(text, "=:");
	char *key;

	if (*text == '[' && strchr(text, ']') != NULL) {
		*strchr(text, ']') = '\0';
		if (strlen(text + 1) >= sizeof r->section)
			return why_set(why, EINVAL, "%s:%u: the name of this section is too long", r->path, r->line);
		(void)snprintf(r->section, sizeof r->section, "%s", text + 1);
		return 0;
	}
	if (*sign == '\0' || r->section[0] == '\0')
		return why_set(why, EINVAL, "%s:%u: neither a section nor \"key = value\"", r->path, r->line);
	*sign = '\0';
	key = trimmed(text);
	add(r->into, r->section, key, trimmed(sign + 1), r->path, r->line);
	return 0;
}

static int read_line(struct reading *r, char *raw, struct why *why)
{
	const bool goes_on = isspace((unsigned char)*raw) && r->into->n > 0 && r->section[0] != '\0';
	char *const text = trimmed(raw);

	r->line++;
	if (*text == '\0' || *text == '#' || *text == ';')
		return 0;
	if (goes_on) {
		go_on(r->into, text);
		return 0;
	}
	return read_entry(r, text, why);
}

static int read_file(struct jails *file, const char *path, struct why *why)
{
	struct reading r = {.into = file, .path = path};
	FILE *const in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	if (in == NULL)
		return why_set(why, errno, "%s: %s", path, strerror(errno));
	while (rc == 0 && getline(&line, &cap, in) >= 0)
		rc = read_line(&r, line, why);
	free(line);
	(void)fclose(in);
	return rc;
}

/* The files that [INCLUDES] names under key, which lie beside path. */
static int include(struct jails *jails, const struct jails *file, const char *path, const char *key, struct why *why)
{
	const struct jails_entry *const entry = entry_of(file, "INCLUDES", key);
	const char *const slash = strrchr(path, '/');
	char *names, *word, *rest = NULL;
	int rc = 0;

	if (entry == NULL)
		return 0;
	names = copy(entry->value);
	for (word = strtok_r(names, " \t\n", &rest); word != NULL && rc == 0; word = strtok_r(NULL, " \t\n", &rest)) {
		char *const other = alloc_format("a file's name", "%.*s%s", *word == '/' || slash == NULL ? 0 : (int)(slash + 1 - path), path,
		                                 word);

		rc = jails_read(jails, other, why);
		if (rc == -ENOENT)
			rc = 0;
		free(other);
	}
	free(names);
	return rc;
}

int jails_read(struct jails *jails, const char *path, struct why *why)
{
	struct jails *const file = jails_new();
	int rc = jails->depth == INCLUDES_MAX ? why_set(why, EINVAL, "%s: files include each other", path) : read_file(file, path, why);

	jails->depth++;
	if (rc == 0)
		rc = include(jails, file, path, "before", why);
	for (size_t i = 0; i < file->n && rc == 0; i++)
		if (strcmp(file->list[i].section, "INCLUDES") != 0)
			set(jails, &file->list[i]);
	if (rc == 0)
		rc = include(jails, file, path, "after", why);
	jails->depth--;
	jails_free(file);
	return rc;
}

/* --- values --- */

const struct jails_entry *jails_find(const struct jails *jails, const char *section, const char *key)
{
	const struct jails_entry *const own = entry_of(jails, section, key);

	return own != NULL ? own : entry_of(jails, "DEFAULT", key);
}

const char *jails_next_section(const struct jails *jails, const char *after)
{
	bool begun = after == NULL;

	for (size_t i = 0; i < jails->n; i++) {
		const char *const section = jails->list[i].section;
		bool first = true;

		for (size_t j = 0; j < i && first; j++)
			first = strcmp(jails->list[j].section, section) != 0;
		if (!first || strcmp(section, "DEFAULT") == 0)
			continue;
		if (begun)
			return section;
		begun = strcmp(section, after) == 0;
	}
	return NULL;
}

struct writer {
	const struct jails *jails;
	const char *section;
	char *out;
	size_t n;
	int depth;
};

static int put(struct writer *w, const char *text, size_t len, const struct jails_entry *from, struct why *why)
{
	if (w->n + len >= VALUE_MAX)
		return why_set(why, EINVAL, "%s:%u: the value of %s becomes too long", from->file, from->line, from->key);
	memcpy(w->out + w->n, text, len);
	w->n += len;
	return 0;
}

static int expand(struct writer *w, const struct jails_entry *entry, struct why *why);

/* name: "key", "section/key" or "known/key". */
static int put_reference(struct writer *w, const char *name, const struct jails_entry *from, struct why *why)
{
	const char *const slash = strchr(name, '/');
	const struct jails_entry *entry = jails_find(w->jails, w->section, name);
	char section[NAME_MAX_LEN];

	if (strcmp(name, "__name__") == 0)
		return put(w, w->section, strlen(w->section), from, why);
	if (entry == NULL && slash != NULL) {
		(void)snprintf(section, sizeof section, "%.*s", (int)(slash - name), name);
		entry = entry_of(w->jails, section, slash + 1);
	}
	if (entry == NULL)
		return why_set(why, EINVAL, "%s:%u: %s refers to %s, which is nowhere", from->file, from->line, from->key, name);
	if (w->depth == REFERENCES_MAX)
		return why_set(why, EINVAL, "%s:%u: %s refers to itself", from->file, from->line, from->key);
	return expand(w, entry, why);
}

static int expand(struct writer *w, const struct jails_entry *entry, struct why *why)
{
	int rc = 0;

	w->depth++;
	for (const char *p = entry->value; *p != '\0' && rc == 0;) {
		const size_t plain = strcspn(p, "%");
		const char *const end = p[plain] == '%' && p[plain + 1] == '(' ? strstr(p + plain, ")s") : NULL;
		char name[NAME_MAX_LEN];

		rc = put(w, p, plain, entry, why);
		p += plain;
		if (end != NULL && end - p - 2 < NAME_MAX_LEN && rc == 0) {
			(void)snprintf(name, sizeof name, "%.*s", (int)(end - p - 2), p + 2);
			rc = put_reference(w, name, entry, why);
			p = end + 2;
		} else if (*p == '%' && rc == 0) {
			rc = put(w, "%", 1, entry, why);
			p += p[1] == '%' ? 2 : 1;
		}
	}
	w->depth--;
	return rc;
}

char *jails_value(const struct jails *jails, const char *section, const char *key, struct why *why)
{
	const struct jails_entry *const entry = jails_find(jails, section, key);
	struct writer w = {.jails = jails, .section = section};

	why->text[0] = '\0';
	if (entry == NULL)
		return NULL;
	w.out = alloc_raw(VALUE_MAX, 1, "a value of fail2ban");
	if (expand(&w, entry, why) < 0) {
		free(w.out);
		return NULL;
	}
	w.out[w.n] = '\0';
	return alloc_resize(w.out, w.n + 1, 1, "a value of fail2ban");
}
