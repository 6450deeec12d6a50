#include "base/confdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int is_conf(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(".conf") &&
	       strcmp(entry->d_name + len - strlen(".conf"), ".conf") == 0;
}

/* Sorts by bytes, independent of the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int confdir_list(const char *file, struct confdir *ret, struct why *why)
{
	char *const dir = alloc_format("the configuration", "%s.d", file);
	struct dirent **entries = NULL;
	const int n = scandir(dir, &entries, is_conf, by_name);
	int rc = 0;

	*ret = (struct confdir){.n = 0};
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		rc = why_set(why, errno, "%s: %s", dir, strerror(errno));
	else if (n > CONFDIR_MAX)
		rc = why_set(why, E2BIG, "%s: more than %d files", dir, CONFDIR_MAX);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			ret->paths[ret->n++] = alloc_format("the configuration", "%s/%s", dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	return rc;
}

void confdir_done(struct confdir *dir)
{
	for (size_t i = 0; i < dir->n; i++)
		free(dir->paths[i]);
	dir->n = 0;
}
