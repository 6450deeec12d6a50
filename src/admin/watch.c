#include "admin/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin/rows.h"
#include "base/alloc.h"
#include "control/reply.h"

void watch_begin(struct store *store, enum query_stream stream, int64_t after, json_t *reply)
{
	int64_t newest;
	struct why why;

	if (query_begins_after(store, stream, after, &newest, &why) < 0)
		reply_error(reply, why.text);
	else
		json_put_number(reply, "newest", newest);
}

static void append(struct watch_piece *piece, json_t *row)
{
	size_t len;
	char *const line = json_line(row, &len);

	piece->lines = alloc_resize(piece->lines, piece->len + len, 1, "events");
	memcpy(piece->lines + piece->len, line, len);
	piece->len += len;
	free(line);
	json_decref(row);
}

int watch_next(struct store *store, enum query_stream stream, int64_t after, struct watch_piece *ret, struct why *why)
{
	struct watch_piece piece = {.last = after};
	struct query_event event;
	int64_t newest;
	int rc = query_last_event(store, stream, &newest, why);

	if (rc < 0)
		return rc;
	query_events(store, stream, after);
	while ((rc = query_next_event(store, &event, why)) == 0) {
		append(&piece, rows_event(&event));
		piece.last = event.id;
		if (piece.len >= WATCH_BYTES)
			break;
	}
	if (rc < 0) {
		free(piece.lines);
		return rc;
	}
	piece.more = rc == 0;
	query_stop(store);
	if (!piece.more && newest > piece.last)
		piece.last = newest; /* skip what does not belong to the stream */
	*ret = piece;
	return 0;
}
