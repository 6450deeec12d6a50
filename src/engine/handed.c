#include "engine/handed.h"

#include <errno.h>
#include <unistd.h>

int handed_config(const struct handed *handed, struct config **ret, struct why *why)
{
	int fd = -1;
	int rc = client_config(handed->client, &fd, why);

	if (rc < 0 && !(rc == -ENOENT && handed->may_be_absent))
		return rc;
	rc = config_read_fd(handed->path, fd, ret, why);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}
