#include "base/remedy.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	GROUP_NAME_MAX = 64,
	LINES_MAX = 10000, /* lines of /etc/passwd and /etc/group that are read */
	GROUPS_MAX = 256,
};

/* --- the user of this process --- */

void remedy_user(char out[static REMEDY_USER_MAX])
{
	FILE *const file = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;

	(void)snprintf(out, REMEDY_USER_MAX, "%u", (unsigned)geteuid());
	for (unsigned i = 0; file != NULL && i < LINES_MAX && (pw = fgetpwent(file)) != NULL; i++)
		if (pw->pw_uid == geteuid()) {
			(void)snprintf(out, REMEDY_USER_MAX, "%s", pw->pw_name);
			break;
		}
	if (file != NULL)
		(void)fclose(file);
}

static bool is_ours(gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	const int n = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return gid == getegid();
}

/* Writes the group that should read a file: adm, which reads logs on Debian, if we are in it, else our own. */
static void group_name(char out[static GROUP_NAME_MAX])
{
	FILE *const file = fopen("/etc/group", "re");
	const struct group *gr = NULL;

	(void)snprintf(out, GROUP_NAME_MAX, "%u", (unsigned)getegid());
	for (unsigned i = 0; file != NULL && i < LINES_MAX && (gr = fgetgrent(file)) != NULL; i++) {
		const bool adm = strcmp(gr->gr_name, "adm") == 0 && is_ours(gr->gr_gid);

		if (adm || gr->gr_gid == getegid())
			(void)snprintf(out, GROUP_NAME_MAX, "%s", gr->gr_name);
		if (adm)
			break;
	}
	if (file != NULL)
		(void)fclose(file);
}

/* --- where it is --- */

/* Writes the directory of path without a "/" at its end; "/" itself stays. */
static void directory_of(const char *path, char out[static PATH_MAX])
{
	const char *const slash = strrchr(path, '/');
	const size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

	(void)snprintf(out, PATH_MAX, "%.*s", len == 0 ? 1 : (int)len, len == 0 ? "." : path);
}

/* Finds the first directory on the path that we may not enter. */
static bool closed_directory(const char *path, char out[static PATH_MAX])
{
	for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
		(void)snprintf(out, PATH_MAX, "%.*s", p == path ? 1 : (int)(p - path), path);
		if (access(out, X_OK) < 0 && errno == EACCES)
			return true;
	}
	return false;
}

/* Returns which of names is a directory above path, or NULL. */
static const char *below(const char *path, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const size_t len = strlen(names[i]);

		if (strncmp(path, names[i], len) == 0 && path[len] == '/')
			return names[i];
	}
	return NULL;
}

/*
 * Returns the home that systemd hides from us, or NULL: with ProtectHome=yes it covers the homes with a directory that
 * is closed even to root.
 */
static const char *hidden_home(const char *path)
{
	static const char *const homes[] = {"/home", "/root", "/run/user"};
	const char *const home = below(path, homes, sizeof homes / sizeof *homes);
	struct stat st;

	if (getenv("NOTIFY_SOCKET") == NULL || home == NULL || stat(home, &st) < 0 || (st.st_mode & 07777) != 0)
		return NULL;
	return home;
}

/* Returns the temporary directory that systemd made private for us (PrivateTmp=yes), or NULL. */
static const char *private_tmp(const char *path)
{
	static const char *const all[] = {"/tmp", "/var/tmp"};
	const char *const tmp = below(path, all, sizeof all / sizeof *all);
	FILE *const mounts =
		getenv("NOTIFY_SOCKET") == NULL || tmp == NULL ? NULL : fopen("/proc/self/mountinfo", "re");
	bool is_private = false;
	char line[PATH_MAX];

	while (mounts != NULL && !is_private && fgets(line, sizeof line, mounts) != NULL)
		is_private = strstr(line, "/systemd-private-") != NULL;
	if (mounts != NULL)
		(void)fclose(mounts);
	return is_private ? tmp : NULL;
}

__attribute__((format(printf, 2, 3))) static void add_remedy(char out[static REMEDY_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out, REMEDY_MAX, fmt, ap);
	va_end(ap);
}

/* How to write a systemd drop-in with one setting. */
#define DROP_IN                                                                                                        \
	": 'systemctl edit watchforspammers', write the lines \"[Service]\" and \"%s%s\", 'systemctl restart "         \
	"watchforspammers'"

const char *remedy_read(int err, const char *path, char out[static REMEDY_MAX])
{
	const char *const hidden = hidden_home(path), *const tmp = private_tmp(path);
	char user[REMEDY_USER_MAX], group[GROUP_NAME_MAX], dir[PATH_MAX];

	out[0] = '\0';
	remedy_user(user);
	group_name(group);
	if (hidden != NULL && (err == EACCES || err == ENOENT))
		add_remedy(out, "; systemd hides %s from its services" DROP_IN, hidden, "ProtectHome=", "read-only");
	else if (tmp != NULL && err == ENOENT)
		add_remedy(out, "; systemd gives the service a private %s" DROP_IN, tmp, "PrivateTmp=", "no");
	else if (err == EACCES && closed_directory(path, dir))
		add_remedy(out, "; user %s may not enter %s: 'chmod o+x %s'", user, dir, dir);
	else if (err == EACCES)
		add_remedy(out, "; user %s may not read it: 'chgrp %s %s; chmod g+r %s'", user, group, path, path);
	return out;
}

const char *remedy_write(int err, const char *path, char out[static REMEDY_MAX])
{
	const char *const hidden = hidden_home(path), *const tmp = private_tmp(path);
	char user[REMEDY_USER_MAX], dir[PATH_MAX], closed[PATH_MAX];

	out[0] = '\0';
	remedy_user(user);
	directory_of(path, dir);
	if (hidden != NULL && (err == EACCES || err == ENOENT))
		add_remedy(out, "; systemd hides %s from its services" DROP_IN, hidden, "ProtectHome=", "no");
	else if (tmp != NULL && err == ENOENT)
		add_remedy(out, "; systemd gives the service a private %s" DROP_IN, tmp, "PrivateTmp=", "no");
	else if (err == EROFS && getenv("NOTIFY_SOCKET") != NULL)
		add_remedy(out, "; systemd lets the service write only to permitted directories" DROP_IN,
		           "ReadWritePaths=", dir);
	else if (err == ENOENT)
		add_remedy(out, "; create its directory: 'install -d -o %s -m 750 %s'", user, dir);
	else if (err == EACCES && closed_directory(path, closed))
		add_remedy(out, "; user %s may not enter %s: 'chmod o+x %s'", user, closed, closed);
	else if (err == EACCES)
		add_remedy(out, "; user %s may not write there: 'chown %s %s'", user, user, dir);
	return out;
}
