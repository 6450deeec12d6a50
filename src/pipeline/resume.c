#include "pipeline/resume.h"

/* 0 when the line that ended there is the one remembered; positive when not; -errno: it cannot be read. */
static int go_on(const struct resume *reader, const struct store_log *known, struct why *why)
{
	if (reader->chunks != NULL)
		return chunks_seek(reader->chunks, known->position, (struct span){known->last, known->last_len}, why);
	return follow_resume(reader->follow, reader->file, known->position, known->last, known->last_len);
}

int resume_log(struct store *store, const struct resume *reader, struct store_log *ret, struct why *why)
{
	struct store_log known = {.id = 0}; /* any */
	int rc;

	while ((rc = store_log_find(store, reader->first, known.id, &known, why)) == 0) {
		if ((rc = go_on(reader, &known, why)) < 0)
			return RESUME_UNREADABLE;
		if (rc == 0) {
			*ret = known;
			return 0;
		}
	}
	if (rc < 0)
		return rc;
	if (reader->follow != NULL)
		(void)follow_resume(reader->follow, reader->file, 0, NULL, 0);
	return RESUME_NEW;
}
