#include "engine/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "build.h" /* WFS_SANITIZED */

int sandbox_become(const char *user, struct why *why)
{
	const struct passwd *pw;

	if (user[0] == '\0')
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return why_set(why, ENOENT,
		               "no user \"%s\"; create it with 'systemd-sysusers' or 'useradd -r %s', "
		               "or name another in [run] user",
		               user, user);
	if (geteuid() == pw->pw_uid && pw->pw_uid != 0)
		return 0;
	if (geteuid() != 0)
		return why_set(why, EPERM, "only root can become user %s; run as root, or leave [run] user empty",
		               user);
	if (initgroups(user, pw->pw_gid) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return why_set(why, errno, "cannot become user %s: %s", user, strerror(errno));
	if (pw->pw_uid != 0 && (setuid(0) == 0 || seteuid(0) == 0 || geteuid() != pw->pw_uid))
		return why_set(why, EPERM, "became user %s but could become root again", user);
	return 0;
}

/*
 * Finds the owner of path's directory, and a group of that user. Returns false if it is root, or if there is no
 * directory.
 */
static bool is_anothers(const char *path, uid_t *ret_uid, gid_t *ret_gid)
{
	const char *const slash = strrchr(path, '/');
	const struct passwd *pw;
	char dir[PATH_MAX];
	struct stat st;

	(void)snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	               slash == NULL ? "." : path);
	if (geteuid() != 0 || stat(dir, &st) < 0 || st.st_uid == 0)
		return false;
	pw = getpwuid(st.st_uid);
	*ret_uid = st.st_uid;
	*ret_gid = pw != NULL ? pw->pw_gid : st.st_gid;
	return true;
}

int sandbox_as_owner(const char *path, bool *ret_became, struct why *why)
{
	uid_t uid;
	gid_t gid;

	*ret_became = false;
	if (!is_anothers(path, &uid, &gid))
		return 0;
	if (setgroups(1, &gid) < 0 || setegid(gid) < 0 || seteuid(uid) < 0)
		return why_set(why, errno, "%s: cannot become the owner of its directory, uid %u: %s", path,
		               (unsigned)uid, strerror(errno));
	/* The switch cleared all effective capabilities; the permitted ones remain, for the way back. */
	if (capng_get_caps_process() != 0 || capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH) != 0 ||
	    capng_apply(CAPNG_SELECT_CAPS) != 0)
		return why_set(why, EPERM, "%s: cannot keep the permission to read logs as uid %u", path,
		               (unsigned)uid);
	*ret_became = true;
	return 0;
}

/* --- landlock: the C library has no functions for it --- */

/* Since Landlock's third version, which is newer than Debian 12's header. */
#define TRUNCATE (UINT64_C(1) << 14)

/* What the engine may do beside its database and its sockets. */
#define BESIDE                                                                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                  \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | TRUNCATE)

/* What it may do nowhere else. */
#define CHANGING                                                                                                       \
	(BESIDE | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |          \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_DIR |                    \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR)

/* Allows writing in the directory of path. A directory that is missing needs no rule: nothing can be created in it. */
static int allow_directory(int rules, const char *path, uint64_t handled, struct why *why)
{
	char dir[PATH_MAX];
	struct landlock_path_beneath_attr attr = {.allowed_access = BESIDE & handled};
	const char *const slash = strrchr(path, '/');
	int rc = 0;

	(void)snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	               slash == NULL ? "." : path);
	attr.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (attr.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0)
		rc = why_set(why, errno, "landlock: cannot allow writing in %s: %s", dir, strerror(errno));
	(void)close(attr.parent_fd);
	return rc;
}

static int allow_beside(int rules, const char *path, uint64_t handled, struct why *why)
{
	const size_t len = strlen(path);
	char real[PATH_MAX];
	int rc = allow_directory(rules, path, handled, why);

	/*
	 * SQLite's other files are beside the file that a link leads to. A path that ends with a slash is the directory
	 * itself.
	 */
	if (rc == 0 && len > 0 && path[len - 1] != '/' && realpath(path, real) != NULL)
		rc = allow_directory(rules, real, handled, why);
	return rc;
}

static int restrict_writing(const char *const paths[], size_t n, struct why *why)
{
	const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct landlock_ruleset_attr attr = {.handled_access_fs = version < 3 ? CHANGING & ~TRUNCATE : CHANGING};
	int rules, fd, rc = 0;

	if (version < 1)
		return 0; /* no Landlock in this kernel; file permissions and seccomp still apply */
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0); /* a file descriptor */
	if (rules < 0)
		return why_set(why, errno, "landlock: %s", strerror(errno));
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = allow_beside(rules, paths[i], attr.handled_access_fs, why);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		rc = why_set(why, errno, "landlock: %s", strerror(errno));
	(void)close(rules);
	if (rc < 0)
		return rc;
	/* A proof: any other process may write to it. */
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		return why_set(why, EPERM, "landlock is set, but files can still be written");
	return 0;
}

