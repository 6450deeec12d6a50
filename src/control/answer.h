/*
 * answer: one JSON object in one line, written into a buffer of fixed size.
 *
 * Knows base only. No allocation: a million answers a second cost nothing but their bytes.
 * Order: answer_begin, members, answer_end; or answer_error alone. A member that does not fit leaves out itself and all
 * that follow, so what is sent is always one whole object; who writes a list asks answer_has_room before each row.
 * Text: any NUL-ended text; what is no safe UTF-8 is escaped as \xHH (text.h), and then as JSON wants it.
 * Source: RFC 8259.
 */
#ifndef WFS_ANSWER_H
#define WFS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ANSWER_MAX = 64 * 1024,
	ANSWER_ROW_MAX = 2048,  /* what answer_has_room promises */
	ANSWER_TEXT_MAX = 1024, /* bytes of one text, escaped; longer ones are cut with dots */
};

struct answer {
	bool ok;
	bool first; /* no comma before the next member */
	bool full;
	unsigned depth; /* of arrays and objects that are open */
	size_t len;
	char closing[8]; /* what ends them, innermost last */
	char text[ANSWER_MAX];
};

/* {"ok":true */
void answer_begin(struct answer *answer);

/* Members of an object; key NULL: elements of an array. text NULL: null. */
void answer_text(struct answer *answer, const char *key, const char *text);
void answer_number(struct answer *answer, const char *key, int64_t number);
void answer_bool(struct answer *answer, const char *key, bool yes);

/* RFC 3339 UTC; null for 0. */
void answer_time(struct answer *answer, const char *key, int64_t time_s);

/* Opens an array or an object as a member; at most 4 deep. */
void answer_array(struct answer *answer, const char *key);
void answer_object(struct answer *answer, const char *key);
void answer_close(struct answer *answer);

/* True when a row of ANSWER_ROW_MAX bytes and the end still fit. */
bool answer_has_room(const struct answer *answer);

/* }\n; text[0..len) is the line. */
void answer_end(struct answer *answer);

/* The whole of {"ok":false,"error":"sentence"}. */
void answer_error(struct answer *answer, const char *sentence);

#endif
