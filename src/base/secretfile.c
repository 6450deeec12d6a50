#include "base/secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/remedy.h"

static int refuse_open(const struct secretfile *file, int err, struct why *why)
{
	char user[REMEDY_USER_MAX], remedy[REMEDY_MAX];

	if (err == ENOENT)
		return why_set(why, err, "%s%s: %s; %s", file->of, file->path, strerror(err), file->origin);
	if (err != EACCES || file->for_group)
		return why_set(why, err, "%s%s: %s%s", file->of, file->path, strerror(err),
		               remedy_read(err, file->path, remedy));
	remedy_user(user);
	return why_set(why, err, "%s%s: %s; user %s must own it: 'chown %s %s'", file->of, file->path, strerror(err),
	               user, user, file->path);
}

static int check(const struct secretfile *file, int fd, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return why_set(why, errno, "%s%s: %s", file->of, file->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, EINVAL, "%s%s: not a regular file", file->of, file->path);
	if ((st.st_mode & (file->for_group ? 027 : 077)) != 0)
		return why_set(why, EPERM, "%s%s: %s; 'chmod %s %s', and replace the secret if others may have seen it",
		               file->of, file->path,
		               file->for_group ? "others may read it, or its group may write it" : "others may read it",
		               file->for_group ? "640" : "600", file->path);
	return 0;
}

/* Reads to the end of the file; fails if it is longer than cap. */
static int read_all(const struct secretfile *file, int fd, char *buf, size_t cap, size_t *ret_len, struct why *why)
{
	char more;
	ssize_t n = 1;

	for (*ret_len = 0; *ret_len < cap && n > 0; *ret_len += (size_t)n)
		if ((n = read(fd, buf + *ret_len, cap - *ret_len)) < 0)
			return why_set(why, errno, "%s%s: %s", file->of, file->path, strerror(errno));
	if (n > 0 && read(fd, &more, 1) != 0)
		return why_set(why, EINVAL, "%s%s: longer than %zu bytes", file->of, file->path, cap);
	return 0;
}

int secretfile_read(const struct secretfile *file, char *buf, size_t cap, size_t *ret_len, struct why *why)
{
	const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return refuse_open(file, errno, why);
	if ((rc = check(file, fd, why)) == 0)
		rc = read_all(file, fd, buf, cap, ret_len, why);
	(void)close(fd);
	return rc;
}
