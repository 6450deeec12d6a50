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
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "input/journal_cursor.h"

enum {
	ENTRIES_PER_TURN = 1024,  /* sd_journal_process in between, or deleted files stay open (as journalctl) */
	THRESHOLD = LINE_MAX_BYTES + sizeof "MESSAGE=", /* of a field; what is longer is cut */
	VALUE_MAX = 128,          /* bytes of a value other than MESSAGE */
	SYSTEM_UID_MAX = 999,     /* UID_MAX of system users: systemd's and Debian's */
	STAMP_MAX = 48,           /* of a time in any year */
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
	N_FIELDS,
};

#define FIELD(text) text "=", sizeof(text)

static const struct {
	const char *name; /* with its "=" */
	size_t len;
} fields[N_FIELDS] = {
	[MESSAGE] = {FIELD("MESSAGE")},       [IDENTIFIER] = {FIELD("SYSLOG_IDENTIFIER")},
	[SYSLOG_PID] = {FIELD("SYSLOG_PID")}, [PID] = {FIELD("_PID")},
	[UID] = {FIELD("_UID")},              [TRANSPORT] = {FIELD("_TRANSPORT")},
	[COMM] = {FIELD("_COMM")},            [HOSTNAME] = {FIELD("_HOSTNAME")},
	[CONTAINER] = {FIELD("CONTAINER_NAME")},
	[MESSAGE_ID] = {FIELD("MESSAGE_ID")}, [DROPPED] = {FIELD("N_DROPPED")},
};

/* SD_MESSAGE_JOURNAL_DROPPED of sd-messages.h, as its field has it. */
static const char dropped_id[] = "a596d6fe7bfa4994828e72309e95d61e";

struct journal {
	sd_journal *handle; /* NULL: it failed, and is opened again */
	char *namespace, *machine, *directory, *name;
	bool foreign;      /* of another machine */
	unsigned roots;    /* which of them there were when it was opened, a bit each */

	int64_t from_s;    /* where reading began: a time; 0: at its beginning */
	bool has_position; /* position is the cursor of an entry */
	char position[JOURNAL_CURSOR_MAX];
	uint64_t passed;   /* entries since the position was taken */
	bool is_ahead;     /* the handle is at an entry that was not returned yet */
	unsigned since_turn;
	struct journal_stat stat;

	/* Of the entry returned last. */
	char message[LINE_MAX_BYTES];
	char value[N_FIELDS][VALUE_MAX];
	struct span found[N_FIELDS];
	bool is_cut;
};

/* Where journald writes. */
static const char *const roots[] = {"/var/log/journal", "/run/log/journal"};

enum { N_ROOTS = sizeof roots / sizeof *roots };

/* --- opening --- */

static int fail(const struct journal *j, int rc, const char *what, struct why *why)
{
	return why_set(why, -rc, "the journal%s%s: %s: %s", j->name[0] != '\0' ? " of " : "", j->name, what, strerror(-rc));
}

static bool is_machine_id(const char *text)
{
	return strlen(text) == JOURNAL_ID_MAX - 1 && strspn(text, "0123456789abcdef") == JOURNAL_ID_MAX - 1;
}

/* The value of the line that begins with key in a file of such lines; key "": the first line. */
static bool read_id(const char *path, const char *key, char ret[static JOURNAL_ID_MAX])
{
	FILE *const file = fopen(path, "re");
	char line[LINE_MAX];
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
		const char *const value = line + strlen(key);

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, strlen(key)) != 0 || !is_machine_id(value))
			continue;
		memcpy(ret, value, JOURNAL_ID_MAX);
		found = true;
	}
	if (file != NULL)
		(void)fclose(file);
	return found;
}

