#include "import/bancsv.h"

#include <errno.h>
#include <string.h>

enum {
	FIELD_MAX = 256,   /* bytes; longer ones are truncated: no address is as long, and no reason needs it */
	COLUMNS_MAX = 100, /* that a header may name */
};

enum key { ADDRESS, LEFT, UNTIL, REASON, ACTION, SIMULATED, KEYS };

static const char *const action_names[] = {"action", NULL}, *const simulated_names[] = {"simulated", NULL};
static const char *const *const key_names[KEYS] = {
	[ADDRESS] = banlist_address_names, [LEFT] = banlist_left_names, [UNTIL] = banlist_until_names,
	[REASON] = banlist_reason_names,   [ACTION] = action_names,     [SIMULATED] = simulated_names};

struct csv {
	struct span rest;
	char separator;
	size_t line; /* of rest, from 1 */
	bool open;   /* a quote had no end */
};

struct columns {
	size_t n;        /* in the header */
	size_t at[KEYS]; /* index of the column of each key; COLUMNS_MAX: none */
};

struct field {
	char text[FIELD_MAX]; /* without quotes; may contain any bytes */
	size_t len;
};

static void put(struct field *field, char c)
{
	if (field->len < sizeof field->text)
		field->text[field->len++] = c;
}

/* Reads a quoted text, whose first quote is *i, and sets *i to the index after the last one. */
static void read_quoted(struct csv *csv, size_t *i, struct field *field)
{
	const struct span rest = csv->rest;

	for ((*i)++; *i < rest.len; (*i)++) {
		if (rest.p[*i] == '"' && (*i + 1 == rest.len || rest.p[*i + 1] != '"'))
			break;
		*i += rest.p[*i] == '"';
		csv->line += rest.p[*i] == '\n';
		put(field, rest.p[*i]);
	}
	csv->open |= *i >= rest.len;
	*i += *i < rest.len;
}

/* Reads the next field. Returns whether it was the last one of its record. */
static bool read_field(struct csv *csv, struct field *field)
{
	struct span *const rest = &csv->rest;
	bool ends = true;
	size_t i = 0;

	field->len = 0;
	if (rest->len > 0 && *rest->p == '"')
		read_quoted(csv, &i, field);
	for (; i < rest->len && rest->p[i] != csv->separator && rest->p[i] != '\n'; i++)
		put(field, rest->p[i]);
	if (i < rest->len) {
		ends = rest->p[i] == '\n';
		csv->line += ends;
		i++;
	}
	rest->p += i;
	rest->len -= i;
	return ends;
}

/* Returns the field without blanks around it. */
static struct span trimmed(const struct field *field)
{
	struct span text = span_trim((struct span){field->text, field->len});

	while (text.len > 0 && (*text.p == ' ' || *text.p == '\t')) {
		text.p++;
		text.len--;
	}
	return text;
}

/* Reads the names of the columns. If a key has several, the one that comes first among its names counts. */
static void read_header(struct csv *csv, struct columns *columns)
{
	size_t best[KEYS];
	struct field field;
	bool ends;

	*columns = (struct columns){.n = 0};
	for (size_t key = 0; key < KEYS; key++)
		columns->at[key] = best[key] = COLUMNS_MAX;
	do {
		ends = read_field(csv, &field);
		for (size_t key = 0; key < KEYS && columns->n < COLUMNS_MAX; key++)
			for (size_t i = 0; i < best[key] && key_names[key][i] != NULL; i++)
				if (span_is_nocase(trimmed(&field), key_names[key][i])) {
					columns->at[key] = columns->n;
					best[key] = i;
				}
		columns->n++;
	} while (!ends);
}

/* Begins to read the text: finds the separator and the columns. Returns false if it has no header. */
static bool begin(struct span text, struct csv *csv, struct columns *columns)
{
	static const char separators[] = ",;\t";

	for (const char *p = separators; *p != '\0'; p++) {
		*csv = (struct csv){text, *p, 1, false};
		read_header(csv, columns);
		if (columns->n >= 2 && columns->at[ADDRESS] < COLUMNS_MAX && !csv->open)
			return true;
	}
	return false;
}

static void read_record(struct csv *csv, const struct columns *columns, struct field values[static KEYS])
{
	struct field field;
	bool ends;

	for (size_t key = 0; key < KEYS; key++)
		values[key].len = 0;
	for (size_t column = 0;; column++) {
		ends = read_field(csv, &field);
		for (size_t key = 0; key < KEYS; key++)
			if (columns->at[key] == column)
				values[key] = field;
		if (ends)
			return;
	}
}

/* Returns whether CrowdSec does not block it: another action, or simulated. */
static bool is_no_ban(const struct field values[static KEYS])
{
	return banlist_scope_len(trimmed(&values[ADDRESS])) > 0 &&
	       ((values[ACTION].len > 0 && !span_is_nocase(trimmed(&values[ACTION]), "ban")) ||
	        span_is_nocase(trimmed(&values[SIMULATED]), "true"));
}

static int add_record(const struct field values[static KEYS], int64_t now_s, struct banlist *list, struct why *why)
{
	const struct span left = trimmed(&values[LEFT]), until = trimmed(&values[UNTIL]);
	struct banlist_entry entry = {.left_s = 0};

	if (is_no_ban(values))
		return 0;
	if (left.len > 0)
		entry.left_s = banlist_left(left);
	else if (until.len > 0)
		entry.left_s = banlist_left_until(until, now_s);
	banlist_set_reason(&entry, trimmed(&values[REASON]));
	return banlist_add_word(list, trimmed(&values[ADDRESS]), &entry, why);
}

bool bancsv_has_header(struct span text)
{
	struct columns columns;
	struct csv csv;

	return begin(text, &csv, &columns);
}

int bancsv_parse(struct span text, int64_t now_s, struct banlist *list, struct why *why)
{
	struct field values[KEYS];
	struct columns columns;
	struct csv csv;
	int rc = 0;

	if (!begin(text, &csv, &columns))
		return 0;
	while (csv.rest.len > 0 && rc == 0) {
		const size_t line = csv.line;

		read_record(&csv, &columns, values);
		rc = csv.open ? why_set(why, EINVAL, "line %zu: a quote has no end", line)
		              : add_record(values, now_s, list, why);
	}
	return rc;
}
