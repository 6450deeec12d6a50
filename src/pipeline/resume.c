#include "pipeline/resume.h"

/*
 * Returns 0 if the line that ended at the known position is the remembered one, and the reader continues there;
 * positive if it is another line; -errno if it cannot be read.
 */
static int go_on(const struct resume *reader, const struct store_log *known, struct why *why)
{
	if (reader->chunks != NULL)
		return chunks_seek(reader->chunks, known->position, (struct span){known->last, known->last_len}, why);
	return follow_resume(reader->follow, reader->file, known->position, known->last, known->last_len);
}

/* Returns true if pending has a newer position of the log than the database. pending may be NULL. */
static bool is_unwritten(struct pending *pending, struct span first, int64_t id)
{
	struct pending_file *file = NULL;

	while (pending != NULL && (file = pending_unwritten(pending, first, file)) != NULL)
		if (pending_log(file)->id == id)
			return true;
	return false;
}

static int resume_stored(struct store *store, struct pending *pending, const struct resume *reader,
                         struct store_log *ret, struct why *why)
{
	struct store_log known = {.id = 0}; /* start of the search */
	int rc;

	while ((rc = store_log_find(store, reader->first, known.id, &known, why)) == 0) {
		if (is_unwritten(pending, reader->first, known.id))
			continue;
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

int resume_log(struct store *store, const struct resume *reader, struct store_log *ret, struct why *why)
{
	return resume_stored(store, NULL, reader, ret, why);
}

int resume_file(struct store *store, struct pending *pending, const struct resume *reader, const char *path,
                struct pending_file **ret, struct why *why)
{
	struct pending_file *file = NULL;
	struct store_log known;
	int rc;

	while ((file = pending_unwritten(pending, reader->first, file)) != NULL) {
		if ((rc = go_on(reader, pending_log(file), why)) < 0)
			return RESUME_UNREADABLE;
		if (rc > 0)
			continue;
		pending_share(file, path);
		*ret = file;
		return 0;
	}
	rc = resume_stored(store, pending, reader, &known, why);
	if (rc == 0 || rc == RESUME_NEW)
		*ret = pending_file(pending, path, reader->first, rc == RESUME_NEW ? NULL : &known);
	return rc;
}
