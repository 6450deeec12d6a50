/*
 * sandbox: what a process can still do after giving up all rights. Each attempt is made by a child of its own, which
 * returns the outcome as its exit status.
 */
#undef NDEBUG
#include "engine/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>
#include <sqlite3.h>
#include <systemd/sd-journal.h>

#include "build.h" /* WFS_SANITIZED */
#include "store/sql.h"
#include "store/store.h"

enum {
	DONE = 0,
	NO_SANDBOX = 100, /* and below 100: errno */
	KILLED = 101,
};

static char top[64], database[96], control[96], other[96];
static bool old_kernel; /* the children's has no Landlock */

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/sandbox.XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(database, sizeof database, "%s/db", top);
	(void)snprintf(control, sizeof control, "%s/run", top);
	(void)snprintf(other, sizeof other, "%s/other", top);
	return mkdir(database, 0755) < 0 || mkdir(control, 0755) < 0 || mkdir(other, 0755) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", top);
	return system(command);
}

/* What came of it: DONE, an errno, or KILLED. path: in top. */
typedef int attempt(const char *path);

static bool hide_landlock(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return filter != NULL &&
	       seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
	       seccomp_load(filter) == 0;
}

static int attempted(attempt *what, const char *name)
{
	char path[128], hits[128], socket[128];
	const char *const written[] = {hits, socket};
	int status;
	pid_t child;

	(void)snprintf(path, sizeof path, "%s/%s", top, name);
	(void)snprintf(hits, sizeof hits, "%s/hits.db", database);
	(void)snprintf(socket, sizeof socket, "%s/control", control);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct why why;

		if (old_kernel && !hide_landlock())
			_exit(NO_SANDBOX);
		_exit(sandbox_engine(written, 2, &why) < 0 ? NO_SANDBOX : what(path));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? KILLED : WEXITSTATUS(status);
}

static void comes_to(attempt *what, const char *name, int want)
{
	const int got = attempted(what, name);

	if (got != want)
		fail_msg("%s: got %d (%s), want %d", name, got, strerror(got), want);
}

static int create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) < 0 ? errno : DONE;
}

static int overwrite(const char *path)
{
	return open(path, O_WRONLY | O_CLOEXEC) < 0 ? errno : DONE;
}

static int empty(const char *path)
{
	return open(path, O_RDONLY | O_TRUNC | O_CLOEXEC) < 0 ? errno : DONE;
}

static int inspect_at(const char *path)
{
	char byte;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, &byte, 1) < 0 ? errno : DONE;
}

static int delete (const char *path)
{
	return unlink(path) < 0 ? errno : DONE;
}

static int rename_to(const char *path)
{
	char from[128];

	(void)snprintf(from, sizeof from, "%s/hits.db", database);
	return rename(from, path) < 0 ? errno : DONE;
}

static int make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	return fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? errno : DONE;
}

static int execute(const char *path)
{
	char *const argv[] = {(char[]){"true"}, NULL};

	(void)path;
	(void)execv("/bin/true", argv);
	return errno;
}

/* More than a datagram holds (8 MiB for root): it goes by way of a file in memory. Without a journal, too. */
static int log_much(const char *path)
{
	static char text[1 << 24];
	struct iovec field = {text, sizeof text};

	(void)path;
	memset(text, 'x', sizeof text);
	memcpy(text, "MESSAGE=", 8);
	(void)sd_journal_sendv(&field, 1);
	return DONE;
}

/* More than SQLite keeps in memory. */
static int sort_much(const char *path)
{
	struct store *store;
	struct why why;

	store_temp_beside(path);
	if (store_open(path, STORE_WRITE, &store, &why) < 0)
		return EIO;
	return sqlite3_exec(
		       store->db,
		       "PRAGMA cache_size = 10; CREATE TEMP TABLE many AS WITH RECURSIVE c(i) AS "
		       "(SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) SELECT hex(randomblob(100)) AS x FROM c; "
		       "CREATE INDEX temp.sorted ON many (x)",
		       NULL, NULL, NULL) == SQLITE_OK
	               ? DONE
	               : ENOMEM;
}

