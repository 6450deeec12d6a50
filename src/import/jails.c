#include "import/jails.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashtable.h"
#include "base/text.h"

enum {
	FILES_MAX = 10000,      /* files read, counting each time that one is included */
	VALUE_MAX = 16 << 20,   /* bytes of a value with its references replaced */
	REFERENCES_MAX = 20,    /* maximum nesting of references */
	REFERENCES_ALL = 10000, /* references replaced for one value */
	NAME_MAX_LEN = 128,
	FINDING_SHOWN = 512, /* bytes */
};

struct jails_place {
	size_t newest; /* index in list */
	UT_hash_handle hh;
	char name[]; /* "section\nkey" */
};

static const char what[] = "the configuration of fail2ban";

struct jails *jails_new(void)
{
	return alloc_zero(1, sizeof(struct jails), what);
}

void jails_free(struct jails *jails)
{
	struct jails_place *place, *next;

	if (jails == NULL)
		return;
	place = jails->places;
	HASH_CLEAR(hh, jails->places);
	for (; place != NULL; place = next) {
		next = place->hh.next;
		free(place);
	}
	for (size_t i = 0; i < jails->n; i++) {
		free(jails->list[i].section);
		free(jails->list[i].key);
		free(jails->list[i].value);
		free(jails->list[i].file);
	}
	free(jails->sections);
	free(jails->list);
	free(jails);
}

/* --- reading --- */

/* A file being read. Its entries are kept apart until the files included before it are known. */
struct reading {
	struct jails *into;
	const char *path;
	unsigned line;
	char section[NAME_MAX_LEN];
};

static char *copy(const char *text)
{
	return alloc_text(text, what);
}

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = text_lower(*text);
}

static struct jails_place *place_of(const struct jails *jails, const char *section, const char *key)
{
	char *const name = alloc_format(what, "%s\n%s", section, key);
	struct jails_place *place;

	lower(strchr(name, '\n'));
	HASH_FIND_STR(jails->places, name, place);
	free(name);
	return place;
}

static struct jails_entry *entry_of(const struct jails *jails, const char *section, const char *key)
{
	const struct jails_place *const place = place_of(jails, section, key);

	return place != NULL ? &jails->list[place->newest] : NULL;
}

/* A section without keys is recorded, too, as the first entry in it. */
static void note_place(struct jails *jails, const char *section, const char *key)
{
	struct jails_place *place = place_of(jails, section, key);

	if (place == NULL) {
		const size_t len = strlen(section) + strlen(key) + sizeof "\n";

		place = alloc_zero(1, sizeof *place + len, what);
		(void)snprintf(place->name, len, "%s\n%s", section, key);
		HASH_ADD_STR(jails->places, name, place);
	}
	place->newest = jails->n - 1;
}

static void add(struct jails *jails, const char *section, const char *key, const char *value, const char *file,
                unsigned line)
{
	const bool is_new = place_of(jails, section, "") == NULL;
	struct jails_entry *entry;

	jails->list = alloc_one_more(jails->list, jails->n, sizeof *jails->list, what);
	entry = &jails->list[jails->n++];
	*entry = (struct jails_entry){copy(section), copy(key), copy(value), strlen(value), copy(file), line};
	lower(entry->key);
	note_place(jails, section, entry->key);
	if (!is_new)
		return;
	note_place(jails, section, "");
	if (strcmp(section, "DEFAULT") != 0) {
		jails->sections = alloc_one_more(jails->sections, jails->n_sections, sizeof *jails->sections, what);
		jails->sections[jails->n_sections++] = entry->section;
	}
}