/* A container's journal is in a directory named by its machine id. */
static int find_machine(const char *machine, char ret[static PATH_MAX], struct why *why)
{
	char id[JOURNAL_ID_MAX], path[PATH_MAX];
	bool known = is_machine_id(machine);

	if (known) {
		memcpy(id, machine, JOURNAL_ID_MAX);
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
	return why_set(why, ENOENT, "machine %s: %s; name its machine id, or its journal's [journal] directory", machine,
	               known ? "no journal in /var/log/journal" : "not known here");
}

/* Of files that cannot be opened sd_journal_open says nothing. Those of another namespace are not looked at. */
static int check_rights(const struct journal *j, struct why *why)
{
	char id[SD_ID128_STRING_MAX], path[PATH_MAX];
	sd_id128_t machine;

	if (j->name[0] != '\0' || sd_journal_has_runtime_files(j->handle) > 0 || sd_journal_has_persistent_files(j->handle) > 0 ||
	    sd_id128_get_machine(&machine) < 0)
		return 0;
	for (size_t i = 0; i < N_ROOTS; i++) {
		(void)snprintf(path, sizeof path, "%s/%s/system.journal", roots[i], sd_id128_to_string(machine, id));
		if (access(path, R_OK) < 0 && errno == EACCES)
			return why_set(why, EACCES, "%s: Permission denied; the user must be in group systemd-journal", path);
	}
	return 0;
}

/* sd-journal leaves out files that it has no descriptor for. */
static bool has_descriptor(void)
{
	const int fd = open("/", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || (errno != EMFILE && errno != ENFILE);
}

static unsigned present_roots(void)
{
	unsigned present = 0;

	for (size_t i = 0; i < N_ROOTS; i++)
		present |= access(roots[i], F_OK) == 0 ? 1U << i : 0;
	return present;
}

static int open_handle(struct journal *j, struct why *why)
{
	char path[PATH_MAX];
	int rc = 0;

	j->roots = present_roots(); /* before: what comes meanwhile is noticed */
	if (j->machine[0] != '\0' && (rc = find_machine(j->machine, path, why)) < 0)
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
	/* Before anything is read, or files that are deleted stay open. */
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

void journal_where_name(const struct journal_where *where, char *out, size_t cap)
{
	const char *const kind = where->namespace[0] != '\0' ? "namespace "
	                         : where->machine[0] != '\0' ? "machine "
	                         : where->directory[0] != '\0' ? "directory " : "";

	(void)snprintf(out, cap, "%s%s%s%s", kind, where->namespace, where->machine, where->directory);
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
	j->foreign = where->machine[0] != '\0' || where->directory[0] != '\0';
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

/* Where the handle is. */
static int here(const struct journal *j, char ret[static JOURNAL_CURSOR_MAX], struct why *why)
{
	char *text = NULL;
	int rc = sd_journal_get_cursor(j->handle, &text);

	if (rc >= 0 && strlen(text) >= JOURNAL_CURSOR_MAX)
		rc = -E2BIG;
	if (rc >= 0)
		(void)snprintf(ret, JOURNAL_CURSOR_MAX, "%s", text);
	free(text);
	return rc < 0 ? fail(j, rc, "no cursor of an entry", why) : 0;
}

/* Takes the position of the last entry passed, while the file that has it is open. */
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

int journal_seek_end(struct journal *j, struct why *why)
{
	/* Back from the tail: "next" there finds nothing, or the first entry (systemd issues 9934, 17662). */
	int rc = sd_journal_seek_tail(j->handle);

	if (rc >= 0)
		rc = sd_journal_previous(j->handle);
	if (rc < 0)
		return fail(j, rc, "cannot go to its end", why);
	j->is_ahead = false;
	if (rc == 0) { /* it is empty: all that comes is new */
		rc = sd_journal_seek_head(j->handle);
		return rc < 0 ? fail(j, rc, "cannot go to its end", why) : 0;
	}
	j->passed = 1;
	return settle(j, why);
}

int journal_seek_time(struct journal *j, int64_t time_s, struct why *why)
{
	int rc;

	j->from_s = time_s < 0 ? 0 : time_s;
	rc = sd_journal_seek_realtime_usec(j->handle, (uint64_t)j->from_s * 1000000);
	j->is_ahead = false;
	return rc < 0 ? fail(j, rc, "cannot go to that time", why) : 0;
}

/* From the entry nearest to the one sought to that one, or to the first behind its place. Returns as sd_journal_next. */
static int find_place(struct journal *j, const struct journal_cursor *sought, struct journal_cursor *found, bool *ret_same, struct why *why)
{
	int rc;

	while ((rc = sd_journal_next(j->handle)) > 0) {
		char text[JOURNAL_CURSOR_MAX];

		if ((rc = here(j, text, why)) < 0)
			return rc;
		if (!journal_cursor_read(text, found))
			return why_set(why, EINVAL, "the journal's cursor has another form: %s", text);
		*ret_same = journal_cursor_same(found, sought);
		if (*ret_same || journal_cursor_after(found, sought))
			return 1;
	}
	return rc < 0 ? fail(j, rc, "cannot read it", why) : 0;
}

int journal_seek(struct journal *j, const char *cursor, struct journal_gap *ret, struct why *why)
{
	struct journal_cursor sought, found = {.seqnum = 0};
	bool is_there = false;
	int rc;

	*ret = (struct journal_gap){.is_gone = false};
	if (strlen(cursor) >= JOURNAL_CURSOR_MAX || !journal_cursor_read(cursor, &sought))
		return why_set(why, EINVAL, "no cursor of a journal");
	rc = sd_journal_seek_cursor(j->handle, cursor);
	if (rc < 0)
		return fail(j, rc, "cannot go to a cursor", why);
	if ((rc = find_place(j, &sought, &found, &is_there, why)) < 0)
		return rc;
	(void)snprintf(j->position, sizeof j->position, "%s", cursor);
	j->has_position = true;
	j->passed = 0;
	j->is_ahead = rc > 0 && !is_there;
	if (is_there)
		return 0;
	ret->is_gone = true;
	ret->lost = -1;
	if (j->is_ahead && strcmp(found.seqnum_id, sought.seqnum_id) == 0)
		ret->lost = (int64_t)(found.seqnum - sought.seqnum - 1); /* it is behind: greater */
	j->stat.gaps++;
	j->stat.lost += ret->lost > 0 ? ret->lost : 0;
	return j->is_ahead ? 0 : journal_seek_end(j, why);
}

/* --- reading --- */

/* Past the entries that were returned since the position was taken. */
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
	struct journal_gap gap;
	int rc;

	j->passed = 0;
	rc = j->has_position ? journal_seek(j, j->position, &gap, why) : journal_seek_time(j, j->from_s, why);
	if (rc == 0)
		rc = pass_again(j, passed, why);
	if (rc < 0)
		j->passed = passed;
	return rc;
}

/* Anything may be wrong with a file, and the handle remembers it: a new one begins where this one was. */
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

/* sd-journal does not watch for a directory that was not there; the first one on the disk is made while journald runs. */
static int process(struct journal *j, struct why *why)
{
	int rc;

	j->since_turn = 0;
	if ((rc = settle(j, why)) < 0) /* its file may be closed now */
		return rc;
	rc = sd_journal_process(j->handle);
	if (rc < 0)
		return fail(j, rc, "cannot see its changes", why);
	if (rc != SD_JOURNAL_NOP)
		j->stat.too_many = !has_descriptor();
	return present_roots() != j->roots ? reopen(j, why) : 0;
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
	return (int64_t)at_us <= now_us ? 0 : (int)(((int64_t)at_us - now_us) / 1000 + 1); /* some seconds */
}

/* Keeps the value of a field that is one of ours; the first, when an entry has several. */
static void keep(struct journal *j, const char *data, size_t len)
{
	for (size_t f = 0; f < N_FIELDS; f++) {
		const size_t name_len = fields[f].len;
		char *const to = f == MESSAGE ? j->message : j->value[f];
		const size_t max = f == MESSAGE ? sizeof j->message : VALUE_MAX;

		if (data[0] != fields[f].name[0] || len < name_len || memcmp(data, fields[f].name, name_len) != 0)
			continue;
		if (j->found[f].p != NULL)
			return;
		len -= name_len;
		j->is_cut |= f == MESSAGE && len > max;
		j->found[f] = (struct span){to, len < max ? len : max};
		memcpy(to, data + name_len, j->found[f].len);
		return;
	}
}

/* All fields in one walk, which costs less than four questions for one each. -errno: it is damaged. */
static int read_fields(struct journal *j)
{
	const void *data;
	size_t len;
	int rc;

	memset(j->found, 0, sizeof j->found);
	j->is_cut = false;
	sd_journal_restart_data(j->handle);
	while ((rc = sd_journal_enumerate_available_data(j->handle, &data, &len)) > 0)
		if (len > 0)
			keep(j, data, len);
	return rc;
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

/* What the kernel and journald itself write has no _UID, or journald's. */
static int64_t uid_of(const struct journal *j)
{
	const struct span transport = j->found[TRANSPORT];
	int64_t uid = number_of(j->found[UID], RECORD_UID_NONE);

	if (span_is(transport, "kernel") || span_is(transport, "driver"))
		uid = 0;
	return j->foreign && uid >= 0 && uid <= SYSTEM_UID_MAX ? 0 : uid;
}

static void fill_record(const struct journal *j, struct record *record)
{
	const struct span *const f = j->found;
	const struct span message = f[MESSAGE];
	const char *const lf = message.len > 0 ? memchr(message.p, '\n', message.len) : NULL;
	uint64_t realtime_us = 0;

	(void)sd_journal_get_realtime_usec(j->handle, &realtime_us); /* it is in the entry that was just read */
	record->has_fields = true;
	record->start = (int64_t)realtime_us;
	record->cut = j->is_cut && lf == NULL;
	record->printed = f[CONTAINER].p != NULL;
	record->uid = uid_of(j);
	record->line = (struct line){
		.time_s = (int64_t)(realtime_us / 1000000),
		.has_time = true,
		.host = f[HOSTNAME],
		.program = f[IDENTIFIER].p != NULL ? f[IDENTIFIER] : f[COMM],
		.pid = f[SYSLOG_PID].p != NULL ? f[SYSLOG_PID] : f[PID],
		.message = {message.p, lf != NULL ? (size_t)(lf - message.p) : message.len},
	};
}

/* "Suppressed 123 messages from postfix@-.service" */
static void fill_suppressed(const struct journal *j, struct journal_entry *entry)
{
	static const char from[] = " from ";
	const struct span message = j->found[MESSAGE];
	const char *unit;

	if (!span_is(j->found[MESSAGE_ID], dropped_id) || !span_is(j->found[TRANSPORT], "driver") || message.p == NULL)
		return;
	entry->suppressed = number_of(j->found[DROPPED], 1);
	unit = memmem(message.p, message.len, from, strlen(from));
	if (unit != NULL)
		entry->unit = (struct span){unit + strlen(from), message.len - (size_t)(unit + strlen(from) - message.p)};
	if (entry->unit.len > JOURNAL_UNIT_MAX)
		entry->unit.len = JOURNAL_UNIT_MAX;
}

/* To the next entry. Returns as sd_journal_next; an error is tried once more after what changed is known. */
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

int journal_next(struct journal *j, struct journal_entry *ret, struct why *why)
{
	int rc;

	if (j->handle == NULL && (rc = reopen(j, why)) < 0)
		return rc;
	while ((rc = advance(j, why)) > 0) {
		j->passed++;
		rc = read_fields(j);
		if (rc < 0) {
			j->stat.damaged++;
			continue;
		}
		*ret = (struct journal_entry){.suppressed = 0};
		fill_record(j, &ret->record);
		fill_suppressed(j, ret);
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

/* --- as a line --- */

struct span journal_text(const struct record *record, char *out, size_t cap)
{
	const struct line *const line = &record->line;
	const time_t time_s = (time_t)line->time_s; /* the same type here */
	const struct span host = line->host.len > 0 ? line->host : (struct span){"-", 1};
	char stamp[STAMP_MAX], pid[VALUE_MAX + sizeof "[]"] = "";
	struct tm tm;
	int len;

	assert(cap >= JOURNAL_TEXT_MAX + LINE_MAX_BYTES);
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&time_s, &tm));
	if (line->pid.len > 0)
		(void)snprintf(pid, sizeof pid, "[%.*s]", (int)line->pid.len, line->pid.p);
	len = snprintf(out, JOURNAL_TEXT_MAX, "%s %.*s %.*s%s%s", stamp, (int)host.len, host.p, (int)line->program.len,
	               line->program.p, pid, line->program.len > 0 ? ": " : "");
	memcpy(out + len, line->message.p, line->message.len);
	return (struct span){out, (size_t)len + line->message.len};
}
