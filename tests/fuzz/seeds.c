#include "seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *dir; /* NULL: none */
static unsigned n;

char *seeds_source(const char *path)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char *full;

	if (asprintf(&full, "%s/%s", root != NULL ? root : ".", path) < 0)
		abort();
	if (access(full, R_OK) < 0) {
		perror(full);
		exit(2); /* and not a crash, which would be a find */
	}
	return full;
}

void seeds_begin(int argc, char *const argv[])
{
	struct stat st;

	for (int i = 1; i < argc && dir == NULL; i++)
		if (argv[i][0] != '-' && stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			dir = argv[i];
}

void seeds_add(const void *head, size_t head_len, const void *body, size_t body_len)
{
	char path[4096];
	FILE *file;

	if (dir == NULL)
		return;
	(void)snprintf(path, sizeof path, "%s/seed-%04u", dir, n++);
	file = fopen(path, "we");
	if (file == NULL || fwrite(head, 1, head_len, file) != head_len ||
	    fwrite(body, 1, body_len, file) != body_len || fclose(file) != 0) {
		perror(path);
		exit(2);
	}
}
