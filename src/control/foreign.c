#include "control/foreign.h"

#include <errno.h>
#include <string.h>

enum { OFFENCE_MAX = 1000 };

/* the largest number that a double holds exactly */
#define NUMBER_MAX (INT64_C(1) << 53)

static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len > 0 && rest->p[0] == ' ') {
		rest->p++;
		rest->len--;
	}
	word = (struct span){rest->p, 0};
	while (word.len < rest->len && word.p[word.len] != ' ')
		word.len++;
	rest->p += word.len;
	rest->len -= word.len;
	return word;
}

static int wrong(const char *what, struct why *why)
{
	return why_set(why, EINVAL, "foreign: its %s cannot be", what);
}

/* Removes digits and the character end after them from text; end '\0': text must end there. */
static bool cut_number(struct span *text, char end, int64_t *ret)
{
	int64_t n = 0;
	size_t i = 0;

	for (; i < text->len && text->p[i] >= '0' && text->p[i] <= '9' && n <= NUMBER_MAX; i++)
		n = n * 10 + (text->p[i] - '0');
	if (i == 0 || n > NUMBER_MAX || (end == '\0' ? i < text->len : i == text->len || text->p[i] != end))
		return false;
	i += end != '\0';
	*text = (struct span){text->p + i, text->len - i};
	*ret = n;
	return true;
}

static int read_number(struct span *rest, const char *what, int64_t max, int64_t *ret, struct why *why)
{
	struct span word = next_word(rest);
	int64_t n = 0;

	if (!cut_number(&word, '\0', &n) || n > max)
		return wrong(what, why);
	*ret = n;
	return 0;
}

static int read_peer(struct span *rest, struct foreign *f, struct why *why)
{
	const struct span word = next_word(rest);

	if (!peers_is_name(word))
		return wrong("peer", why);
	memcpy(f->peer, word.p, word.len);
	return 0;
}

static int read_stream(struct span *rest, struct foreign *f, struct why *why)
{
	struct span word = next_word(rest);
	const struct span whole = word;
	int64_t ignored;

	if (!cut_number(&word, '-', &f->sent_ms) || !cut_number(&word, '\0', &ignored) || whole.len >= sizeof f->stream)
		return wrong("stream", why);
	memcpy(f->stream, whole.p, whole.len);
	return 0;
}

static int read_id(struct span word, struct foreign *f, struct why *why)
{
	return cut_number(&word, ':', &f->era) && cut_number(&word, '\0', &f->number) ? 0 : wrong("number", why);
}

static int read_word(struct span *rest, const char *key, char out[static FOREIGN_WORD_MAX], struct why *why)
{
	const bool is_key = span_is(next_word(rest), key);
	const struct span word = next_word(rest);

	if (!is_key || word.len == 0 || word.len >= FOREIGN_WORD_MAX)
		return wrong(key, why);
	for (size_t i = 0; i < word.len; i++) {
		const char c = word.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '_' || c == '.'))
			return wrong(key, why);
	}
	memcpy(out, word.p, word.len);
	out[word.len] = '\0';
	return 0;
}

static int read_keyed(struct span *rest, const char *key, int64_t max, int64_t *ret, struct why *why)
{
	return span_is(next_word(rest), key) ? read_number(rest, key, max, ret, why) : wrong(key, why);
}

/* Reads the arguments of "good". */
static int read_known(struct span *rest, struct foreign *f, struct why *why)
{
	int rc = read_keyed(rest, "for", NUMBER_MAX, &f->for_s, why);

	if (rc == 0 && (!span_is(next_word(rest), "known") || !hexlist_parse(next_word(rest), &f->known)))
		rc = wrong("known", why);
	return rc == 0 && next_word(rest).len > 0 ? wrong("end", why) : rc;
}

/* Reads the network and what follows it. */
static int read_arguments(struct span *rest, struct foreign *f, struct why *why)
{
	const struct span net = next_word(rest);
	int64_t offence = 0;
	int rc = 0;

	if (net.len == 0 || !net_parse(net.p, net.len, &f->net))
		return wrong("network", why);
	if (f->op != FOREIGN_LIFT)
		rc = read_keyed(rest, "for", NUMBER_MAX, &f->for_s, why);
	if (rc == 0 && f->op == FOREIGN_BLOCK) {
		rc = read_keyed(rest, "offence", OFFENCE_MAX, &offence, why);
		f->offence = (unsigned)offence; /* in range */
		if (rc == 0)
			rc = read_word(rest, "rule", f->rule, why);
		if (rc == 0)
			rc = read_word(rest, "category", f->category, why);
	}
	return rc == 0 && next_word(rest).len > 0 ? wrong("end", why) : rc;
}

static int read_op(struct span word, struct foreign *f, struct why *why)
{
	static const char *const ops[] = {"block", "lift", "white", "own", "good"};

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (span_is(word, ops[i])) {
			f->op = (enum foreign_op)i; /* in the order of ops */
			return 0;
		}
	return wrong("word", why);
}

static void read_text(struct span rest, struct foreign *f)
{
	while (rest.len > 0 && rest.p[0] == ' ') {
		rest.p++;
		rest.len--;
	}
	(void)text_escape(rest, f->text, sizeof f->text);
}

int foreign_parse(struct span rest, struct foreign *ret, struct why *why)
{
	struct foreign f = {.op = FOREIGN_WRONG};
	struct span word;
	int rc;

	if ((rc = read_peer(&rest, &f, why)) < 0 || (rc = read_stream(&rest, &f, why)) < 0 ||
	    (rc = read_number(&rest, "clock", NUMBER_MAX, &f.clock_ms, why)) < 0)
		return rc;
	word = next_word(&rest);
	if (span_is(word, "wrong")) {
		read_text(rest, &f);
	} else if ((rc = read_id(word, &f, why)) < 0 || (rc = read_op(next_word(&rest), &f, why)) < 0 ||
	           (rc = f.op == FOREIGN_GOOD ? read_known(&rest, &f, why) : read_arguments(&rest, &f, why)) < 0) {
		return rc;
	}
	*ret = f;
	return 0;
}
