#include "input/journal_where.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

enum { ID_LEN = SD_ID128_STRING_MAX - 1 };

/* The directories that journald writes to. */
static const char *const roots[] = {"/var/log/journal", "/run/log/journal"};

enum { N_ROOTS = sizeof roots / sizeof *roots };

void journal_where_name(const struct journal_where *where, char *out, size_t cap)
{
	const char *const kind = where->namespace[0] != '\0'   ? "namespace "
	                         : where->machine[0] != '\0'   ? "machine "
	                         : where->directory[0] != '\0' ? "directory "
	                                                       : "";

	(void)snprintf(out, cap, "%s%s%s%s", kind, where->namespace, where->machine, where->directory);
}

static bool is_machine_id(const char *text)
{
	return strlen(text) == ID_LEN && strspn(text, "0123456789abcdef") == ID_LEN;
}

/* Reads the machine id after key, from the first line of the file that begins with key; key "": the first line. */
static bool read_id(const char *path, const char *key, char ret[static SD_ID128_STRING_MAX])
{
	FILE *const file = fopen(path, "re");
	char line[LINE_MAX];
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
		const char *const value = line + strlen(key);

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, strlen(key)) != 0 || !is_machine_id(value))
			continue;
		memcpy(ret, value, SD_ID128_STRING_MAX);
		found = true;
	}
	if (file != NULL)
		(void)fclose(file);
	return found;
}

int journal_where_machine(const char *machine, char ret[static PATH_MAX], struct why *why)
{
	char id[SD_ID128_STRING_MAX], path[PATH_MAX];
	bool known = is_machine_id(machine);

	if (known) {
		memcpy(id, machine, SD_ID128_STRING_MAX);
	} else if (strchr(machine, '/') == NULL) {
		(void)snprintf(path, sizeof path, "/run/systemd/machines/%s", machine);
		known = read_id(path, "ID=", id);
		(void)snprintf(path, sizeof path, "/var/lib/machines/%s/etc/machine-id", machine);
		known = known || read_id(path, "", id);
	}
	for (size_t i = 0; known && i < N_ROOTS; i++) {
		(void)snprintf(ret, PATH_MAX, "%s/%s", roots[i], id);
		if (access(ret, F_OK) == 0)
			return 0;
	}
	return why_set(why, ENOENT, "machine %s: %s; name its machine id, or its journal's [journal] directory",
	               machine, known ? "no journal in /var/log/journal" : "not known here");
}

unsigned journal_where_roots(void)
{
	unsigned present = 0;

	for (size_t i = 0; i < N_ROOTS; i++)
		present |= access(roots[i], F_OK) == 0 ? 1U << i : 0;
	return present;
}

int journal_where_rights(struct why *why)
{
	char id[SD_ID128_STRING_MAX], path[PATH_MAX];
	sd_id128_t machine;

	if (sd_id128_get_machine(&machine) < 0)
		return 0;
	for (size_t i = 0; i < N_ROOTS; i++) {
		(void)snprintf(path, sizeof path, "%s/%s/system.journal", roots[i], sd_id128_to_string(machine, id));
		if (access(path, R_OK) < 0 && errno == EACCES)
			return why_set(why, EACCES, "%s: Permission denied; the user must be in group systemd-journal",
			               path);
	}
	return 0;
}
