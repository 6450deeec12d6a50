#include "pipeline/allowlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/localaddrs.h"
#include "base/nets.h"
#include "base/remedy.h"
#include "base/text.h"
#include "dns/hostnames.h"

enum {
	LINE_MAX_LEN = 1024,
	SHOWN_MAX = 80,
};

/* A file as it was when it was read last. */
struct file {
	const char *path; /* borrowed */
	bool reported;        /* the error that it cannot be read */
	struct stat st;
	struct nets nets;
};

struct allowlist {
	const struct config *config;
	struct file files[CONFIG_WORDS_MAX];
	struct hostnames *hostnames; /* NULL: none */
	struct nets all; /* as the verdict last received them */
	unsigned changes;
	struct verdict *notified;
};

struct allowlist *allowlist_new(const struct config *config)
{
	struct allowlist *const l = alloc_zero(1, sizeof *l, "the allow list");

	l->config = config;
	for (size_t i = 0; i < config->allow.files.n; i++)
		l->files[i].path = config->allow.files.list[i];
	if (config->allow.names.n > 0)
		l->hostnames = hostnames_new(config->allow.names.list, config->allow.names.n, NULL);
	return l;
}

void allowlist_free(struct allowlist *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < CONFIG_WORDS_MAX; i++)
		nets_done(&l->files[i].nets);
	nets_done(&l->all);
	hostnames_free(l->hostnames);
	free(l);
}

/* --- files --- */

static int bad_line(const struct file *f, unsigned line, const char *text, size_t len, struct why *why)
{
	char shown[SHOWN_MAX];

	(void)text_escape((struct span){text, len}, shown, sizeof shown);
	(void)why_set(why, EINVAL, "%s:%u: want an address or a network without host bits, got \"%s\"; the other lines hold",
	              f->path, line, shown);
	return ALLOWLIST_ERROR;
}

/* Lines "NETWORK", "# comment" or nothing; a comment may follow a network. */
static int read_lines(struct file *f, FILE *in, struct nets *ret, struct why *why)
{
	char text[LINE_MAX_LEN];
	unsigned line = 0;
	int result = 0;

	while (fgets(text, sizeof text, in) != NULL) {
		const char *const p = text + strspn(text, " \t");
		const size_t len = strcspn(p, " \t\r\n#;");
		struct net net;

		line++;
		if (len == 0)
			continue;
		if (!net_parse(p, len, &net) || ret->n == ALLOWLIST_FILE_MAX)
			result = result == 0 ? bad_line(f, line, p, len, why) : result;
		else
			nets_add(ret, &net);
	}
	return result;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int cannot_read(struct file *f, struct why *why)
{
	char remedy[REMEDY_MAX];
	const bool reported = f->reported;
	const int err = errno;

	f->reported = true;
	if (reported)
		return 0;
	(void)why_set(why, err, "%s: %s; what it held before holds%s", f->path, strerror(err),
	              remedy_read(err, f->path, remedy));
	return ALLOWLIST_ERROR;
}

/* *ret_changed: the file was reloaded. */
static int read_file(struct file *f, bool *ret_changed, struct why *why)
{
	struct nets nets = {0};
	struct stat st;
	FILE *in;
	int rc;

	if (stat(f->path, &st) < 0)
		return cannot_read(f, why);
	if (is_same(&st, &f->st))
		return 0;
	if ((in = fopen(f->path, "re")) == NULL)
		return cannot_read(f, why);
	rc = read_lines(f, in, &nets, why);
	(void)fclose(in);
	nets_done(&f->nets);
	f->nets = nets;
	f->st = st;
	f->reported = false;
	*ret_changed = true;
	return rc;
}

/* --- all together --- */

static void add_all(struct nets *to, const struct nets *from)
{
	for (size_t i = 0; i < from->n; i++)
		nets_add(to, &from->list[i]);
}

int allowlist_refresh(struct allowlist *l, struct verdict *verdict, struct why *why)
{
	struct net own[LOCALADDRS_MAX];
	struct nets all = {0};
	bool changed = false;
	int result = 0;

	for (size_t i = 0; i < l->config->allow.files.n; i++) {
		struct why this;

		if (read_file(&l->files[i], &changed, &this) != 0 && result == 0) {
			result = ALLOWLIST_ERROR;
			*why = this;
		}
	}
	for (size_t i = 0, n = localaddrs_addresses(own); i < n; i++)
		nets_add(&all, &own[i]);
	for (size_t i = 0; i < l->config->allow.n; i++)
		nets_add(&all, &l->config->allow.nets[i]);
	for (size_t i = 0; i < l->config->allow.files.n; i++)
		add_all(&all, &l->files[i].nets);
	hostnames_add_to(l->hostnames, &all);
	nets_seal(&all);
	if (verdict == NULL || (l->notified == verdict && nets_equal(&all, &l->all))) {
		nets_done(&all);
		return result;
	}
	l->changes += !nets_equal(&all, &l->all);
	verdict_allow(verdict, all.list, all.n);
	verdict_allow_names(verdict, (const char *const *)l->config->allow.clients.list, l->config->allow.clients.n);
	nets_done(&l->all);
	l->all = all;
	l->notified = verdict;
	return result;
}

bool allowlist_overlaps(const struct allowlist *l, const struct net *net)
{
	return nets_overlap(&l->all, net);
}

unsigned allowlist_changes(const struct allowlist *l)
{
	return l->changes;
}

int allowlist_fd(const struct allowlist *l)
{
	return hostnames_fd(l->hostnames);
}

int allowlist_timeout_ms(const struct allowlist *l, int64_t now_ms)
{
	return hostnames_timeout_ms(l->hostnames, now_ms);
}

bool allowlist_turn(struct allowlist *l, int64_t now_ms)
{
	return hostnames_turn(l->hostnames, now_ms);
}

void allowlist_named(const struct allowlist *l, struct nets *nets)
{
	hostnames_add_to(l->hostnames, nets);
}
