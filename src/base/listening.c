#include "base/listening.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum {
	STATE_LISTEN = 0x0A,
	PATH_ROOM = 300, /* "/proc/", a name, "/fd/", a name */
};

/* Returns true for 127.0.0.0/8 and ::1. address: hexadecimal words in the byte order of the machine. */
static bool is_loopback(const char *address)
{
	uint32_t words[4] = {0};
	uint8_t bytes[sizeof words];

	if (strlen(address) == 8) {
		words[0] = (uint32_t)strtoul(address, NULL, 16); /* 8 digits */
		memcpy(bytes, words, sizeof bytes);
		return bytes[0] == 127;
	}
	return strncmp(address, "000000000000000000000000", 24) == 0 && strtoul(address + 24, NULL, 16) != 0;
}

static void add(struct listening *list, size_t *n, uint16_t port, uint64_t inode)
{
	size_t at = *n;

	for (size_t i = 0; i < *n; i++)
		if (list[i].port == port)
			return;
	if (*n == LISTENING_MAX)
		return;
	for (; at > 0 && list[at - 1].port > port; at--)
		list[at] = list[at - 1];
	list[at] = (struct listening){.port = port, .inode = inode};
	++*n;
}

static void read_table(const char *path, struct listening *list, size_t *n)
{
	FILE *const file = fopen(path, "re");
	char line[512], address[33];
	unsigned port, state;
	uint64_t inode;

	if (file == NULL)
		return;
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, " %*u: %32[0-9A-F]:%4x %*s %2x %*s %*s %*s %*s %*s %" SCNu64, address, &port, &state,
		           &inode) == 4 &&
		    state == STATE_LISTEN && !is_loopback(address))
			add(list, n, (uint16_t)port, inode); /* at most 4 digits */
	(void)fclose(file);
}

/* --- the programs that own them --- */

static void read_program(const char *pid, char out[static LISTENING_NAME_MAX])
{
	char path[PATH_ROOM], name[LISTENING_NAME_MAX / 4];
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
	if ((file = fopen(path, "re")) == NULL)
		return;
	if (fgets(name, sizeof name, file) != NULL)
		(void)text_escape((struct span){name, strcspn(name, "\n")}, out, LISTENING_NAME_MAX);
	(void)fclose(file);
}

/* Sets the program of each listed port that this process has open, unless another process was found first. */
static void name_sockets(const char *pid, struct listening *list, size_t n)
{
	char path[PATH_ROOM], target[64];
	const struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
	if ((dir = opendir(path)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		const ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
		uint64_t inode;

		target[len > 0 ? len : 0] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		for (size_t i = 0; i < n; i++)
			if (list[i].inode == inode && list[i].program[0] == '\0')
				read_program(pid, list[i].program);
	}
	(void)closedir(dir);
}

static void name_programs(struct listening *list, size_t n)
{
	DIR *const proc = opendir("/proc");
	const struct dirent *entry;

	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL) {
		/* systemd holds sockets on behalf of other programs. */
		if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0)
			name_sockets(entry->d_name, list, n);
	}
	(void)closedir(proc);
}

size_t listening_ports(struct listening out[static LISTENING_MAX])
{
	size_t n = 0;

	read_table("/proc/net/tcp", out, &n);
	read_table("/proc/net/tcp6", out, &n);
	if (n > 0)
		name_programs(out, n);
	return n;
}
