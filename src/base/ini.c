#include "base/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <ini_configobj.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/remedy.h"
#include "base/text.h"

enum {
	INI_FILE_MAX = 16 << 20, /* a rule file of 16 MiB is an error */
	ESCAPED_MAX = 128,
	STRUCK_MAX = 100, /* lines with errors that ini_read_rest leaves out */
};

/*
 * Converts each byte to the character of that number (ISO 8859-1); utf8_to_bytes reverses it. libini_config converts
 * everything from UTF-8 and refuses a file with any other byte, but log lines are bytes.
 */
static char *bytes_to_utf8(const char *in, size_t len, size_t *ret_len)
{
	char *const out = alloc_raw(1, 2 * len + 1, "a file of sections");
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char byte = (unsigned char)in[i];

		if (byte < 0x80) {
			out[n++] = in[i];
		} else {
			out[n++] = (char)(0xC0 | byte >> 6);
			out[n++] = (char)(0x80 | (byte & 0x3F));
		}
	}
	out[n] = '\0';
	*ret_len = n;
	return out;
}

static void utf8_to_bytes(char *text)
{
	char *out = text;

	for (const unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x80) {
			*out++ = (char)*p;
		} else {
			*out++ = (char)((*p & 0x03) << 6 | (p[1] & 0x3F));
			p++;
		}
	}
	*out = '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Returns the next line of data without the blanks around it; a comment gives an empty line. Returns false at the end.
 * *line counts lines and starts at 0.
 */
static bool next_line(const char **data, const char *end, unsigned *line, struct span *ret)
{
	const char *p = *data, *lf;

	if (p == end)
		return false;
	lf = memchr(p, '\n', (size_t)(end - p));
	*data = lf == NULL ? end : lf + 1;
	if (lf == NULL)
		lf = end;
	if (*p == '#' || *p == ';')
		p = lf;
	while (p < lf && is_blank(*p))
		p++;
	while (p < lf && is_blank(lf[-1]))
		lf--;
	*ret = (struct span){p, (size_t)(lf - p)};
	++*line;
	return true;
}

/* Returns the line of the first key before any section, or 0: the library accepts such keys and drops them. */
static unsigned before_sections(const char *data, size_t len)
{
	const char *const end = data + len;
	unsigned line = 0;
	struct span text;

	while (next_line(&data, end, &line, &text))
		if (text.len > 0)
			return text.p[0] == '[' || text.p[0] == '/' ? 0 : line;
	return 0;
}

/*
 * Returns the line of the first name with bytes other than printable ASCII, or 0: the library refuses it without an
 * error.
 */
static unsigned bad_name(const char *data, size_t len)
{
	const char *const end = data + len;
	unsigned line = 0;
	struct span text;

	while (next_line(&data, end, &line, &text))
		for (size_t i = 0; i < text.len && (text.p[0] == '[' || text.p[i] != '='); i++)
			if (text.p[i] < 0x20 || text.p[i] > 0x7E)
				return line;
	return 0;
}

static void escaped(const char *text, char out[static ESCAPED_MAX])
{
	(void)text_escape((struct span){text, strlen(text)}, out, ESCAPED_MAX);
}

/* Sets why to the first error. The library's own sentences lack the file and begin with "Error (5) on line 2: ". */
static int first_error(struct ini_cfgobj *object, const char *path, struct why *why)
{
	char **errors = NULL;
	unsigned first_line = 0;
	const char *first_text = "unreadable";
	int rc;

	if (ini_config_get_errors(object, &errors) == 0 && errors != NULL)
		for (char **e = errors; *e != NULL; e++) {
			const char *const at = strstr(*e, " on line ");
			const char *const colon = at == NULL ? NULL : strstr(at, ": ");
			const unsigned line = at == NULL ? 0 : (unsigned)strtoul(at + 9, NULL, 10);

			if (colon != NULL && (first_line == 0 || line < first_line)) {
				first_line = line;
				first_text = colon + 2;
			}
		}
	rc = why_set(why, EINVAL, "%s:%u: %s", path, first_line, first_text);
	ini_config_free_errors(errors);
	return rc;
}

