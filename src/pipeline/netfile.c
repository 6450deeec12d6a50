#include "pipeline/netfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/remedy.h"
#include "base/text.h"

enum {
	LINE = 1024,
	SHOWN_MAX = 80,
	FIRST_CAP = 64,
};

/* --- a line --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/*
 * Returns the value of the member "cidr"; networks need no escapes. Returns length 0 if there is no such member; if its
 * value is not a string, returns the rest of the line, which is not a network.
 */
static struct span find_cidr(const char *p, const char *end)
{
	static const char key[] = "\"cidr\"";
	const char *const found = memmem(p, (size_t)(end - p), key, sizeof key - 1), *quote;

	if (found == NULL)
		return (struct span){p, 0};
	p = skip_blanks(found + sizeof key - 1, end);
	p = skip_blanks(p < end && *p == ':' ? p + 1 : p, end);
	if (p == end || *p != '"')
		return (struct span){found, (size_t)(end - found)};
	p++;
	quote = memchr(p, '"', (size_t)(end - p));
	return (struct span){p, (size_t)((quote != NULL ? quote : end) - p)};
}

/* Returns where the network should be; length 0 if the line has none. */
static struct span find_net(const char *line, size_t len)
{
	const char *const end = line + len, *const p = skip_blanks(line, end), *at = p;

	if (p < end && *p == '{')
		return find_cidr(p, end);
	while (at < end && !is_blank(*at) && *at != '#' && *at != ';')
		at++;
	return (struct span){p, (size_t)(at - p)};
}

enum netfile_line netfile_parse(const char *line, size_t len, struct net *ret)
{
	const struct span text = find_net(line, len);

	if (text.len == 0)
		return NETFILE_NOTHING;
	return net_parse(text.p, text.len, ret) ? NETFILE_NET : NETFILE_BAD;
}

/* --- a file --- */

/* Counts a bad line. The first one becomes the file's trouble. */
static void note_bad(struct netfile *f, uint32_t number, const char *line, size_t len)
{
	const struct span text = find_net(line, len);
	char shown[SHOWN_MAX];

	if (f->n_bad++ > 0)
		return;
	(void)text_escape(text, shown, sizeof shown);
	(void)why_set(&f->trouble, EINVAL,
	              "%s:%u: want an address or a network without host bits, got \"%s\"; the other lines hold",
	              f->path, number, shown);
}

static void add(struct netfile *f, const struct net *net, uint32_t number)
{
	if (f->n == f->cap) {
		f->cap = f->cap == 0 ? FIRST_CAP : 2 * f->cap;
		f->list = alloc_resize(f->list, f->cap, sizeof *f->list, "a list of networks");
	}
	f->list[f->n++] = (struct netfile_entry){*net, number};
}

/* Reads the next line, without its newline and skipping anything beyond LINE bytes. Returns false at the end. */
static bool next_line(FILE *in, char line[static LINE], size_t *ret_len)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (n < LINE)
			line[n++] = (char)c;
	*ret_len = n;
	return c != EOF || n > 0;
}

static void add_line(struct netfile *f, uint32_t number, const char *line, size_t len)
{
	struct net net;

	switch (netfile_parse(line, len, &net)) {
	case NETFILE_NOTHING:
		break;
	case NETFILE_NET:
		if (f->n < NETFILE_MAX)
			add(f, &net, number);
		else if (f->n_bad++ == 0)
			(void)why_set(&f->trouble, E2BIG, "%s:%u: more than %d networks; what follows is left out",
			              f->path, number, NETFILE_MAX);
		break;
	case NETFILE_BAD:
		note_bad(f, number, line, len);
		break;
	}
}

static void read_lines(struct netfile *f, FILE *in)
{
	char line[LINE];
	uint32_t number = 0;
	size_t len;

	f->n = f->n_bad = 0;
	f->trouble.text[0] = '\0';
	while (next_line(in, line, &len))
		add_line(f, ++number, line, len);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int cannot_read(struct netfile *f, int err, struct why *why)
{
	const bool known = f->unreadable;
	char remedy[REMEDY_MAX];

	f->unreadable = true;
	(void)why_set(&f->trouble, err, "%s: %s; %s%s", f->path, err == EINVAL ? "not a regular file" : strerror(err),
	              f->st.st_ino == 0 ? "no network of it is known" : "what it held before holds",
	              remedy_read(err, f->path, remedy));
	*why = f->trouble;
	return known ? 0 : NETFILE_ERROR;
}

/* Returns NULL on error, with the errno in *ret_err. */
static FILE *open_file(const struct netfile *f, struct stat *ret_st, int *ret_err)
{
	const int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	FILE *in = NULL;

	if (fd >= 0 && fstat(fd, ret_st) == 0) {
		errno = EINVAL;
		in = S_ISREG(ret_st->st_mode) ? fdopen(fd, "r") : NULL;
	}
	*ret_err = errno;
	if (in == NULL && fd >= 0)
		(void)close(fd);
	return in;
}

int netfile_refresh(struct netfile *f, bool *ret_changed, struct why *why)
{
	struct stat st;
	FILE *in;
	int err;

	if (stat(f->path, &st) < 0)
		return cannot_read(f, errno, why);
	if (is_same(&st, &f->st) && !f->unreadable)
		return 0;
	if ((in = open_file(f, &st, &err)) == NULL)
		return cannot_read(f, err, why);
	read_lines(f, in);
	(void)fclose(in);
	f->st = st;
	f->unreadable = false;
	*ret_changed = true;
	if (f->trouble.text[0] == '\0')
		return 0;
	*why = f->trouble;
	return NETFILE_ERROR;
}

const char *netfile_trouble(const struct netfile *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (files[i].trouble.text[0] != '\0')
			return files[i].trouble.text;
	return NULL;
}

void netfile_move(struct netfile *to, size_t n_to, struct netfile *from, size_t n_from)
{
	for (size_t i = 0; i < n_to; i++)
		for (size_t k = 0; k < n_from; k++)
			if (strcmp(to[i].path, from[k].path) == 0) {
				const char *const path = to[i].path;

				to[i] = from[k];
				to[i].path = path;
				from[k] = (struct netfile){.path = from[k].path};
				break;
			}
}

void netfile_done(struct netfile *f)
{
	free(f->list);
	*f = (struct netfile){.path = f->path};
}
