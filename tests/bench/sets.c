/*
 * sets: how fast the root process puts blocks into the kernel, and what that costs in memory, by backend.
 *
 *   sets BACKEND BLOCKS      in a network namespace of its own, as root
 *
 * The packets are those of the engine, 256 entries each. Prints seconds and MiB.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "firewall/message.h"
#include "root/root.h"

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

static void must(bool good, const char *what, const char *why)
{
	if (good)
		return;
	(void)fprintf(stderr, "sets: %s: %s\n", what, why);
	exit(1);
}

/* Every request has a second of its own, for the limit of blocks in a second. */
static void ask(struct root *root, struct message *m)
{
	static uint32_t number;

	m->number = ++number;
	(void)root_answer(root, m, (int64_t)number);
	must(m->error == 0 && m->refused == 0, "the root process", m->why);
}

/* From 16.0.0.0 on, public addresses. */
static void put_entry(struct message *m, uint32_t i)
{
	struct message_entry *const entry = &m->entries[m->n++];
	const uint32_t addr = (UINT32_C(16) << 24) + i;

	*entry = (struct message_entry){.len = 128, .left_s = 86400};
	memset(entry->addr + 10, 0xFF, 2);
	for (unsigned byte = 0; byte < 4; byte++)
		entry->addr[12 + byte] = (uint8_t)(addr >> (24 - 8 * byte));
}

static void add(struct root *root, uint32_t from, uint32_t n)
{
	struct message m = {.verb = MESSAGE_ADD};

	for (uint32_t i = from; i < from + n; i++) {
		put_entry(&m, i);
		if (m.n < MESSAGE_ENTRIES && i + 1 < from + n)
			continue;
		ask(root, &m);
		m = (struct message){.verb = MESSAGE_ADD};
	}
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
	struct root_config config = {.manage_rules = true, .chain = "SPAMMER", .jump_from = {"INPUT"}, .list = "spammer",
	                             .ip6_prefix = 64, .networks = true, .seconds = 600, .n_ports = 1, .ports = {25}};
	const uint32_t n = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	struct root *root;
	struct why why = {""};
	double start;

	must(n > 0, "usage", "sets BACKEND BLOCKS");
	must(unshare(CLONE_NEWNET | CLONE_NEWNS) == 0, "namespace", "only root can make one");
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	(void)snprintf(config.backend, sizeof config.backend, "%s", argv[1]);
	log_init("sets", LOG_ERR);
	must(root_open(&config, &root, &why) == 0, argv[1], why.text);
	(void)printf("%s: at rest            %8.2f MiB\n", argv[1], resident_mib());
	ask(root, &(struct message){.verb = MESSAGE_PREPARE, .n4 = n});
	start = seconds();
	add(root, 0, n);
	(void)printf("%s: %8" PRIu32 " added     %8.3f s    %8.2f MiB\n", argv[1], n, seconds() - start, resident_mib());
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
		(void)printf("%s: all listed         %8.3f s    %8.2f MiB\n", argv[1], seconds() - start, resident_mib());
	start = seconds();
	root_close(root, true);
	(void)printf("%s: removed            %8.3f s\n", argv[1], seconds() - start);
	return 0;
}