static void make_file(const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", top, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	(void)close(fd);
}

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static void the_journal_takes_what_is_long(void **state)
{
	(void)state;
	comes_to(log_much, "", DONE);
}

static void writes_where_it_must(void **state)
{
	(void)state;
	comes_to(create, "db/hits.db", DONE);
	comes_to(overwrite, "db/hits.db", DONE);
	comes_to(empty, "db/hits.db", DONE);
	comes_to(rename_to, "db/renamed", DONE);
	comes_to(delete, "db/renamed", DONE);
	comes_to(make_socket, "run/control", DONE);
	comes_to(delete, "run/control", DONE);
}

static void writes_nowhere_else(void **state)
{
	(void)state;
	if (landlock_version() < 3)
		skip();
	make_file("other/file");
	make_file("db/hits.db");
	comes_to(create, "other/new", EACCES);
	comes_to(create, "new", EACCES);
	comes_to(create, "db/../other/new", EACCES);
	comes_to(overwrite, "other/file", EACCES);
	comes_to(empty, "other/file", EACCES);
	comes_to(delete, "other/file", EACCES);
	comes_to(rename_to, "other/file", EACCES);
	comes_to(make_socket, "other/socket", EACCES);
	comes_to(inspect_at, "other/file", DONE);
}

/* A link in a directory that may be written leads nowhere else. */
static void links_lead_nowhere(void **state)
{
	char link[128];

	(void)state;
	if (landlock_version() < 3)
		skip();
	make_file("other/file");
	(void)snprintf(link, sizeof link, "%s/link", database);
	assert_int_equal(symlink("../other/file", link), 0);
	comes_to(overwrite, "db/link", EACCES);
}

/* But the database itself may be one, and then SQLite's files lie where it leads. */
static void the_database_may_be_a_link(void **state)
{
	char link[128];

	(void)state;
	make_file("other/hits.db");
	(void)snprintf(link, sizeof link, "%s/hits.db", database);
	assert_int_equal(symlink("../other/hits.db", link), 0);
	comes_to(overwrite, "db/hits.db", DONE);
	comes_to(create, "other/hits.db-wal", DONE);
	comes_to(create, "db/hits.db.lock", DONE);
}

static void sqlite_sorts_beside_the_database(void **state)
{
	(void)state;
	comes_to(sort_much, "db/hits.db", DONE);
}

static void a_directory_may_be_missing(void **state)
{
	(void)state;
	assert_int_equal(rmdir(control), 0);
	comes_to(create, "db/hits.db", DONE);
}

static void an_old_kernel_is_no_error(void **state)
{
	(void)state;
	old_kernel = true;
	comes_to(create, "db/hits.db", DONE);
	comes_to(create, "other/new", DONE);
	old_kernel = false;
}

/* The tarpit may not even read, nor write into what is open, nor make a socket. */
static void the_tarpit_may_next_to_nothing(void **state)
{
	attempt *const attempts[] = {inspect_at, overwrite, create, make_socket, execute};
	char path[128];

	(void)state;
	if (WFS_SANITIZED)
		skip();
	make_file("db/hits.db");
	(void)snprintf(path, sizeof path, "%s/db/hits.db", top);
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		const pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0) {
			struct why why;

			_exit(sandbox_tarpit(&why) < 0 ? NO_SANDBOX : attempts[i](path));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void executes_nothing(void **state)
{
	(void)state;
	if (!WFS_SANITIZED)
		comes_to(execute, "", KILLED);
	else if (landlock_version() >= 1)
		comes_to(execute, "", EACCES);
}

#define sandboxed(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sandboxed(writes_where_it_must),
		sandboxed(writes_nowhere_else),
		sandboxed(links_lead_nowhere),
		sandboxed(the_database_may_be_a_link),
		sandboxed(executes_nothing),
		sandboxed(a_directory_may_be_missing),
		sandboxed(sqlite_sorts_beside_the_database),
		sandboxed(an_old_kernel_is_no_error),
		sandboxed(the_journal_takes_what_is_long),
		sandboxed(the_tarpit_may_next_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