static void add_entry(struct ini *ini, size_t *cap, const char *section, const char *key, const char *value,
                      unsigned line)
{
	struct ini_entry *e;

	if (ini->n == *cap) {
		*cap = *cap == 0 ? 64 : 2 * *cap;
		ini->entries = alloc_resize(ini->entries, *cap, sizeof *ini->entries, "a file of sections");
	}
	e = &ini->entries[ini->n++];
	e->section = alloc_text(section, "a file of sections");
	e->key = key == NULL ? NULL : alloc_text(key, "a file of sections");
	e->value = value == NULL ? NULL : alloc_text(value, "a file of sections");
	e->line = line;
	if (value != NULL)
		utf8_to_bytes(e->value);
}

static bool seen_before(char *const keys[], int k)
{
	for (int i = 0; i < k; i++)
		if (strcasecmp(keys[i], keys[k]) == 0)
			return true;
	return false;
}

static int by_line(const void *a, const void *b)
{
	const struct ini_entry *const x = a, *const y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static struct span trimmed(const char *p, size_t len)
{
	for (; len > 0 && is_blank(*p); len--)
		p++;
	for (; len > 0 && is_blank(p[len - 1]); len--)
		;
	return (struct span){p, len};
}

/* A position in the text of a file. */
struct cursor {
	const char *data, *end;
	unsigned line;
};

/*
 * Returns the line of the next "[name]" and advances at to it, or 0 if there is none: the library does not return
 * section lines.
 */
static unsigned section_line(struct cursor *at, const char *name)
{
	struct cursor next = *at;
	struct span text;

	while (next_line(&next.data, next.end, &next.line, &text)) {
		if (text.len < 2 || text.p[0] != '[' || text.p[text.len - 1] != ']')
			continue;
		text = trimmed(text.p + 1, text.len - 2);
		if (span_is_nocase(text, name)) {
			*at = next;
			return next.line;
		}
	}
	return 0;
}

/* Adds the entries in file order, a section's own entry first; the library returns them by section and key. */
static void collect(struct ini_cfgobj *object, const char *data, size_t len, struct ini *ini)
{
	struct cursor at = {data, data + len, 0};
	size_t cap = 0;
	int n_sections = 0, rc = 0;
	char **const sections = ini_get_section_list(object, &n_sections, &rc);

	for (int s = 0; s < n_sections; s++) {
		int n_keys = 0;
		char **const keys = ini_get_attribute_list(object, sections[s], &n_keys, &rc);
		const size_t first = ini->n;

		add_entry(ini, &cap, sections[s], NULL, NULL, section_line(&at, sections[s]));
		for (int k = 0; k < n_keys; k++) {
			struct value_obj *vo = NULL;
			int mode = INI_GET_FIRST_VALUE;

			if (seen_before(keys, k))
				continue;
			while (ini_get_config_valueobj(sections[s], keys[k], object, mode, &vo) == 0 && vo != NULL) {
				char *const value = ini_get_string_config_value(vo, &rc);
				uint32_t line = 0;

				(void)value_get_line(vo, &line);
				add_entry(ini, &cap, sections[s], keys[k], value == NULL ? "" : value, line);
				free(value);
				mode = INI_GET_NEXT_VALUE;
			}
		}
		qsort(ini->entries + first + 1, ini->n - first - 1, sizeof *ini->entries, by_line);
		ini_free_attribute_list(keys);
	}
	ini_free_section_list(sections);
}

int ini_parse(const char *path, const char *data, size_t len, struct ini **ret, struct why *why)
{
	struct ini_cfgfile *file = NULL;
	struct ini_cfgobj *object = NULL;
	const char *const nul = memchr(data, '\0', len);
	size_t utf8_len;
	unsigned line;
	char *utf8;
	int rc;

	if (nul != NULL) {
		line = 1;
		for (const char *p = data; p < nul; p++)
			line += *p == '\n';
		return why_set(why, EINVAL, "%s:%u: NUL byte; this is not a text file", path, line);
	}
	if (len > INI_FILE_MAX)
		return why_set(why, EFBIG, "%s: larger than 16 MiB", path);
	if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
		data += 3;
		len -= 3;
	}
	if ((line = before_sections(data, len)) > 0)
		return why_set(why, EINVAL, "%s:%u: is before the first [section]", path, line);
	utf8 = bytes_to_utf8(data, len, &utf8_len);
	if (utf8_len == 0) /* the library refuses an empty buffer */
		utf8[utf8_len++] = '\n';
	if (ini_config_file_from_mem(utf8, (uint32_t)utf8_len, &file) != 0 || ini_config_create(&object) != 0)
		alloc_failed(utf8_len, "a file of sections");
	if (ini_config_parse(file, INI_STOP_ON_NONE, INI_MS_ERROR | INI_MV1S_ALLOW, INI_PARSE_NOWRAP, object) != 0 ||
	    ini_config_error_count(object) > 0) {
		line = bad_name(data, len);
		if (ini_config_error_count(object) == 0 && line > 0)
			rc = why_set(why, EINVAL, "%s:%u: a name may only have printable ASCII characters", path, line);
		else
			rc = first_error(object, path, why);
	} else {
		struct ini *const ini = alloc_zero(1, sizeof *ini, "a file of sections");

		ini->path = alloc_text(path, "a file of sections");
		collect(object, data, len, ini);
		*ret = ini;
		rc = 0;
	}
	ini_config_destroy(object);
	ini_config_file_destroy(file);
	free(utf8);
	return rc;
}

