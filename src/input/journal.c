#include "input/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "input/journal_cursor.h"

enum {
	/*
	 * Entries between two calls of sd_journal_process; without it deleted files stay open (journalctl does the
	 * same)
	 */
	ENTRIES_PER_TURN = 1024,
	THRESHOLD = LINE_MAX_BYTES + sizeof "MESSAGE=", /* bytes of a field; longer ones are truncated */
};

struct journal {
	sd_journal *handle; /* NULL after a failure: it is reopened */
	char *namespace, *machine, *directory, *name;
	bool is_foreign; /* belongs to another machine */
	unsigned roots;  /* which roots existed when it was opened, one bit each */

	int64_t from_s;    /* a time where reading began; 0: at the beginning */
	bool has_position; /* position is the cursor of an entry */
	char position[JOURNAL_CURSOR_MAX];
	uint64_t passed;  /* entries since position was updated */
	bool is_ahead;    /* the handle is at an entry that was not returned yet */
	bool is_doubtful; /* the entry at position may be gone: the next entry shows whether any were lost */
	unsigned since_turn;
	struct journal_stat stat;
	struct journal_fields fields; /* of the entry that was returned last */
	struct journal_pieces pieces;
};

/* --- opening --- */

static int fail(const struct journal *j, int rc, const char *what, struct why *why)
{
	return why_set(why, -rc, "the journal%s%s: %s: %s", j->name[0] != '\0' ? " of " : "", j->name, what,
	               strerror(-rc));
}

/* Reports files that cannot be opened, which sd_journal_open does not. Other namespaces are not checked. */
static int check_rights(const struct journal *j, struct why *why)
{
	if (j->name[0] != '\0' || sd_journal_has_runtime_files(j->handle) > 0 ||
	    sd_journal_has_persistent_files(j->handle) > 0)
		return 0;
	return journal_where_rights(why);
}

