#include "report/replace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

enum { MODE_NEW = 0644 };

static void forget(struct replace *r)
{
	free(r->path);
	free(r->beside);
	*r = (struct replace){0};
}

/* Nobody means to replace one by a report, least of all ours. Its first bytes: sqlite.org/fileformat.html, 1.3. */
static bool is_database(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof magic];
	FILE *const file = fopen(path, "re");
	const bool is = file != NULL && fread(head, 1, sizeof head, file) == sizeof head &&
	                memcmp(head, magic, sizeof head) == 0;

	if (file != NULL)
		(void)fclose(file);
	return is;
}

int replace_open(struct replace *r, const char *path, struct why *why)
{
	struct stat old;
	const bool is_there = lstat(path, &old) == 0;
	int fd, rc;

	if (is_there && !S_ISREG(old.st_mode)) /* such as /dev/stdout: root would replace it by a file */
		return why_set(
			why, EINVAL,
			"%s is a device, a link or a directory, which cannot be replaced by a file; name another one, or use standard output",
			path);
	if (is_there && is_database(path))
		return why_set(why, EINVAL, "%s is an SQLite database, which is not replaced; name another one", path);
	*r = (struct replace){.path = alloc_text(path, "a file's name"),
	                      .beside = alloc_format("a file's name", "%s.XXXXXX", path)};
	fd = mkstemp(r->beside);
	if (fd < 0) {
		rc = why_set(why, errno, "cannot write beside %s: %s", path, strerror(errno));
		forget(r);
		return rc;
	}
	(void)fchmod(fd, is_there ? old.st_mode & 07777 : MODE_NEW);
	r->out = alloc_check(fdopen(fd, "w"), 0, "a file's stream");
	return 0;
}

int replace_commit(struct replace *r, struct why *why)
{
	bool bad = fflush(r->out) != 0 || ferror(r->out) || fsync(fileno(r->out)) < 0;
	int rc = bad ? -errno : 0;

	if (bad && rc == 0)
		rc = -EIO; /* an earlier write failed; its errno is lost */
	(void)fclose(r->out);
	if (rc == 0 && rename(r->beside, r->path) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)unlink(r->beside);
		(void)why_set(why, -rc, "cannot write %s: %s", r->path, strerror(-rc));
	}
	forget(r);
	return rc;
}

void replace_abandon(struct replace *r)
{
	(void)fclose(r->out);
	(void)unlink(r->beside);
	forget(r);
}
