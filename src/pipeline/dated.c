#include "pipeline/dated.h"

#include <stdlib.h>
#include <string.h>

#include "input/chunks.h"
#include "pipeline/scan.h"

static int by_date(const void *a, const void *b)
{
	const struct dated *const x = a, *const y = b;

	if (x->first_s != y->first_s)
		return x->first_s < y->first_s ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static void read_first_time(struct dated *file, int year)
{
	struct chunks *in;
	struct why ignored;
	int64_t done;

	file->first_s = INT64_MAX;
	if (strcmp(file->path, "-") == 0 || chunks_open(file->path, false, &in, &ignored) < 0)
		return;
	file->first_s = scan_first_time(chunks_first(in), chunks_mtime(in), year);
	chunks_progress(in, &done, &file->size);
	chunks_close(in);
}

void dated_files(const char *const paths[], size_t n, int year, struct dated *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct dated){.path = paths[i], .place = i};
		read_first_time(&ret[i], year);
	}
	if (n > 0)
		qsort(ret, n, sizeof *ret, by_date);
}