/* Sets a key; its previous value remains available as "known/KEY". */
static void set(struct jails *jails, const struct jails_entry *new)
{
	const struct jails_entry *const old = entry_of(jails, new->section, new->key);
	char known[NAME_MAX_LEN + sizeof "known/"];

	if (old != NULL && strlen(new->key) < NAME_MAX_LEN) {
		const struct jails_entry before = *old; /* a copy, since the list may move */

		(void)snprintf(known, sizeof known, "known/%s", new->key);
		add(jails, new->section, known, before.value, before.file, before.line);
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

/* Appends a line that begins with a blank to the value before it. */
static void append_line(struct jails *file, const char *text)
{
	struct jails_entry *const last = &file->list[file->n - 1];
	const size_t len = strlen(text);

	last->value = alloc_resize(last->value, last->len + len + sizeof "\n", 1, what);
	last->value[last->len] = '\n';
	memcpy(last->value + last->len + 1, text, len + 1);
	last->len += len + 1;
}

/* Cuts a comment: ";" after a blank starts one anywhere in a line. */
static void cut_comment(char *line)
{
	for (char *p = line; (p = strchr(p, ';')) != NULL; p++)
		if (p > line && isspace((unsigned char)p[-1])) {
			*p = '\0';
			return;
		}
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
	const struct jails *const file = r->into;
	const bool goes_on =
		isspace((unsigned char)*raw) && file->n > 0 && strcmp(file->list[file->n - 1].section, r->section) == 0;
	char *text;

	r->line++;
	cut_comment(raw);
	text = trimmed(raw);
	if (*text == '\0' || *text == '#' || *text == ';')
		return 0;
	if (goes_on) {
		append_line(r->into, text);
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

/* Returns whether path is being read already, and so includes itself: it is then skipped. */
static bool is_being_read(const struct jails *jails, const char *path)
{
	for (size_t i = 0; i < jails->depth; i++)
		if (strcmp(jails->reading[i], path) == 0)
			return true;
	return false;
}

/* Reads path if the file exists. */
static int read_if_any(struct jails *jails, const char *path, struct why *why)
{
	const int rc = is_being_read(jails, path) ? 0 : jails_read(jails, path, why);

	return rc == -ENOENT ? 0 : rc;
}

/* Reads an included file and its .local. */
static int include_one(struct jails *jails, const char *path, struct why *why)
{
	const char *const dot = strrchr(path, '.');
	int rc = read_if_any(jails, path, why);

	if (rc == 0 && dot != NULL && strcmp(dot, ".local") != 0) {
		char *const local = alloc_format("a file's name", "%.*s.local", (int)(dot - path), path);

		rc = read_if_any(jails, local, why);
		free(local);
	}
	return rc;
}

/* Reads the files that [INCLUDES] lists under key; they are in the directory of path. */
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
		char *const other =
			alloc_format("a file's name", "%.*s%s",
		                     *word == '/' || slash == NULL ? 0 : (int)(slash + 1 - path), path, word);

		rc = include_one(jails, other, why);
		free(other);
	}
	free(names);
	return rc;
}

int jails_read(struct jails *jails, const char *path, struct why *why)
{
	struct jails *file;
	int rc;

	if (jails->depth == JAILS_INCLUDES_MAX || jails->n_files == FILES_MAX)
		return why_set(why, EINVAL, "%s: files include too many others", path);
	file = jails_new();
	rc = read_file(file, path, why);
	jails->n_files++;
	jails->reading[jails->depth++] = path;
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

struct writer {
	const struct jails *jails;
	const char *section;
	char *out;
	size_t n, cap;
	unsigned depth, references;
};

static int put(struct writer *w, const char *text, size_t len, const struct jails_entry *from, struct why *why)
{
	if (w->n + len >= VALUE_MAX)
		return why_set(why, EINVAL, "%s:%u: the value of %s becomes too long", from->file, from->line,
		               from->key);
	while (w->n + len >= w->cap)
		w->out = alloc_resize(w->out, w->cap *= 2, 1, what);
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
		return why_set(why, EINVAL, "%s:%u: %s refers to %s, which is nowhere", from->file, from->line,
		               from->key, name);
	if (w->depth == REFERENCES_MAX || ++w->references == REFERENCES_ALL)
		return why_set(why, EINVAL, "%s:%u: %s refers to itself, or to too many others", from->file, from->line,
		               from->key);
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
	struct writer w = {.jails = jails, .section = section, .cap = 256};

	why->text[0] = '\0';
	if (entry == NULL)
		return NULL;
	w.out = alloc_raw(w.cap, 1, what);
	if (expand(&w, entry, why) < 0) {
		free(w.out);
		return NULL;
	}
	w.out[w.n] = '\0';
	return w.out;
}

char *jails_text(const struct jails *jails, const char *section, const char *key, FILE *findings)
{
	struct why why;
	char *const value = jails_value(jails, section, key, &why);

	if (value == NULL && why.text[0] != '\0')
		jails_finding(findings, why.text);
	return value != NULL ? value : copy("");
}

void jails_finding(FILE *findings, const char *sentence)
{
	char line[FINDING_SHOWN];

	(void)text_escape((struct span){sentence, strlen(sentence)}, line, sizeof line);
	(void)fprintf(findings, "%s\n", line);
}
