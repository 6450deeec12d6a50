#include "rules/literal.h"

#include <string.h>

#include "rules/syntax.h"

enum { USEFUL_MIN = 2 }; /* bytes: single bytes are in nearly every line */

/* The literals found so far. */
struct found {
	struct literal first, leftmost, longest; /* leftmost and longest are never the first */
	struct literal run;                      /* the one being read */
};

static void add(struct found *f, char byte)
{
	if (f->run.len < LITERAL_MAX)
		f->run.text[f->run.len++] = byte;
}

/* Ends the run; the next one is not at the beginning. */
static void end_run(struct found *f)
{
	if (f->run.first && f->run.len > 0)
		f->first = f->run;
	else if (f->run.len >= USEFUL_MIN) {
		if (f->leftmost.len == 0)
			f->leftmost = f->run;
		if (f->run.len > f->longest.len)
			f->longest = f->run;
	}
	f->run = (struct literal){0};
}

/* Returns true for "(?i)" and the like, which change what follows the group; "(?i:x)", "(?<n>x)" and "(?!x)" do not. */
static bool sets_options(const char *p)
{
	if (p[1] != '?')
		return false;
	for (p += 2; (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '-' || *p == '^'; p++)
		;
	return *p == ')';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Returns true if the character after a backslash stands for itself: punctuation. Letters and digits have a meaning. */
static bool is_plain_escape(char c)
{
	return c > ' ' && c < 0x7F && !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

/*
 * Returns true for a regex with features that may hide brackets, accept before the end, or move the beginning: it gets
 * no literals.
 */
static bool is_unusual(const char *regex)
{
	static const char *const unusual[] = {"(*", "(?#", "(?C", "\\Q", "\\E", "\\K"};

	for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++)
		if (strstr(regex, unusual[i]) != NULL)
			return true;
	return false;
}

/* Reads one atom with its quantifiers. Returns the position after it, or NULL to give up on this regex. */
static const char *read_atom(struct found *f, const char *p)
{
	const size_t len = syntax_atom_len(p);
	struct syntax_quantifier q;
	bool literal = len == 1, needed = true, repeated = false;
	char byte;

	if (*p == '(' && (len == 1 || sets_options(p)))
		return NULL;
	if (*p == '[' && len == 1)
		return NULL;
	if (*p == '\\') {
		/* The parts of "\x41", "\o{..}", "\p{..}", "\g{..}" are not parsed here. */
		if (len == 1 || strchr("xopPgkNuUlLc0123456789", p[1]) != NULL)
			return NULL;
		literal = is_plain_escape(p[1]);
	} else if (strchr(".^$|)*+?{}", *p) != NULL) {
		literal = false;
	}
	byte = p[len - 1];
	for (p += len; (q = syntax_quantifier(p)).len > 0; p += q.len) {
		needed = *p == '+' && !repeated; /* a byte that may occur several times would make a worse literal */
		repeated = true;
	}
	if (literal && needed)
		add(f, byte);
	if (!literal || repeated)
		end_run(f);
	return p;
}

/* Returns how frequent a byte is in the logs of mail servers: the lower the rarer. Counted over tests/rules. */
static size_t frequency(char byte)
{
	static const char often[] = "&*%^#'+}{JZ!?WXY\\KVqzQBj;HGRUFD_M@L(N)OIk\"wvSPC/<ET>-46ybAg738h,9[]f5="
				    "2plucd:sir.m1antoxe0 ";
	const char *const at = byte == '\0' ? NULL : strchr(often, byte);

	return at == NULL ? 0 : (size_t)(at - often) + 1;
}

static void set_rare(struct literal *literal)
{
	for (unsigned char i = 1; i < literal->len; i++)
		if (frequency(literal->text[i]) < frequency(literal->text[literal->rare]))
			literal->rare = i;
}

bool literal_is_in(const struct literal *literal, struct span text)
{
	const char *p, *last;

	if (text.len < literal->len)
		return false;
	p = text.p + literal->rare;
	last = p + (text.len - literal->len);
	while (p <= last && (p = memchr(p, literal->text[literal->rare], (size_t)(last - p) + 1)) != NULL) {
		const char *const start = p - literal->rare;

		if (start[0] == literal->text[0] && start[literal->len - 1] == literal->text[literal->len - 1] &&
		    memcmp(start, literal->text, literal->len) == 0)
			return true;
		p++;
	}
	return false;
}

/*
 * Returns the position after a queue id at p, optional or not, which follows "^"; or p if there is none, or it has
 * another quantifier.
 */
static const char *skip_id(const char *p)
{
	static const char *const ids[] = {LITERAL_QUEUE_ID ": ", "(?:" LITERAL_QUEUE_ID ": )?"};

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		const size_t len = strlen(ids[i]);

		if (strncmp(p, ids[i], len) == 0 && (p[len] == '\0' || strchr("?*+{", p[len]) == NULL))
			return p + len;
	}
	return p;
}

size_t literal_find(const char *regex, struct literal ret[static LITERALS_MAX])
{
	struct found f = {0};
	const char *p = regex;
	size_t n = 0;

	if (is_unusual(regex))
		return 0;
	if (*p == '^') {
		const char *const begin = p + 1;

		p = skip_id(begin);
		f.run.first = true;
		f.run.behind_id = p > begin;
	}
	while (p != NULL && *p != '\0') {
		if (*p == '|' || *p == ')' || *p == '*' || *p == '+' || *p == '?')
			/*
			 * One alternative does not need the literals of another; the other characters make an invalid
			 * regex.
			 */
			return 0;
		p = read_atom(&f, p);
	}
	if (p == NULL)
		return 0;
	end_run(&f);
	if (f.first.len > 0)
		ret[n++] = f.first;
	else if (f.leftmost.len > 0)
		ret[n++] = f.leftmost;
	if (f.longest.len > 0 && (f.first.len > 0 || f.longest.len > f.leftmost.len))
		ret[n++] = f.longest;
	for (size_t i = 0; i < n; i++)
		set_rare(&ret[i]);
	return n;
}
