#include "input/readable.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	GROUP_LINES_MAX = 10000,
	GROUP_NAME_MAX = 64,
};

int readable_user(const char *name, struct readable_user *ret, struct why *why)
{
	const struct passwd *pw;
	int n = READABLE_GROUPS_MAX;

	*ret = (struct readable_user){.name = name, .uid = geteuid()};
	if (name[0] == '\0') {
		n = getgroups(READABLE_GROUPS_MAX - 1, ret->gids);
		ret->n_gids = n > 0 ? (size_t)n : 0;
		ret->gids[ret->n_gids++] = getegid();
		return 0;
	}
	if ((pw = getpwnam(name)) == NULL)
		return why_set(why, ENOENT,
		               "no user \"%s\"; create it with 'systemd-sysusers' or 'useradd -r %s', or name another "
		               "in [run] user",
		               name, name);
	ret->uid = pw->pw_uid;
	if (getgrouplist(name, pw->pw_gid, ret->gids, &n) < 0)
		n = READABLE_GROUPS_MAX; /* further groups are ignored */
	ret->n_gids = (size_t)n;         /* 1 ... READABLE_GROUPS_MAX */
	return 0;
}

static bool has_group(const struct readable_user *user, gid_t gid)
{
	for (size_t i = 0; i < user->n_gids; i++)
		if (user->gids[i] == gid)
			return true;
	return false;
}

/* Checks the mode bits. bit: 4 to read, 1 to enter a directory. As in the kernel, the first matching class decides. */
static bool may(const struct stat *st, const struct readable_user *user, mode_t bit)
{
	if (user->uid == 0)
		return true;
	if (st->st_uid == user->uid)
		return (st->st_mode & (bit << 6)) != 0;
	if (has_group(user, st->st_gid))
		return (st->st_mode & (bit << 3)) != 0;
	return (st->st_mode & bit) != 0;
}

/*
 * Copies the next directory on the path to dir, and returns true if there is one. *at: bytes of path already passed, 0
 * at first.
 */
static bool next_directory(const char *path, size_t *at, char dir[static PATH_MAX])
{
	const char *const slash = strchr(path + *at, '/');

	if (slash == NULL || slash - path >= PATH_MAX - 1)
		return false;
	(void)snprintf(dir, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	*at = (size_t)(slash - path) + 1;
	return true;
}

int readable_by(const char *path, const struct readable_user *user, struct why *why)
{
	char dir[PATH_MAX];
	struct stat st;

	for (size_t at = 0; next_directory(path, &at, dir);)
		if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && !may(&st, user, 1))
			return why_set(why, EACCES, "cannot read %s: %s is closed to user %s", path, dir, user->name);
	if (stat(path, &st) < 0)
		return why_set(why, errno, "cannot read %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return why_set(why, EISDIR, "cannot read %s: it is a directory", path);
	if (!S_ISREG(st.st_mode))
		return why_set(why, EINVAL, "cannot read %s: it is not a regular file", path);
	if (!may(&st, user, 4))
		return why_set(why, EACCES, "cannot read %s: Permission denied", path);
	return 0;
}

/* --- remedies --- */

/* Writes the name of the group, or "" if /etc/group does not have it. */
static void group_name(gid_t gid, char out[static GROUP_NAME_MAX])
{
	FILE *const file = fopen("/etc/group", "re");
	const struct group *gr = NULL;
	unsigned lines = 0;

	out[0] = '\0';
	if (file == NULL)
		return;
	while ((gr = fgetgrent(file)) != NULL && gr->gr_gid != gid && ++lines < GROUP_LINES_MAX)
		;
	if (gr != NULL && gr->gr_gid == gid)
		(void)snprintf(out, GROUP_NAME_MAX, "%s", gr->gr_name);
	(void)fclose(file);
}

/* The file or directory itself denies access. bit and modes: what its group needs, such as 4 and "r". */
static void open_up(const char *path, const struct stat *st, mode_t bit, const char *modes, const char *user,
                    struct why *remedy)
{
	char group[GROUP_NAME_MAX];

	group_name(st->st_gid, group);
	if (user[0] == '\0')
		(void)why_set(remedy, EACCES, "run it as a user that may read %s", path);
	else if ((st->st_mode & (bit << 3)) != 0 && st->st_gid != 0 && group[0] != '\0')
		(void)why_set(remedy, EACCES, "usermod -aG %s %s, then systemctl restart watchforspammers", group,
		              user);
	else
		(void)why_set(remedy, EACCES,
		              "user %s may not read %s: chgrp adm %s && chmod g+%s %s, and put %s into group adm", user,
		              path, path, modes, path, user);
}

/*
 * Returns true for Docker's json-file logs. Only root may read them, and that is also true for containers created
 * later, so changing the mode of existing files does not help.
 */
static bool is_closed_by_docker(const char *path, const char *user)
{
	static const char end[] = "-json.log";
	const size_t len = strlen(path);

	return strcmp(user, "root") != 0 && (strstr(path, "/docker/containers/") != NULL ||
	                                     (len > strlen(end) && strcmp(path + len - strlen(end), end) == 0));
}

static void leave_docker_files(struct why *remedy)
{
	(void)why_set(remedy, EACCES,
	              "Docker's json-file logs are for root alone: write { \"log-driver\": \"journald\" } to "
	              "/etc/docker/daemon.json, recreate the containers, and set [journal] read = yes; see "
	              "watchforspammers-containers(7)");
}

bool readable_journal_only(void)
{
	return access("/run/systemd/journal", F_OK) == 0 && access("/usr/sbin/rsyslogd", X_OK) < 0 &&
	       access("/usr/sbin/syslog-ng", X_OK) < 0 && access("/usr/sbin/syslogd", X_OK) < 0;
}

void readable_remedy(const char *path, const char *user, struct why *remedy)
{
	char dir[PATH_MAX], last[PATH_MAX] = "/";
	struct stat st, in = {0};

	if (stat(path, &st) == 0) {
		if (S_ISREG(st.st_mode) && is_closed_by_docker(path, user))
			leave_docker_files(remedy);
		else if (S_ISREG(st.st_mode))
			open_up(path, &st, 4, "r", user, remedy);
		else
			(void)why_set(remedy, EINVAL,
			              "name a regular file in [log]: directories, FIFOs and sockets are not read");
		return;
	}
	if (errno != EACCES) {
		(void)why_set(remedy, ENOENT,
		              readable_journal_only()
		                      ? "mail logs are in the journal only: set [journal] read = yes, and restart"
		                      : "name the log that your mail server writes in [log], and restart; "
		                        "if it does not exist yet, the daemon waits for it");
		return;
	}
	if (is_closed_by_docker(path, user)) {
		leave_docker_files(remedy);
		return;
	}
	/* The last directory that stat can reach is the one that denies access. */
	for (size_t at = 0; next_directory(path, &at, dir) && stat(dir, &st) == 0;) {
		(void)snprintf(last, sizeof last, "%s", dir);
		in = st;
	}
	open_up(last, &in, 1, "x", user, remedy);
}

void readable_pattern_remedy(const char *pattern, const char *user, struct why *remedy)
{
	if (is_closed_by_docker(pattern, user))
		leave_docker_files(remedy);
	else
		(void)why_set(remedy, ENOENT, "check the path, and that [run] user may list its directories");
}
