/*
 * answers: what answers.sh needs beside sqlite3.
 *
 *   answers index FILE     converts a database of an older version and indexes its hits, as the daemon does, in slices
 * of 16000; prints "seconds slices longest", the longest slice in milliseconds answers forget FILE    drops what the
 * system has of the file in memory, so that the next reading is cold
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/hits.h"

enum { SLICE_HITS = 16000 };

static int end(const struct why *why)
{
	(void)fprintf(stderr, "answers: %s\n", why->text);
	return 1;
}

static int index_all(const char *path)
{
	const int64_t began = clock_steady_ms();
	int64_t longest = 0, slices = 0;
	struct store *store = NULL;
	struct why why;
	bool more = true;

	if (store_open(path, STORE_WRITE, &store, &why) < 0)
		return end(&why);
	while (more) {
		const int64_t slice = clock_steady_ms();
		int rc = store_begin(store, &why);

		if (rc == 0)
			rc = store_finish(store, store_index_hits(store, SLICE_HITS, &more, &why), &why);
		if (rc < 0)
			return end(&why);
		slices++;
		if (clock_steady_ms() - slice > longest)
			longest = clock_steady_ms() - slice;
	}
	store_close(store);
	(void)printf("%.1f %lld %lld\n", (double)(clock_steady_ms() - began) / 1000, (long long)slices,
	             (long long)longest);
	return 0;
}

static int forget(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) {
		perror(path);
		return 1;
	}
	return close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "index") == 0)
		return index_all(argv[2]);
	if (argc == 3 && strcmp(argv[1], "forget") == 0)
		return forget(argv[2]);
	(void)fprintf(stderr, "usage: answers index|forget FILE\n");
	return 2;
}
