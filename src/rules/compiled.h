/*
 * compiled: the internals of a set of rules. Shared by compile.c, which creates it, prefilter.c and match.c, which
 * match, and rulecheck/, which explains why a rule did not match.
 */
#ifndef WFS_RULES_COMPILED_H
#define WFS_RULES_COMPILED_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rules/literal.h"
#include "rules/mailboxes.h"
#include "rules/rules.h"

enum { COMPILED_PROGRAM_MAX = 64 }; /* bytes, with the NUL; longer program names match no rule: no daemon has one */

struct compiled {
	struct rule rule;
	enum rules_kind kind;
	pcre2_code *match, *unless;                  /* unless may belong to an earlier rule, see compile.c */
	bool match_jit, unless_jit;                  /* JIT-compiled to machine code */
	uint32_t addr, name, detail, count, session; /* group numbers; 0: the regex has no such group */
	uint32_t from, to, helo, user;
	const struct mailboxes *from_list,
		*to_list; /* lists for the rule's conditions; NULL: no condition, or the rule is not enabled */
	uint32_t reply;   /* the group in which unless is searched; 0: the whole message */
	size_t n_globs;
	char **globs;
	size_t n_literals;
	struct literal literals[LITERALS_MAX]; /* each must be in a message that matches */
};

/* A file that rules name in "from" or "to". */
struct compiled_list {
	const char *path;        /* points into a rule's text */
	struct mailboxes *boxes; /* NULL: no enabled rule names it */
};

struct rules {
	struct rulefile_set set;
	size_t n;
	struct compiled *list;
	size_t n_lists;
	struct compiled_list *lists;
	uint32_t groups_max;
	bool no_prefilter; /* for tests, which compare the results with and without it */
};

/*
 * Compiles a part of a match regex, as rules_load does. Returns NULL if the part is no valid regex by itself. The
 * caller frees it.
 */
pcre2_code *compiled_piece(const char *text);

/* Returns true if the rule is for this program. */
bool compiled_applies(const struct compiled *c, const char *program);

/* Unwraps "message repeated N times: [ TEXT]". Returns N, 1 for any other message, or 0 if it is nested. */
unsigned compiled_unwrap(struct span *message);

#endif
