/*
 * blocks: a root process in a namespace of its own, and blocks by the packets of the engine, 256 entries each. Ends the
 * program where something fails.
 */
#ifndef WFS_TESTS_BENCH_BLOCKS_H
#define WFS_TESTS_BENCH_BLOCKS_H

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "firewall/message.h"
#include "root/root.h"

static inline void must(bool good, const char *what, const char *why)
{
	if (good)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

/* Every request has a second of its own, for the limit of blocks in a second. */
static inline void ask(struct root *root, struct message *m)
{
	static uint32_t number;

	m->number = ++number;
	(void)root_answer(root, m, (int64_t)number);
	must(m->error == 0 && m->refused == 0, "the root process", m->why);
}

/* From 16.0.0.0 on, public addresses. */
static inline void put_entry(struct message *m, uint32_t i)
{
	struct message_entry *const entry = &m->entries[m->n++];
	const uint32_t addr = (UINT32_C(16) << 24) + i;

	*entry = (struct message_entry){.len = 128, .left_s = 86400};
	memset(entry->addr + 10, 0xFF, 2);
	for (unsigned byte = 0; byte < 4; byte++)
		entry->addr[12 + byte] = (uint8_t)(addr >> (24 - 8 * byte));
}

static inline void add(struct root *root, uint32_t from, uint32_t n)
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

static inline void make_namespace(void)
{
	must(unshare(CLONE_NEWNET | CLONE_NEWNS) == 0, "namespace", "only root can make one");
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static inline struct root *open_root(const char *backend)
{
	static struct root_config config = {.manage_rules = true,
	                                    .chain = "SPAMMER",
	                                    .jump_from = {"INPUT"},
	                                    .n_jump_from = 1,
	                                    .hooks = ROOT_HOOK_INPUT,
	                                    .list = "spammer",
	                                    .ip6_prefix = 64,
	                                    .networks = true,
	                                    .seconds = 600,
	                                    .n_ports = 1,
	                                    .ports = {25}};
	struct root *root;
	struct why why = {""};

	(void)snprintf(config.backend, sizeof config.backend, "%s", backend);
	must(root_open(&config, &root, &why) == 0, backend, why.text);
	return root;
}

#endif
