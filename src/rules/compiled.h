/*
 * compiled: the inside of a set of rules, shared by compile.c, which makes it, prefilter.c and match.c,
 * which match, and rulecheck/, which explains why not.
 */
#ifndef WFS_COMPILED_H
#define WFS_COMPILED_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rules/literal.h"
#include "rules/mailboxes.h"
#include "rules/rules.h"

enum { COMPILED_PROGRAM_MAX = 64 }; /* longer program names match no rule: no daemon has one */

struct compiled {
	struct rule rule;
	enum rules_kind kind;
	pcre2_code *match, *unless;                  /* unless: may be that of an earlier rule, see compile.c */
	bool match_jit, unless_jit;                  /* compiled to machine code */
	uint32_t addr, name, detail, count, session; /* group numbers; 0: the regex has none */
	uint32_t from, to, helo, user;
	const struct mailboxes *from_list,
		*to_list; /* of the rule's conditions; NULL: none, or the rule is not enabled */
	uint32_t reply;   /* where unless is searched for; 0: in the whole message */
	size_t n_globs;
	char **globs;
	size_t n_literals;
	struct literal literals[LITERALS_MAX]; /* must be in the message */
};

/* A file that rules name in "from" or "to". */
struct compiled_list {
	const char *path;        /* of a rule's text */
	struct mailboxes *boxes; /* NULL: no enabled rule names it */
};

struct rules {
	struct rulefile_set set;
	size_t n;
	struct compiled *list;
	size_t n_lists;
	struct compiled_list *lists;
	uint32_t groups_max;
	bool no_prefilter; /* tests compare with and without */
};

/* Compiles a piece of a match, as rules_load would; NULL when it is no regex by itself. The caller's to free. */
pcre2_code *compiled_piece(const char *text);

/* True when the rule is for this program. */
bool compiled_applies(const struct compiled *c, const char *program);

/* Unwraps "message repeated N times: [ TEXT]". Returns N, 1 for any other message, 0 for a nested one. */
unsigned compiled_unwrap(struct span *message);

#endif
