/*
 * sets: how fast the root process puts blocks into the kernel, and what that costs in memory, by backend.
 *
 *   sets BACKEND BLOCKS      in a network namespace of its own, as root
 *
 * Prints seconds and MiB.
 */
#include <time.h>

#include "base/log.h"
#include "blocks.h"

enum { ONE_MORE = 1000, LISTED_MAX = 100000 };

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double resident_mib(void)
{
	FILE *const file = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file != NULL)
		(void)fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static uint32_t list(struct root *root)
{
	struct message m = {.verb = MESSAGE_LIST};
	uint32_t n = 0;

	do {
		m = (struct message){.verb = MESSAGE_LIST, .cursor = m.cursor};
		ask(root, &m);
		n += m.n;
	} while (m.cursor != 0);
	return n;
}

int main(int argc, char **argv)
{
	const uint32_t n = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	struct root *root;
	double start;

	must(n > 0, "usage", "sets BACKEND BLOCKS");
	make_namespace();
	log_init("sets", LOG_ERR);
	root = open_root(argv[1]);
	(void)printf("%s: at rest            %8.2f MiB\n", argv[1], resident_mib());
	ask(root, &(struct message){.verb = MESSAGE_PREPARE, .n4 = n});
	start = seconds();
	add(root, 0, n);
	(void)printf("%s: %8" PRIu32 " added     %8.3f s    %8.2f MiB\n", argv[1], n, seconds() - start,
	             resident_mib());
	start = seconds();
	for (uint32_t i = 0; i < ONE_MORE; i++)
		add(root, n + i, 1);
	(void)printf("%s: one more           %8.3f ms\n", argv[1], (seconds() - start) / ONE_MORE * 1e3);
	start = seconds();
	add(root, 0, n);
	(void)printf("%s: all added again    %8.3f s\n", argv[1], seconds() - start);
	/* The kernel begins at the front for each piece that it lists: a million of them take minutes. */
	start = seconds();
	must(n > LISTED_MAX || list(root) == n + ONE_MORE, "list", "not what was added");
	if (n <= LISTED_MAX)
		(void)printf("%s: all listed         %8.3f s    %8.2f MiB\n", argv[1], seconds() - start,
		             resident_mib());
	start = seconds();
	root_close(root, true);
	(void)printf("%s: removed            %8.3f s\n", argv[1], seconds() - start);
	return 0;
}
