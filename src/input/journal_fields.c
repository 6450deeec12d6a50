#include "input/journal_fields.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	SYSTEM_UID_MAX = 999, /* the highest id of a system user in systemd and Debian */
	STAMP_MAX = 48,       /* bytes for a time in any year */
};

/* The fields that are read. */
enum field {
	MESSAGE,
	IDENTIFIER,
	SYSLOG_PID,
	PID,
	UID,
	TRANSPORT,
	COMM,
	HOSTNAME,
	CONTAINER,
	MESSAGE_ID,
	DROPPED,
	LINE_BREAK,
	STREAM,
	PARTIAL,
	N_FIELDS,
};

static_assert((int)N_FIELDS == (int)JOURNAL_FIELDS_MAX, "each has its place");

#define FIELD(text) text "=", sizeof(text)

static const struct {
	const char *name; /* includes the "=" */
	size_t len;
} names[N_FIELDS] = {
	[MESSAGE] = {FIELD("MESSAGE")},
	[IDENTIFIER] = {FIELD("SYSLOG_IDENTIFIER")},
	[SYSLOG_PID] = {FIELD("SYSLOG_PID")},
	[PID] = {FIELD("_PID")},
	[UID] = {FIELD("_UID")},
	[TRANSPORT] = {FIELD("_TRANSPORT")},
	[COMM] = {FIELD("_COMM")},
	[HOSTNAME] = {FIELD("_HOSTNAME")},
	[CONTAINER] = {FIELD("CONTAINER_NAME")},
	[MESSAGE_ID] = {FIELD("MESSAGE_ID")},
	[DROPPED] = {FIELD("N_DROPPED")},
	[LINE_BREAK] = {FIELD("_LINE_BREAK")},
	[STREAM] = {FIELD("_STREAM_ID")},
	[PARTIAL] = {FIELD("CONTAINER_PARTIAL_MESSAGE")},
};

/* SD_MESSAGE_JOURNAL_DROPPED of sd-messages.h, in the form of the MESSAGE_ID field. */
static const char dropped_id[] = "a596d6fe7bfa4994828e72309e95d61e";

void journal_fields_begin(struct journal_fields *f)
{
	memset(f->found, 0, sizeof f->found);
	f->is_cut = false;
}

void journal_fields_keep(struct journal_fields *f, const char *data, size_t len)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		const size_t name_len = names[i].len;
		char *const to = i == MESSAGE ? f->message : f->value[i];
		const size_t max = i == MESSAGE ? sizeof f->message : JOURNAL_VALUE_MAX;

		if (data[0] != names[i].name[0] || len < name_len || memcmp(data, names[i].name, name_len) != 0)
			continue;
		if (f->found[i].p != NULL)
			return;
		len -= name_len;
		f->is_cut |= i == MESSAGE && len > max;
		f->found[i] = (struct span){to, len < max ? len : max};
		memcpy(to, data + name_len, f->found[i].len);
		return;
	}
}

static int64_t number_of(struct span digits, int64_t otherwise)
{
	int64_t n = 0;

	if (digits.len == 0 || digits.len > 18)
		return otherwise;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return otherwise;
		n = n * 10 + (digits.p[i] - '0');
	}
	return n;
}

/* Entries that the kernel and journald write themselves have no _UID, or journald's own. */
static int64_t uid_of(const struct journal_fields *f, bool is_foreign)
{
	const struct span transport = f->found[TRANSPORT];
	int64_t uid = number_of(f->found[UID], RECORD_UID_NONE);

	if (span_is(transport, "kernel") || span_is(transport, "driver"))
		uid = 0;
	return is_foreign && uid >= 0 && uid <= SYSTEM_UID_MAX ? 0 : uid;
}

void journal_fields_record(const struct journal_fields *fields, int64_t received_us, bool is_foreign,
                           struct record *ret)
{
	const struct span *const f = fields->found;
	const struct span message = f[MESSAGE];
	const char *const lf = message.len > 0 ? memchr(message.p, '\n', message.len) : NULL;