/* Returns true if a descriptor is left: sd-journal silently omits files that it cannot open for lack of one. */
static bool has_descriptor(void)
{
	const int fd = open("/", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || (errno != EMFILE && errno != ENFILE);
}

static int open_handle(struct journal *j, struct why *why)
{
	char path[PATH_MAX];
	int rc = 0;

	j->roots = journal_where_roots(); /* before opening, so that a root that appears meanwhile is noticed */
	if (j->machine[0] != '\0' && (rc = journal_where_machine(j->machine, path, why)) < 0)
		return rc;
	if (j->machine[0] != '\0')
		rc = sd_journal_open_directory(&j->handle, path, SD_JOURNAL_SYSTEM);
	else if (j->directory[0] != '\0')
		rc = sd_journal_open_directory(&j->handle, j->directory, 0);
	else
		rc = sd_journal_open_namespace(&j->handle, j->namespace[0] != '\0' ? j->namespace : NULL,
		                               SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (rc < 0) {
		j->handle = NULL;
		return fail(j, rc, "cannot open it", why);
	}
	/* Before anything is read; otherwise deleted files stay open. */
	rc = sd_journal_get_fd(j->handle);
	if (rc >= 0)
		rc = sd_journal_set_data_threshold(j->handle, THRESHOLD);
	if (rc < 0)
		return fail(j, rc, "cannot watch it", why);
	j->stat.too_many = !has_descriptor();
	j->since_turn = 0;
	j->is_ahead = false;
	return check_rights(j, why);
}

static void close_handle(struct journal *j)
{
	sd_journal_close(j->handle);
	j->handle = NULL;
}

int journal_open(const struct journal_where *where, struct journal **ret, struct why *why)
{
	static const char what[] = "the journal";
	struct journal *const j = alloc_zero(1, sizeof *j, what);
	char name[PATH_MAX];
	int rc;

	if ((where->namespace[0] != '\0') + (where->machine[0] != '\0') + (where->directory[0] != '\0') > 1) {
		free(j);
		return why_set(why, EINVAL, "[journal] namespace, machine and directory: want one of them");
	}
	j->namespace = alloc_text(where->namespace, what);
	j->machine = alloc_text(where->machine, what);
	j->directory = alloc_text(where->directory, what);
	j->is_foreign = where->machine[0] != '\0' || where->directory[0] != '\0';
	journal_where_name(where, name, sizeof name);
	j->name = alloc_text(name, what);
	rc = open_handle(j, why);
	if (rc < 0) {
		journal_close(j);
		return rc;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	close_handle(j);
	free(j->namespace);
	free(j->machine);
	free(j->directory);
	free(j->name);
	free(j);
}

struct journal_stat journal_stat(const struct journal *j)
{
	return j->stat;
}

/* --- positions --- */

/* Copies the cursor of the handle's current entry. */
static int here(const struct journal *j, char ret[static JOURNAL_CURSOR_MAX], struct why *why)
{
	char *text = NULL;
	int rc = sd_journal_get_cursor(j->handle, &text);

	if (rc >= 0 && strlen(text) >= JOURNAL_CURSOR_MAX)
		rc = -E2BIG;
	if (rc >= 0)
		(void)snprintf(ret, JOURNAL_CURSOR_MAX, "%s", text);
	free(text);
	return rc < 0 ? fail(j, rc, "cannot get the cursor of an entry", why) : 0;
}

/* Updates position to the last entry that was passed, while its file is still open. */
static int settle(struct journal *j, struct why *why)
{
	int rc;

	if (j->passed == 0)
		return 0;
	if ((rc = here(j, j->position, why)) < 0)
		return rc;
	j->has_position = true;
	j->passed = 0;
	return 0;
}

/* Goes to the last entry. Returns 1, or 0 if the journal is empty and everything that comes will be new. */
static int go_to_end(struct journal *j, struct why *why)
{
	/* Go back from the tail: "next" there finds nothing, or the first entry (systemd issues 9934, 17662). */
	int rc = sd_journal_seek_tail(j->handle), end;

	if (rc >= 0)
		rc = sd_journal_previous(j->handle);
	end = rc > 0;
	if (rc == 0)
		rc = sd_journal_seek_head(j->handle);
	j->is_ahead = j->is_doubtful = false;
	if (rc < 0)
		return fail(j, rc, "cannot go to its end", why);
	j->passed = (uint64_t)end; /* 0 or 1 */
	rc = settle(j, why);
	return rc < 0 ? rc : end;
}

int journal_seek_end(struct journal *j, struct why *why)
{
	const int rc = go_to_end(j, why);

	return rc < 0 ? rc : 0;
}

int journal_seek_time(struct journal *j, int64_t time_s, struct why *why)
{
	int rc;

	j->from_s = time_s < 0 ? 0 : time_s;
	rc = sd_journal_seek_realtime_usec(j->handle, (uint64_t)j->from_s * 1000000);
	j->is_ahead = false;
	return rc < 0 ? fail(j, rc, "cannot go to that time", why) : 0;
}

/* Goes from near the sought entry to that entry, or to the first one after its place. Returns as sd_journal_next. */
static int find_place(struct journal *j, const struct journal_cursor *sought, struct journal_cursor *found,
                      bool *ret_same, struct why *why)
{
	int rc;

	while ((rc = sd_journal_next(j->handle)) > 0) {
		char text[JOURNAL_CURSOR_MAX];

		if ((rc = here(j, text, why)) < 0)
			return rc;
		if (!journal_cursor_read(text, found))
			return why_set(why, EINVAL, "unknown form of a journal cursor: %s", text);
		*ret_same = journal_cursor_same(found, sought);
		if (*ret_same || journal_cursor_after(found, sought))
			return 1;
	}
	return rc < 0 ? fail(j, rc, "cannot read it", why) : 0;
}

/*
 * Counts a gap: gone no longer exists, and found is the next entry, possibly with none between them. Returns the number
 * of lost entries, -1 if unknown.
 */
static int64_t note_gap(struct journal *j, const struct journal_cursor *gone, const struct journal_cursor *found)
{
	int64_t lost = -1;

	if (strcmp(found->seqnum_id, gone->seqnum_id) == 0 && found->seqnum > gone->seqnum)
		lost = (int64_t)(found->seqnum - gone->seqnum - 1);
	j->stat.gaps += lost != 0;
	j->stat.lost += lost > 0 ? lost : 0;
	return lost;
}

int journal_seek(struct journal *j, const char *cursor, struct journal_gap *ret, struct why *why)
{
	struct journal_cursor sought, found = {.seqnum = 0};
	bool is_there = false;
	int rc;

	*ret = (struct journal_gap){.is_gone = false};
	if (strlen(cursor) >= JOURNAL_CURSOR_MAX || !journal_cursor_read(cursor, &sought))
		return why_set(why, EINVAL, "not a cursor of a journal");
	rc = sd_journal_seek_cursor(j->handle, cursor);
	if (rc < 0)
		return fail(j, rc, "cannot go to a cursor", why);
	if ((rc = find_place(j, &sought, &found, &is_there, why)) < 0)
		return rc;
	if (cursor != j->position)
		(void)snprintf(j->position, sizeof j->position, "%s", cursor);
	j->has_position = true;
	j->passed = 0;
	j->is_ahead = rc > 0 && !is_there;
	j->is_doubtful = false;
	if (is_there)
		return 0;
	*ret = (struct journal_gap){.is_gone = true, .lost = -1};
	if (j->is_ahead) {
		ret->lost = note_gap(j, &sought, &found);
		return 0;
	}
	if ((rc = go_to_end(j, why)) < 0)
		return rc;
	j->stat.gaps += rc > 0; /* it has entries, all of them older */
	j->is_doubtful = rc == 0;
	return 0;
}

/* --- reading --- */

/* Skips n entries, those that were returned since position was updated. */
static int pass_again(struct journal *j, uint64_t n, struct why *why)
{
	int rc = 1;

	for (; n > 0 && rc > 0; n--) {
		rc = j->is_ahead ? 1 : sd_journal_next(j->handle);
		j->is_ahead = false;
		j->passed += rc > 0;
	}
	return rc < 0 ? fail(j, rc, "cannot read it", why) : settle(j, why);
}

static int find_again(struct journal *j, struct why *why)
{
	const uint64_t passed = j->passed;
	struct journal_gap gap = {.is_gone = false};
	int rc;

	j->passed = 0;
	rc = j->has_position ? journal_seek(j, j->position, &gap, why) : journal_seek_time(j, j->from_s, why);
	if (rc == 0 && !gap.is_gone)
		rc = pass_again(j, passed, why);
	else if (rc == 0 && gap.lost >= 0 && (uint64_t)gap.lost < passed)
		rc = pass_again(j, passed - (uint64_t)gap.lost, why); /* those of the gap were among them */
	if (rc < 0)
		j->passed = passed;
	return rc;
}

/*
 * Replaces the handle by a new one at the same position: a file may be broken in any way, and the old handle would
 * remember it.
 */
static int reopen(struct journal *j, struct why *why)
{
	int rc;

	close_handle(j);
	j->stat.reopened++;
	rc = open_handle(j, why);
	if (rc == 0)
		rc = find_again(j, why);
	if (rc < 0)
		close_handle(j);
	return rc;
}

int journal_position(struct journal *j, const char **ret, struct why *why)
{
	int rc = 0;

	if (j->handle == NULL)
		rc = j->passed > 0 ? reopen(j, why) : 0;
	else if (settle(j, why) < 0)
		rc = reopen(j, why);
	if (rc < 0)
		return rc;
	*ret = j->position;
	return j->has_position ? 0 : JOURNAL_NONE;
}

/*
 * Handles changes. sd-journal does not watch for a directory that did not exist; the first one on the disk is created
 * while journald runs. When a file was deleted, sd-journal silently continues in the next one. A file that is renamed
 * does not exist for a moment, so it is too early to check here.
 */
static int process(struct journal *j, struct why *why)
{
	int rc;

	j->since_turn = 0;
	if ((rc = settle(j, why)) < 0) /* the file of the position may be closed now */
		return rc;
	rc = sd_journal_process(j->handle);
	if (rc < 0)
		return fail(j, rc, "cannot see its changes", why);
	if (rc != SD_JOURNAL_NOP)
		j->stat.too_many = !has_descriptor();
	j->is_doubtful |= rc == SD_JOURNAL_INVALIDATE && j->has_position;
	return journal_where_roots() != j->roots ? reopen(j, why) : 0;
}

int journal_turn(struct journal *j, struct why *why)
{
	if (j->handle == NULL || process(j, why) < 0)
		return reopen(j, why);
	return 0;
}

int journal_fd(const struct journal *j)
{
	return j->handle == NULL ? -1 : sd_journal_get_fd(j->handle);
}

int journal_timeout_ms(const struct journal *j)
{
	uint64_t at_us;
	struct timespec now;
	int64_t now_us;

	if (j->handle == NULL || sd_journal_get_timeout(j->handle, &at_us) < 0 || at_us == UINT64_MAX)
		return -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	return (int64_t)at_us <= now_us ? 0 : (int)(((int64_t)at_us - now_us) / 1000 + 1); /* fits: a few seconds */
}

/*
 * Reads all fields in one pass, which costs less than looking up four of them. Returns -errno if the entry is damaged.
 */
static int read_fields(struct journal *j)
{
	const void *data;
	size_t len;
	int rc;

	journal_fields_begin(&j->fields);
	sd_journal_restart_data(j->handle);
	while ((rc = sd_journal_enumerate_available_data(j->handle, &data, &len)) > 0)
		if (len > 0)
			journal_fields_keep(&j->fields, data, len);
	return rc;
}

/* Goes to the next entry. Returns as sd_journal_next; after an error it processes changes and tries once more. */
static int advance(struct journal *j, struct why *why)
{
	int rc;

	if (j->is_ahead) {
		j->is_ahead = false;
		return 1;
	}
	if (++j->since_turn > ENTRIES_PER_TURN && (rc = process(j, why)) < 0)
		return rc;
	rc = sd_journal_next(j->handle);
	if (rc < 0 && process(j, why) == 0)
		rc = sd_journal_next(j->handle);
	return rc < 0 ? fail(j, rc, "cannot read it", why) : rc;
}

/*
 * Resolves is_doubtful. The handle is at the next entry. If the entry before it no longer exists, counts what was lost
 * between them.
 */
static int end_doubt(struct journal *j, struct why *why)
{
	struct journal_cursor before, next, found;
	char text[JOURNAL_CURSOR_MAX];
	bool is_there = false;
	int rc = here(j, text, why);

	if (rc < 0)
		return rc;
	if (!journal_cursor_read(j->position, &before) || !journal_cursor_read(text, &next))
		return why_set(why, EINVAL, "unknown form of a journal cursor: %s", text);
	rc = sd_journal_seek_cursor(j->handle, j->position);
	if (rc >= 0)
		rc = find_place(j, &before, &found, &is_there, why);
	if (rc >= 0)
		rc = sd_journal_seek_cursor(j->handle, text);
	if (rc >= 0)
		rc = sd_journal_next(j->handle);
	if (rc > 0)
		rc = sd_journal_test_cursor(j->handle, text);
	if (rc <= 0)
		return fail(j, rc < 0 ? rc : -ESTALE, "cannot read it", why);
	if (!is_there)
		(void)note_gap(j, &before, &next);
	j->is_doubtful = false;
	return 0;
}

int journal_next(struct journal *j, struct journal_entry *ret, struct why *why)
{
	uint64_t received_us = 0;
	int rc;

	if (j->handle == NULL && (rc = reopen(j, why)) < 0)
		return rc;
	while ((rc = advance(j, why)) > 0) {
		if (j->is_doubtful && (rc = end_doubt(j, why)) < 0)
			break;
		j->passed++;
		rc = read_fields(j);
		if (rc < 0) {
			j->stat.damaged++;
			continue;
		}
		(void)sd_journal_get_realtime_usec(j->handle, &received_us); /* part of the entry that was just read */
		*ret = (struct journal_entry){.unit = {NULL, 0}};
		journal_fields_record(&j->fields, (int64_t)received_us, j->is_foreign, &ret->record);
		if (journal_pieces_goes_on(&j->pieces, &j->fields))
			ret->record.line.message = (struct span){NULL, 0};
		ret->suppressed = journal_fields_suppressed(&j->fields, &ret->unit);
		return 0;
	}
	if (rc < 0)
		close_handle(j);
	return rc < 0 ? rc : JOURNAL_NONE;
}

int journal_newest_mail(const struct journal_where *where, int64_t *ret_s, struct why *why)
{
	struct journal *j = NULL;
	uint64_t realtime_us = 0;
	int rc = journal_open(where, &j, why);

	if (rc != 0 || j == NULL)
		return rc;
	rc = sd_journal_add_match(j->handle, "SYSLOG_FACILITY=2", 0);
	if (rc >= 0)
		rc = sd_journal_seek_tail(j->handle);
	if (rc >= 0)
		rc = sd_journal_previous(j->handle);
	if (rc > 0)
		rc = sd_journal_get_realtime_usec(j->handle, &realtime_us);
	if (rc < 0)
		rc = fail(j, rc, "cannot find its newest mail", why);
	journal_close(j);
	if (rc < 0)
		return rc;
	*ret_s = (int64_t)(realtime_us / 1000000);
	return 0;
}
