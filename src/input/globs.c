#include "input/globs.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"

/* A file that appears, or a directory that may have become readable. */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_MOVE_SELF | IN_ONLYDIR)

struct globs {
	int fd;
};

bool globs_is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

bool globs_match(const char *pattern, const char *path)
{
	return fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

static void list(const char *pattern, int flags, char ***ret, size_t *ret_n)
{
	char **files = NULL;
	size_t n = 0;
	glob_t found;

	if (glob(pattern, flags, NULL, &found) == 0) {
		n = found.gl_pathc < GLOBS_FILES_MAX ? found.gl_pathc : GLOBS_FILES_MAX;
		files = alloc_zero(n, sizeof *files, "the files of a pattern");
		for (size_t i = 0; i < n; i++)
			files[i] = alloc_text(found.gl_pathv[i], "the files of a pattern");
		globfree(&found);
	}
	*ret = files;
	*ret_n = n;
}

void globs_files(const char *pattern, char ***ret, size_t *ret_n)
{
	list(pattern, 0, ret, ret_n);
}

void globs_free_files(char **files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(files[i]);
	free(files);
}

int globs_new(struct globs **ret, struct why *why)
{
	const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct globs *globs;

	if (fd < 0)
		return why_set(why, errno, "cannot start inotify: %s%s", strerror(errno),
		               errno == EMFILE ? "; see sysctl fs.inotify.max_user_instances" : "");
	globs = alloc_zero(1, sizeof *globs, "the patterns of logs");
	globs->fd = fd;
	*ret = globs;
	return 0;
}

void globs_free(struct globs *globs)
{
	if (globs == NULL)
		return;
	(void)close(globs->fd);
	free(globs);
}

int globs_fd(const struct globs *globs)
{
	return globs->fd;
}

bool globs_news(const struct globs *globs)
{
	_Alignas(struct inotify_event) char events[4096];
	bool any = false;

	while (read(globs->fd, events, sizeof events) > 0)
		any = true;
	return any;
}

/* Watches dir; adding it again changes nothing. Returns 1 if it does not exist or cannot be read. */
static int watch(const struct globs *globs, const char *dir, struct why *why)
{
	if (inotify_add_watch(globs->fd, dir, EVENTS) >= 0)
		return 0;
	if (errno != ENOSPC && errno != ENOMEM)
		return 1;
	return why_set(why, errno, "cannot watch %s: %s; see sysctl fs.inotify.max_user_watches", dir, strerror(errno));
}

/* Watches dir, or the nearest existing directory above it. */
static int watch_nearest(const struct globs *globs, char *dir, struct why *why)
{
	int rc;

	while ((rc = watch(globs, dir, why)) > 0 && strcmp(dir, "/") != 0) {
		char *const slash = strrchr(dir, '/');

		slash[slash == dir] = '\0';
	}
	return rc < 0 ? rc : 0;
}

/* Watches all directories that match a part of a pattern, or the part itself if it has no wildcard. */
static int watch_part(const struct globs *globs, char *part, struct why *why)
{
	char **dirs;
	int rc = 0;
	size_t n;

	if (!globs_is_pattern(part))
		return watch_nearest(globs, part, why);
	list(part, GLOB_ONLYDIR | GLOB_NOSORT, &dirs, &n);
	for (size_t i = 0; i < n && rc >= 0; i++)
		rc = watch(globs, dirs[i], why);
	globs_free_files(dirs, n);
	return rc < 0 ? rc : 0;
}

int globs_find(const struct globs *globs, const char *pattern, char ***ret, size_t *ret_n, struct why *why)
{
	char part[PATH_MAX];
	int rc = 0;

	/* A name with a wildcard may appear in the directories that match the part before it. */
	for (const char *slash = pattern; slash != NULL && rc == 0; slash = strchr(slash + 1, '/')) {
		const char *const next = strchr(slash + 1, '/');
		const size_t len = (size_t)(slash - pattern);
		const size_t name_len = next != NULL ? (size_t)(next - slash) : strlen(slash);
		char name[NAME_MAX + 2];

		(void)snprintf(name, sizeof name, "%.*s", (int)(name_len < NAME_MAX ? name_len : NAME_MAX), slash);
		if (!globs_is_pattern(name))
			continue;
		(void)snprintf(part, sizeof part, "%.*s", len > 0 ? (int)len : 1, pattern);
		rc = watch_part(globs, part, why);
	}
	globs_files(pattern, ret, ret_n);
	return rc;
}
