/*
 * journald: a systemd-journald for one test; needs root.
 *
 * It runs in a mount namespace with an empty /run and /var/log, so that the machine's journal is neither read nor
 * written. It receives records as from any program, and ends with the test. Nothing sleeps: journald_sync returns
 * when everything sent is in the files.
 */
#ifndef WFS_TESTS_UNIT_JOURNALD_H
#define WFS_TESTS_UNIT_JOURNALD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define JOURNALD_PROGRAM "/usr/lib/systemd/systemd-journald"
#define JOURNALD_CONF    "/run/journald.conf"

static pid_t journald;

static bool journald_wait_for(const char *path)
{
	for (int i = 0; i < 1000 && access(path, F_OK) < 0; i++)
		(void)poll(NULL, 0, 10);
	return access(path, F_OK) == 0;
}

/* It blocks the signals that it waits for; before that they would end it. */
static bool journald_takes_signals(void)
{
	unsigned long long blocked = 0;
	char path[64], line[256];
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)journald);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL && sscanf(line, "SigBlk: %llx", &blocked) != 1)
		;
	if (file != NULL)
		(void)fclose(file);
	return (blocked >> (SIGRTMIN + 1 - 1) & 1) != 0;
}

static bool journald_is_ready(void)
{
	bool is_ready = journald_wait_for("/run/systemd/journal/socket");

	for (int i = 0; is_ready && i < 1000 && !journald_takes_signals(); i++)
		(void)poll(NULL, 0, 10);
	return is_ready && journald_takes_signals();
}

static void journald_start(void)
{
	journald = fork();
	if (journald == 0) {
		const int null = open("/dev/null", O_RDWR);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		(void)execl(JOURNALD_PROGRAM, "systemd-journald", (char *)NULL);
		_exit(127);
	}
}

static void journald_stop(int signo)
{
	(void)kill(journald, signo);
	(void)waitpid(journald, NULL, 0);
	(void)unlink("/run/systemd/journal/socket");
}

/* False: not here, with the reason printed. */
static bool journald_setup(void)
{
	static const char conf[] = "[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\nSyncIntervalSec=1s\n";
	FILE *file;

	if (geteuid() != 0 || access(JOURNALD_PROGRAM, X_OK) < 0) {
		(void)printf("SKIP: needs root and systemd-journald\n");
		return false;
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mount("tmpfs", "/var/log", "tmpfs", 0, NULL) < 0) {
		(void)printf("SKIP: needs a mount namespace: %s\n", strerror(errno));
		return false;
	}
	(void)mkdir("/run/systemd", 0755);
	(void)mkdir("/run/systemd/journal", 0755);
	(void)mkdir("/run/log", 0755);
	file = fopen(JOURNALD_CONF, "we");
	if (file == NULL || fputs(conf, file) < 0 || fclose(file) != 0 ||
	    access("/etc/systemd/journald.conf", F_OK) < 0 ||
	    mount(JOURNALD_CONF, "/etc/systemd/journald.conf", NULL, MS_BIND, NULL) < 0) {
		(void)printf("SKIP: cannot configure systemd-journald\n");
		return false;
	}
	journald_start();
	if (journald_is_ready())
		return true;
	(void)printf("SKIP: systemd-journald does not start\n");
	return false;
}

/* signo, and until journald has done what it does then: it writes this file last. */
static void journald_do(int signo, const char *done)
{
	(void)unlink(done);
	(void)kill(journald, signo);
	if (!journald_wait_for(done)) {
		(void)fprintf(stderr, "systemd-journald did not write %s\n", done);
		abort();
	}
}

static void journald_sync(void)
{
	journald_do(SIGRTMIN + 1, "/run/systemd/journal/synced");
}

__attribute__((unused)) static void journald_rotate(void)
{
	journald_do(SIGUSR2, "/run/systemd/journal/rotated");
}

/* From /run to /var. */
__attribute__((unused)) static void journald_flush(void)
{
	(void)mkdir("/var/log/journal", 0755);
	journald_do(SIGUSR1, "/run/systemd/journal/flushed");
}

/* A record of these fields, "NAME=value" each, NULL at the end; a value may hold anything but NUL. */
static void journald_send(const char *const list[])
{
	struct iovec iov[16];
	int n = 0;

	for (; list[n] != NULL; n++)
		iov[n] = (struct iovec){(void *)(uintptr_t)list[n], strlen(list[n])}; /* it is only read */
	if (sd_journal_sendv(iov, n) < 0)
		abort();
}

#define JOURNALD_SEND(...) journald_send((const char *const[]){__VA_ARGS__, NULL})

#endif
