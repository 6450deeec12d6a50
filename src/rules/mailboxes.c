#include "rules/mailboxes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/remedy.h"

enum { QUOTED_MAX = 80 }; /* bytes of a line shown in a message */

struct mailboxes {
	char *text; /* the entries in lower case, each NUL-ended */
	size_t used;
	size_t n, size;  /* n: entries; size: slots, a power of two, at least twice n */
	uint32_t *slots; /* offset of an entry in text, plus 1; 0: free */
};

/* --- the set --- */

/* Has no seed: the administrator wrote the entries, so no attacker chose collisions. */
static size_t hash(const char *name, size_t len)
{
	const uint64_t h = hash_bytes(HASH_START, name, len);

	return (size_t)(h ^ h >> 32);
}

/* Returns the slot of the name, which has len bytes before its NUL, or the free one where it belongs. */
static uint32_t *slot_of(const struct mailboxes *m, const char *name, size_t len)
{
	size_t i = hash(name, len) & (m->size - 1);

	while (m->slots[i] != 0 && strcmp(m->text + m->slots[i] - 1, name) != 0)
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

static void grow(struct mailboxes *m)
{
	uint32_t *const old = m->slots;
	const size_t old_size = m->size;

	m->size = old_size == 0 ? 64 : 2 * old_size;
	m->slots = alloc_zero(m->size, sizeof *m->slots, "a list of mail addresses");
	for (size_t i = 0; i < old_size; i++) {
		const char *const name = m->text + old[i] - 1;

		if (old[i] != 0)
			*slot_of(m, name, strlen(name)) = old[i];
	}
	free(old);
}

/* Adds a valid name; m->text has space for it. */
static void add(struct mailboxes *m, struct span name)
{
	char *const copy = m->text + m->used;
	uint32_t *slot;

	for (size_t i = 0; i < name.len; i++)
		copy[i] = text_lower(name.p[i]);
	copy[name.len] = '\0';
	if (2 * (m->n + 1) > m->size)
		grow(m);
	slot = slot_of(m, copy, name.len);
	if (*slot != 0)
		return;
	*slot = (uint32_t)m->used + 1; /* <= MAILBOXES_BYTES_MAX */
	m->used += name.len + 1;
	m->n++;
}

bool mailboxes_has(const struct mailboxes *m, struct span address)
{
	char name[MAILBOXES_NAME_MAX + 1];
	size_t at = address.len;

	if (m->n == 0 || address.len == 0 || address.len > MAILBOXES_NAME_MAX ||
	    memchr(address.p, '\0', address.len) != NULL)
		return false;
	for (size_t i = 0; i < address.len; i++) {
		name[i] = text_lower(address.p[i]);
		if (name[i] == '@')
			at = i;
	}
	name[address.len] = '\0';
	return *slot_of(m, name, address.len) != 0 ||
	       (at < address.len && *slot_of(m, name + at, address.len - at) != 0);
}

/* --- the file --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trimmed(struct span line)
{
	while (line.len > 0 && is_blank(line.p[0]))
		line = (struct span){line.p + 1, line.len - 1};
	while (line.len > 0 && is_blank(line.p[line.len - 1]))
		line.len--;
	return line;
}

/*
 * Returns true for some text, "@" and a domain, without blanks, control characters and angle brackets, which no log
 * writes inside an address.
 */
static bool is_name(struct span name)
{
	const char *const at = memrchr(name.p, '@', name.len);

	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7F || name.p[i] == '<' || name.p[i] == '>')
			return false;
	return at != NULL && at + 1 < name.p + name.len && name.len <= MAILBOXES_NAME_MAX;
}

static int add_line(struct mailboxes *m, const char *path, unsigned number, struct span line, struct why *why)
{
	const struct span name = trimmed(line);
	char quoted[QUOTED_MAX];

	if (name.len == 0 || name.p[0] == '#')
		return 0;
	if (!is_name(name)) {
		(void)text_escape(name, quoted, sizeof quoted);
		return why_set(why, EINVAL, "%s:%u: want a mail address or \"@domain\", got \"%s\"", path, number,
		               quoted);
	}
	if (m->n == MAILBOXES_MAX)
		return why_set(why, EFBIG, "%s:%u: more than %d addresses; name domains (\"@example.org\") instead",
		               path, number, MAILBOXES_MAX);
	add(m, name);
	return 0;
}

int mailboxes_parse(const char *path, struct span text, struct mailboxes **ret, struct why *why)
{
	struct mailboxes *const m = alloc_zero(1, sizeof *m, "a list of mail addresses");
	const char *p = text.p, *const end = text.p + text.len;
	int rc = 0;

	m->text = alloc_raw(text.len + 1, 1, "a list of mail addresses"); /* an entry is no longer than its line */
	for (unsigned number = 1; p < end && rc == 0; number++) {
		const char *const newline = memchr(p, '\n', (size_t)(end - p));
		const size_t len = newline == NULL ? (size_t)(end - p) : (size_t)(newline - p);

		rc = add_line(m, path, number, (struct span){p, len}, why);
		p += len + 1;
	}
	m->text = alloc_resize(m->text, m->used + 1, 1, "a list of mail addresses");
	if (rc < 0)
		mailboxes_free(m);
	else
		*ret = m;
	return rc;
}

/* Reads len bytes, or fewer if the file shrinks meanwhile. */
static int read_all(int fd, char *text, size_t len, size_t *ret_len)
{
	size_t n = 0;

	while (n < len) {
		const ssize_t got = read(fd, text + n, len - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*ret_len = n;
	return 0;
}

static int open_file(const char *path, struct why *why)
{
	char remedy[REMEDY_MAX];
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	const int error = errno;

	if (fd >= 0)
		return fd;
	if (error == ENOENT)
		return why_set(why, error,
		               "%s: no such file; create it, with a mail address or \"@domain\" a line, and reload",
		               path);
	return why_set(why, error, "%s: %s%s", path, strerror(error), remedy_read(error, path, remedy));
}

int mailboxes_read(const char *path, struct mailboxes **ret, struct why *why)
{
	const int fd = open_file(path, why);
	char *text = NULL;
	struct stat st;
	size_t len = 0;
	int rc;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		rc = why_set(why, errno, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = why_set(why, EINVAL, "%s: not a file", path);
	else if (st.st_size > MAILBOXES_BYTES_MAX)
		rc = why_set(why, EFBIG, "%s: larger than %d MiB; name domains (\"@example.org\") instead", path,
		             MAILBOXES_BYTES_MAX >> 20);
	else {
		text = alloc_raw((size_t)st.st_size, 1, "a list of mail addresses");
		rc = read_all(fd, text, (size_t)st.st_size, &len);
		rc = rc < 0 ? why_set(why, -rc, "%s: %s", path, strerror(-rc))
		            : mailboxes_parse(path, (struct span){text, len}, ret, why);
	}
	free(text);
	(void)close(fd);
	return rc;
}

void mailboxes_free(struct mailboxes *m)
{
	if (m == NULL)
		return;
	free(m->text);
	free(m->slots);
	free(m);
}
