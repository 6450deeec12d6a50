#include "engine/handed.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/confdir.h"

enum { NAME_MAX_BYTES = 512 };

/* Writes the kernel's name of an open file, for messages. */
static void name_of(int fd, const char *main, char out[static NAME_MAX_BYTES])
{
	char link[32];
	ssize_t len;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, out, NAME_MAX_BYTES - 1);
	if (len > 0)
		out[len] = '\0';
	else
		(void)snprintf(out, NAME_MAX_BYTES, "a file of %.*s.d", NAME_MAX_BYTES / 2, main);
}

int handed_config(const struct handed *handed, struct config **ret, struct why *why)
{
	char names[1 + CONFDIR_MAX][NAME_MAX_BYTES];
	struct config_file files[1 + CONFDIR_MAX];
	uint32_t n;
	int rc = 0;

	for (n = 0; rc == 0 && n <= CONFDIR_MAX; n++) {
		files[n] = (struct config_file){handed->path, -1};
		rc = client_config(handed->client, n, &files[n].fd, why);
		if (rc == -ENOENT && n > 0) {
			rc = 0;
			break; /* there are no more */
		}
		if (rc == -ENOENT && handed->may_be_absent)
			rc = 0;
		if (rc == 0 && n > 0) {
			name_of(files[n].fd, handed->path, names[n]);
			files[n].path = names[n];
		}
	}
	if (rc == 0)
		rc = config_read_files(files, n, ret, why);
	for (uint32_t i = 0; i < n; i++)
		if (files[i].fd >= 0)
			(void)close(files[i].fd);
	return rc;
}
