/*
 * measure: runs a command and writes what it took: "seconds cpu_seconds peak_kib" and a newline.
 *
 *   measure RESULT COMMAND [ARGUMENT]...
 *
 * peak_kib: the most memory it held at a time (ru_maxrss of wait4(2)), file pages mapped by it among them.
 * Ends with the command's status; 128 + n when signal n ended it; 2 and 3 when there is nothing to report.
 * SIGINT and SIGTERM are passed on to it.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static volatile sig_atomic_t child;

static void pass_on(int signo)
{
	if (child > 0)
		(void)kill(child, signo);
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double clock_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
	const double start = clock_s();
	struct rusage used;
	double seconds;
	int rc, status;
	pid_t pid;
	FILE *out;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: measure RESULT COMMAND [ARGUMENT]...\n");
		return 2;
	}
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if ((rc = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ)) != 0) {
		(void)fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(rc));
		return 3;
	}
	child = pid;
	while (wait4(pid, &status, 0, &used) < 0)
		if (errno != EINTR)
			return 3;
	seconds = clock_s() - start;
	child = 0;
	if ((out = fopen(argv[1], "we")) == NULL) {
		perror(argv[1]);
		return 3;
	}
	(void)fprintf(out, "%.3f %.3f %ld\n", seconds, seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
	              used.ru_maxrss);
	if (fclose(out) != 0)
		return 3;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
