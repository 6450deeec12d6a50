/*
 * Fuzz target of the reader of fail2ban's configuration: jails, times, filters. Any bytes are an installation: up to
 * the first NUL jail.conf, up to the second filter.d/common.conf, then filter.d/a.conf. Whatever they are:
 * - it ends, soon;
 * - its findings are printable.
 */
#include "import/fail2ban.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seeds.h"

static char dir[64] = "/dev/shm/fuzz_fail2ban.XXXXXX";
static const char *const names[] = {"jail.conf", "filter.d/common.conf", "filter.d/a.conf"};

enum { NAMES = sizeof names / sizeof *names };

static void remove_all(void)
{
	char path[128];

	for (size_t i = 0; i < NAMES; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof path, "%s/filter.d", dir);
	(void)rmdir(path);
	(void)rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char seed[] =
		"[DEFAULT]\nignoreip = 192.0.2.0/24\n ::1\nbantime = 1h 2*3m\n[a]\nenabled = true\nfilter = a[mode=\"x, y\", z='1']\n"
		"logpath = %(l)s\n  /x\nl = /var/log/%(__name__)s\n\0[DEFAULT]\n_daemon = \\S*\n[Definition]\n__prefix_line = "
		"%(_daemon)s: \n\0[INCLUDES]\nbefore = common.conf\nafter = a.conf\n[Definition]\n_daemon = (?:a|b)\nprefregex = "
		"^<F-MLFID>%(__prefix_line)s</F-MLFID><F-CONTENT>.+</F-CONTENT>$\nre-x = ^a <HOST>%%\n  ^b <F-USER>\\S+</F-USER> <ADDR>\n"
		"failregex = <re-<mode>> ; why\n  %(known/failregex)s\nignoreregex = x <HOST>\ndatepattern = %%Y\n";
	char path[128];

	check(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof path, "%s/filter.d", dir);
	check(mkdir(path, 0700) == 0 && atexit(remove_all) == 0);
	seeds_begin(*argc, *argv);
	seeds_add("", 0, seed, sizeof seed - 1);
	return 0;
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

static void check_printable(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		check((unsigned char)*p >= ' ' || *p == '\n');
}

/* What is written of all that is read. */
static void read_all(FILE *out, FILE *findings)
{
	struct fail2ban f;
	struct why why;

	if (fail2ban_read(dir, findings, &f, &why) < 0)
		return;
	fail2ban_write_config(&f, out);
	for (size_t i = 0; i < f.n; i++)
		if (fail2ban_has_plain_filter(&f.list[i]))
			(void)fail2ban_write_rules(&f, &f.list[i], out, findings, &why);
	(void)fail2ban_bantime(&f, "a");
	fail2ban_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *written = NULL, *found = NULL;
	size_t written_len, found_len;
	FILE *const out = open_memstream(&written, &written_len), *const findings = open_memstream(&found, &found_len);

	for (size_t i = 0; i < NAMES; i++) {
		const uint8_t *const end = i + 1 < NAMES ? memchr(data, '\0', size) : NULL;
		const size_t len = end != NULL ? (size_t)(end - data) : size;

		write_file(names[i], data, len);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	read_all(out, findings);
	(void)fclose(out);
	(void)fclose(findings);
	check_printable(found);
	free(written);
	free(found);
	return 0;
}