	*ret = (struct record){.has_fields = true,
	                       .start = received_us,
	                       .cut = fields->is_cut && lf == NULL,
	                       .printed = f[CONTAINER].p != NULL,
	                       .uid = uid_of(fields, is_foreign)};
	ret->line = (struct line){
		.time_s = received_us / 1000000,
		.has_time = true,
		.host = f[HOSTNAME],
		.program = f[IDENTIFIER].p != NULL ? f[IDENTIFIER] : f[COMM],
		.pid = f[SYSLOG_PID].p != NULL ? f[SYSLOG_PID] : f[PID],
		.message = {message.p, lf != NULL ? (size_t)(lf - message.p) : message.len},
	};
}

/*
 * Returns what the parts of a line have in common; empty if the entry belongs to no stream. For containers only dockerd
 * and conmon are believed, which run as root.
 */
static struct span stream_of(const struct journal_fields *fields)
{
	const struct span *const f = fields->found;

	if (f[STREAM].len > 0)
		return f[STREAM];
	return uid_of(fields, false) == 0 ? f[CONTAINER] : (struct span){NULL, 0};
}

bool journal_pieces_goes_on(struct journal_pieces *pieces, const struct journal_fields *fields)
{
	const struct span *const f = fields->found, stream = stream_of(fields);
	const bool is_piece =
		span_is(f[LINE_BREAK], "nul") || span_is(f[LINE_BREAK], "line-max") || span_is(f[PARTIAL], "true");
	size_t i = 0;

	if (stream.len == 0)
		return false;
	while (i < JOURNAL_PIECES_MAX &&
	       !(pieces->len[i] == stream.len && memcmp(pieces->of[i], stream.p, stream.len) == 0))
		i++;
	if (i < JOURNAL_PIECES_MAX) {
		pieces->len[i] = is_piece ? pieces->len[i] : 0;
		return true;
	}
	if (is_piece) {
		i = pieces->next;
		pieces->next = (i + 1) % JOURNAL_PIECES_MAX;
		memcpy(pieces->of[i], stream.p, stream.len);
		pieces->len[i] = stream.len;
	}
	return false;
}

/* Reads "Suppressed 123 messages from postfix@-.service". */
int64_t journal_fields_suppressed(const struct journal_fields *fields, struct span *ret_unit)
{
	static const char from[] = " from ";
	const struct span message = fields->found[MESSAGE];
	const char *unit;

	if (!span_is(fields->found[MESSAGE_ID], dropped_id) || !span_is(fields->found[TRANSPORT], "driver") ||
	    message.p == NULL)
		return 0;
	unit = memmem(message.p, message.len, from, strlen(from));
	*ret_unit = (struct span){NULL, 0};
	if (unit != NULL)
		*ret_unit = (struct span){unit + strlen(from), message.len - (size_t)(unit + strlen(from) - message.p)};
	if (ret_unit->len > JOURNAL_VALUE_MAX)
		ret_unit->len = JOURNAL_VALUE_MAX;
	return number_of(fields->found[DROPPED], 1);
}

struct span journal_text(const struct record *record, char *out, size_t cap)
{
	const struct line *const line = &record->line;
	const time_t time_s = (time_t)line->time_s; /* the same type here */
	const struct span host = line->host.len > 0 ? line->host : (struct span){"-", 1};
	char stamp[STAMP_MAX], pid[JOURNAL_VALUE_MAX + sizeof "[]"] = "";
	struct tm tm;
	int len;

	assert(cap >= JOURNAL_TEXT_MAX + LINE_MAX_BYTES);
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&time_s, &tm));
	if (line->pid.len > 0)
		(void)snprintf(pid, sizeof pid, "[%.*s]", (int)line->pid.len, line->pid.p);
	len = snprintf(out, JOURNAL_TEXT_MAX, "%s %.*s %.*s%s%s", stamp, (int)host.len, host.p, (int)line->program.len,
	               line->program.p, pid, line->program.len > 0 ? ": " : "");
	if (line->message.len > 0)
		memcpy(out + len, line->message.p, line->message.len);
	return (struct span){out, (size_t)len + line->message.len};
}
