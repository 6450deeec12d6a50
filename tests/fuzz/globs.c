/*
 * Fuzz target of globs: any text as the pattern of a [log] section, below a directory with some files. Whatever it is:
 * no file is found that the pattern does not denote, and each that it denotes is found, once.
 */
#include "input/globs.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seeds.h"

static const char *const directories[] = {"", "/a", "/a/b", "/[", "/c"};
static const char *const files[] = {"/a.log",     "/a/a-json.log", "/a/b/b-json.log", "/[/x", "/c/*",
                                    "/c/.hidden", "/c/]",          "/c/a-b"};

enum {
	N_DIRECTORIES = sizeof directories / sizeof *directories,
	N_FILES = sizeof files / sizeof *files,
	PATTERN_MAX = 300,
};

static char root[] = "/tmp/globs.XXXXXX";
static struct globs *globs;

static void path_of(const char *name, char out[static PATTERN_MAX])
{
	(void)snprintf(out, PATTERN_MAX, "%s%s", root, name);
}

static void remove_files(void)
{
	char path[PATTERN_MAX];

	globs_free(globs);
	for (size_t i = 0; i < N_FILES; i++) {
		path_of(files[i], path);
		(void)unlink(path);
	}
	for (size_t i = N_DIRECTORIES; i > 0; i--) {
		path_of(directories[i - 1], path);
		(void)rmdir(path);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {"/*.log",  "/*/*-json.log", "/a/?/b-json.log", "/[[]/x",
	                                    "/c/[!a]", "/[a-c]/*",      "/c/\\*",          "/a/b"};
	char path[PATTERN_MAX];
	struct why why;

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		seeds_add("", 0, seeds[i], strlen(seeds[i]));
	check(mkdtemp(root) != NULL);
	for (size_t i = 1; i < N_DIRECTORIES; i++) {
		path_of(directories[i], path);
		check(mkdir(path, 0755) == 0);
	}
	for (size_t i = 0; i < N_FILES; i++) {
		FILE *file;

		path_of(files[i], path);
		check((file = fopen(path, "we")) != NULL && fclose(file) == 0);
	}
	check(globs_new(&globs, &why) == 0 && atexit(remove_files) == 0);
	return 0;
}

/* How often a file is among those found. */
static size_t times(char *const *found, size_t n, const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += strcmp(found[i], path) == 0;
	return count;
}

/* A bracket may have no slash in it (glob(7)); glob(3) and fnmatch(3) make different things of one that has. */
static bool has_split_bracket(const char *pattern)
{
	for (const char *p = strchr(pattern, '['); p != NULL; p = strchr(p + 1, '[')) {
		const size_t slash = strcspn(p, "/");
		const size_t first =
			p[1] == '!' || p[1] == '^' ? 3 : 2; /* a "]" before it is a character of the bracket */

		if (p[slash] == '/' && (slash <= first || memchr(p + first, ']', slash - first) == NULL))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char pattern[PATTERN_MAX], path[PATTERN_MAX], **found;
	struct why why;
	size_t n;

	if (size == 0 || size >= PATTERN_MAX - sizeof root || data[0] != '/' || memchr(data, '\0', size) != NULL)
		return -1;
	(void)snprintf(pattern, sizeof pattern, "%s%.*s", root, (int)size, (const char *)data);
	/* It stays below the directory, and denotes files. What fnmatch(3) takes as it is, glob(3) does not tidy up. */
	if (data[size - 1] == '/' || strstr(pattern, "/.") != NULL || strstr(pattern, "//") != NULL ||
	    strchr(pattern, '\\') != NULL)
		return -1;
	if (!globs_is_pattern(pattern) || has_split_bracket(pattern + strlen(root)))
		return -1; /* a path, which is followed as it is */
	check(globs_find(globs, pattern, &found, &n, &why) == 0);
	for (size_t i = 0; i < n; i++)
		check(globs_match(pattern, found[i]));
	for (size_t i = 0; i < N_FILES; i++) {
		path_of(files[i], path);
		check(times(found, n, path) == globs_match(pattern, path));
	}
	globs_free_files(found, n);
	return 0;
}
