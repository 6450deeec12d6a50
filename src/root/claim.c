#include "root/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_TEXT_MAX = 16 };

/* Returns false if the owner removed the file after we opened it and before we locked it. */
static bool is_still_there(const struct claim_lock *lock)
{
	struct stat ours, there;

	return fstat(lock->fd, &ours) == 0 && lstat(lock->path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

static void drop(struct claim_lock *lock)
{
	if (lock->fd < 0)
		return;
	(void)unlink(lock->path); /* while still locked, so that no other process holds it */
	(void)close(lock->fd);
	lock->fd = -1;
}

static int error_held(const struct claim_lock *lock, const char *what, const char *name, struct why *why)
{
	char pid[PID_TEXT_MAX] = "";

	(void)!pread(lock->fd, pid, sizeof pid - 1, 0);
	return why_set(
		why, EALREADY,
		"another watchforspammers%s%.*s%s has %s \"%s\"; stop it, or set another [firewall] chain and list",
		pid[0] == '\0' ? "" : " (process ", (int)strspn(pid, "0123456789"), pid, pid[0] == '\0' ? "" : ")",
		what, name);
}

/* what: "chain" or "list". name: one that root_check accepts. */
static int lock_one(struct claim_lock *lock, const char *what, const char *name, struct why *why)
{
	char pid[PID_TEXT_MAX];
	struct stat net;
	int rc = 0;

	if (stat("/proc/self/ns/net", &net) < 0)
		return why_set(why, errno, "/proc/self/ns/net: %s", strerror(errno));
	(void)snprintf(lock->path, sizeof lock->path, "/run/watchforspammers-%s-%s-%" PRIuMAX ".lock", what, name,
	               (uintmax_t)net.st_ino);
	do {
		if (lock->fd >= 0)
			(void)close(lock->fd);
		lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (lock->fd < 0)
			return why_set(why, errno, "%s: %s%s", lock->path, strerror(errno),
			               errno == EACCES ? "; run as root" : "");
		if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0) {
			rc = errno == EWOULDBLOCK ? error_held(lock, what, name, why)
			                          : why_set(why, errno, "%s: %s", lock->path, strerror(errno));
			(void)close(lock->fd);
			lock->fd = -1;
			return rc;
		}
	} while (!is_still_there(lock));
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	(void)!ftruncate(lock->fd, 0); /* the number is for people: only the lock counts */
	(void)!pwrite(lock->fd, pid, strlen(pid), 0);
	return 0;
}

int claim_take(const struct root_config *config, struct claim *ret, struct why *why)
{
	int rc = 0;

	*ret = (struct claim){.chain = {.fd = -1}, .list = {.fd = -1}};
	if (config->manage_rules)
		rc = lock_one(&ret->chain, "chain", config->chain, why);
	if (rc == 0)
		rc = lock_one(&ret->list, "list", config->list, why);
	if (rc < 0)
		claim_drop(ret);
	return rc;
}

void claim_drop(struct claim *claim)
{
	drop(&claim->chain);
	drop(&claim->list);
}