/* --- seccomp --- */

/*
 * The calls made by the engine's loop, SQLite, PCRE2's JIT, libinotifytools, libarchive, c-ares and the C library.
 * Found by running the tests with action "log", and by reading; a new version of a library may need one more.
 */
static const int allowed[] = {
	/* files and descriptors */
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(pwrite64),
	SCMP_SYS(writev),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(close),
	SCMP_SYS(close_range),
	SCMP_SYS(lseek),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(fadvise64),
	SCMP_SYS(getcwd),
	SCMP_SYS(fcntl),
	SCMP_SYS(flock),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat2),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchown),
	SCMP_SYS(umask),
	SCMP_SYS(utimensat),
	SCMP_SYS(ioctl),
	SCMP_SYS(dup),
	SCMP_SYS(dup3),
	SCMP_SYS(pipe2),
	SCMP_SYS(memfd_create), /* sd_journal_sendv, for messages too large for a datagram */
	/* waiting */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(inotify_init),
	SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_add_watch),
	SCMP_SYS(inotify_rm_watch),
	SCMP_SYS(signalfd4),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(restart_syscall),
	/* memory */
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	/* root, systemd, the control socket, name servers, and reading our own addresses (getifaddrs) */
	SCMP_SYS(socket),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(listen),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(shutdown),
	/* the process itself */
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getgroups),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(getrusage),
	SCMP_SYS(prlimit64),
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rseq),
	SCMP_SYS(tgkill),
	SCMP_SYS(kill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Everything that the tarpit does. */
static const int for_tarpit[] = {
	SCMP_SYS(poll),  SCMP_SYS(ppoll),         SCMP_SYS(restart_syscall), SCMP_SYS(accept4), SCMP_SYS(sendto),
	SCMP_SYS(close), SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn),    SCMP_SYS(exit),    SCMP_SYS(exit_group),
};

/* The kind of process. */
enum holder { ENGINE, REPLAY, TARPIT };

/* Additional calls for a replay: threads and read-ahead. */
static const int for_threads[] = {
	SCMP_SYS(set_robust_list),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(fadvise64),
};

static int allow(scmp_filter_ctx filter, const int calls[], size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
		if (rc == -EDOM)
			rc = 0; /* not available on this architecture */
	}
	return rc;
}

/*
 * Allows threads but not processes. A filter cannot see clone3's arguments, which are in memory; without clone3 the C
 * library calls clone.
 */
static int allow_threads(scmp_filter_ctx filter)
{
	int rc = allow(filter, for_threads, sizeof for_threads / sizeof *for_threads);

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		                      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	return rc;
}

static int filter_system_calls(enum holder holder, struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (filter == NULL)
		return why_set(why, ENOMEM, "cannot create a seccomp filter");
	rc = holder == TARPIT ? allow(filter, for_tarpit, sizeof for_tarpit / sizeof *for_tarpit)
	                      : allow(filter, allowed, sizeof allowed / sizeof *allowed);
	/* The thread's name, for a memory file; nothing else of prctl. */
	if (rc == 0 && holder != TARPIT)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_GET_NAME, 0));
	if (rc == 0 && holder == REPLAY)
		rc = allow_threads(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc == 0 ? 0 : why_set(why, -rc, "cannot load the seccomp filter: %s", strerror(-rc));
}

static int give_up(const char *const paths[], size_t n, enum holder holder, struct why *why)
{
	int rc;

	if (geteuid() == 0)
		capng_setpid(getpid());
	capng_clear(CAPNG_SELECT_BOTH);
	/* Only CAP_SETPCAP can clear the bounding set; without it there is nothing to clear. */
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return why_set(why, EPERM, "cannot drop capabilities");
	if (capng_get_caps_process() != 0)
		return why_set(why, EPERM, "cannot read back what capabilities are left");
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) > CAPNG_NONE)
		return why_set(why, EPERM, "dropped capabilities, but some remain");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return why_set(why, errno, "cannot set no_new_privs: %s", strerror(errno));
	if ((rc = restrict_writing(paths, n, why)) < 0)
		return rc;
	/* The sanitizers' leak check at exit makes calls that the engine does not make. */
	return WFS_SANITIZED ? 0 : filter_system_calls(holder, why);
}

int sandbox_engine(const char *const paths[], size_t n, struct why *why)
{
	return give_up(paths, n, ENGINE, why);
}

int sandbox_replay(const char *path, struct why *why)
{
	return give_up(&path, 1, REPLAY, why);
}

int sandbox_tarpit(struct why *why)
{
	return give_up(NULL, 0, TARPIT, why);
}
