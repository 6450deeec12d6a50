#include "control/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
	NOBODY = -1, /* no such group */
	PASSWD_LINES_MAX = 10000,
};

void rights_init(struct rights_groups *groups, const char *writers, const char *readers, const char *sharers)
{
	(void)snprintf(groups->writers, sizeof groups->writers, "%s", writers);
	(void)snprintf(groups->readers, sizeof groups->readers, "%s", readers);
	(void)snprintf(groups->sharers, sizeof groups->sharers, "%s", sharers);
	for (size_t i = 0; i < RIGHTS_N; i++)
		groups->gids[i] = NOBODY;
}

static const char *name_of(const struct rights_groups *groups, enum rights rights)
{
	return rights == RIGHTS_WRITE ? groups->writers : rights == RIGHTS_SHARE ? groups->sharers : groups->readers;
}

int rights_give(struct rights_groups *groups, enum rights rights, const char *path, struct why *why)
{
	const char *const name = name_of(groups, rights);
	const struct group *group;

	if (name[0] == '\0')
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (group == NULL) {
		(void)why_set(why, ENOENT,
		              "%s: there is no group \"%s\"; only root and the daemon's own user may use it", path,
		              name);
		return RIGHTS_LIMITED;
	}
	groups->gids[rights] = group->gr_gid;
	if (chown(path, (uid_t)-1, group->gr_gid) == 0)
		return 0;
	(void)why_set(why, errno,
	              "%s: cannot give it to group \"%s\": %s; make the daemon's user a member of that group. "
	              "Until then only root and that user may use it",
	              path, name, strerror(errno));
	return RIGHTS_LIMITED;
}

/*
 * Returns all groups of the peer and their number *ret_n; the caller frees them. NULL if the kernel does not report
 * them.
 */
static gid_t *groups_of(int fd, size_t *ret_n)
{
	socklen_t size = 0;
	gid_t *groups;

	*ret_n = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return NULL;
	groups = alloc_raw(1, size, "the groups of a peer");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		free(groups);
		return NULL;
	}
	*ret_n = size / sizeof *groups;
	return groups;
}

enum rights rights_of(const struct rights_groups *groups, int fd, uid_t *ret_uid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	enum rights rights = RIGHTS_NONE;
	size_t n;
	gid_t *gids;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return RIGHTS_NONE;
	*ret_uid = peer.uid;
	if (peer.uid == 0 || peer.uid == geteuid())
		return RIGHTS_WRITE;
	gids = groups_of(fd, &n);
	for (size_t i = 0; i <= n; i++) {
		const int64_t gid = i < n ? gids[i] : peer.gid;

		for (size_t r = RIGHTS_READ; r < RIGHTS_N; r++)
			if (gid == groups->gids[r] && r > rights)
				rights = (enum rights)r; /* below RIGHTS_N */
	}
	free(gids);
	return rights;
}

/* Reads /etc/passwd itself, because other name services may block for long. */
void rights_user_name(uid_t uid, char out[static RIGHTS_USER_MAX])
{
	FILE *const file = fopen("/etc/passwd", "re");
	const struct passwd *pw;
	unsigned lines = 0;

	out[0] = '\0';
	if (file == NULL)
		return;
	while ((pw = fgetpwent(file)) != NULL && pw->pw_uid != uid && ++lines < PASSWD_LINES_MAX)
		;
	if (pw != NULL && pw->pw_uid == uid)
		(void)snprintf(out, RIGHTS_USER_MAX, "%s", pw->pw_name);
	(void)fclose(file);
}

void rights_refusal(const struct rights_groups *groups, bool writing, char out[static WHY_MAX])
{
	const bool readers = !writing && groups->readers[0] != '\0';

	if (groups->writers[0] == '\0' && !readers)
		(void)snprintf(out, WHY_MAX, "no permission: only root and the daemon's own user may do this");
	else
		(void)snprintf(out, WHY_MAX, "no permission: root may do this, and group \"%s\"%s%s%s", groups->writers,
		               readers ? " or \"" : "", readers ? groups->readers : "", readers ? "\"" : "");
}