/* Returns the line in a sentence "path:line: ...", or 0 if it has none. */
static unsigned line_of(const char *path, const struct why *why)
{
	const size_t n = strlen(path);

	return strncmp(why->text, path, n) == 0 && why->text[n] == ':' ? (unsigned)strtoul(why->text + n + 1, NULL, 10)
	                                                               : 0;
}

/* Turns a line into a comment. Returns false if there is no such line. */
static bool strike_out(char *data, size_t len, unsigned line)
{
	char *const end = data + len;
	char *lf;

	for (; line > 1; line--) {
		if ((lf = memchr(data, '\n', (size_t)(end - data))) == NULL)
			return false;
		data = lf + 1;
	}
	if (line == 0 || data == end)
		return false;
	lf = memchr(data, '\n', (size_t)(end - data));
	memset(data, '#', (size_t)((lf == NULL ? end : lf) - data));
	return true;
}

/* Parses without the lines that have an error. Returns the first error, with its sentence in why. */
static int parse_rest(const char *path, char *data, size_t len, struct ini **ret, struct why *why)
{
	struct why more;
	const int rc = ini_parse(path, data, len, ret, why);
	int again = rc;

	more = *why;
	for (int i = 0; again < 0 && i < STRUCK_MAX && strike_out(data, len, line_of(path, &more)); i++)
		again = ini_parse(path, data, len, ret, &more);
	return rc;
}

static int read_fd(const char *path, int fd, bool rest, struct ini **ret, struct why *why)
{
	char name[ESCAPED_MAX];
	struct stat st;
	size_t len = 0;
	ssize_t got = 0;
	char *data;
	int rc;

	escaped(path, name);
	if (fstat(fd, &st) < 0)
		return why_set(why, errno, "%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > INI_FILE_MAX)
		return why_set(why, EINVAL, "%s: not a regular file of at most 16 MiB", name);
	data = alloc_zero(1, (size_t)st.st_size + 1, "a file of sections");
	while (len < (size_t)st.st_size && (got = pread(fd, data + len, (size_t)st.st_size - len, (off_t)len)) > 0)
		len += (size_t)got;
	if (got < 0)
		rc = why_set(why, errno, "%s: %s", name, strerror(errno));
	else
		rc = rest ? parse_rest(path, data, len, ret, why) : ini_parse(path, data, len, ret, why);
	free(data);
	return rc;
}

static int read_path(const char *path, bool rest, struct ini **ret, struct why *why)
{
	char name[ESCAPED_MAX], remedy[REMEDY_MAX];
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	if (fd < 0) {
		const int err = errno;

		escaped(path, name);
		return why_set(why, err, "%s: %s%s", name, strerror(err), remedy_read(err, name, remedy));
	}
	rc = read_fd(path, fd, rest, ret, why);
	(void)close(fd);
	return rc;
}

int ini_read(const char *path, struct ini **ret, struct why *why)
{
	return read_path(path, false, ret, why);
}

int ini_read_rest(const char *path, struct ini **ret, struct why *why)
{
	*ret = NULL;
	return read_path(path, true, ret, why);
}

int ini_read_fd(const char *path, int fd, struct ini **ret, struct why *why)
{
	return read_fd(path, fd, false, ret, why);
}

void ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	for (size_t i = 0; i < ini->n; i++) {
		free(ini->entries[i].section);
		free(ini->entries[i].key);
		free(ini->entries[i].value);
	}
	free(ini->entries);
	free(ini->path);
	free(ini);
}
