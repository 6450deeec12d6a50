#include "rules/compiled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/plural.h"
#include "rules/macros.h"

/*
 * <ADDR> checks the shape of an address, not its range; addr_parse decides. Nothing that could belong to an address may
 * be on either side, so backtracking can never cut off a digit. ":25" may follow the IPv4 form only: after IPv6 it
 * could be one more group.
 */
#define DIGITS4 "\\d{1,3}(?:\\.\\d{1,3}){3}"
#define ADDR_REGEX                                                                                                     \
	"(?<![0-9A-Za-z.])(?<![0-9A-Fa-f:]:)(?:IPv6:)?(?<addr>" DIGITS4 "|(?:[0-9A-Fa-f]{0,4}:){2,8}(?:" DIGITS4       \
	"|[0-9A-Fa-f]{1,4}(?!:[0-9A-Fa-f])|(?<=::)))"                                                                  \
	"(?![0-9A-Za-z%/]|\\.[0-9A-Fa-f])"
#define NAME_REGEX    "(?<name>[0-9A-Za-z_](?:[0-9A-Za-z_.-]*[0-9A-Za-z_.])?)"
#define SESSION_REGEX "(?<session>[0-9A-Za-z+/=-]{6,64})"
/* What a client sent about itself, without the brackets around it: attacker-controlled text. */
#define FROM_REGEX "(?<from>[^\\s<>,;]{0,320})"
#define TO_REGEX   "(?<to>[^\\s<>,;]{1,320})"
#define HELO_REGEX "(?<helo>[0-9A-Za-z_.-]{1,255})"
/* A client that fails to log in chooses this, too: so it excludes everything that ends a field in any log. */
#define USER_REGEX "(?<user>[^\\x00-\\x20\\x7F<>,;()\"]{1,256})"

static const struct builtin {
	const char *word, *regex;
} builtins[] = {{"<ADDR>", ADDR_REGEX}, {"<NAME>", NAME_REGEX},       {"<SESSION>", SESSION_REGEX},
                {"<FROM>", FROM_REGEX}, {"<TO>", TO_REGEX},           {"<HELO>", HELO_REGEX},
                {"<USER>", USER_REGEX}, {"<QUEUE>", LITERAL_QUEUE_ID}};

static bool put_builtins(const char *in, char *out, size_t cap)
{
	size_t used = 0;

	while (*in != '\0') {
		const char *piece = in;
		size_t len = 1;

		for (size_t b = 0; *in == '<' && b < sizeof builtins / sizeof *builtins; b++) {
			const size_t word_len = strlen(builtins[b].word);

			if (strncmp(in, builtins[b].word, word_len) == 0) {
				piece = builtins[b].regex;
				len = strlen(piece);
				in += word_len - 1;
				break;
			}
		}
		if (used + len >= cap)
			return false;
		memcpy(out + used, piece, len);
		used += len;
		in++;
	}
	out[used] = '\0';
	return true;
}

static size_t find_literals(const char *text, struct literal ret[static LITERALS_MAX])
{
	static char regex[2 * MACROS_EXPANDED_MAX]; /* static: large, and only one thread loads rules */

	return put_builtins(text, regex, sizeof regex) ? literal_find(regex, ret) : 0;
}

static size_t occurrences(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

/* Returns the position in the rule's text that a byte of the expanded regex comes from. */
static size_t before_builtins(const char *text, size_t offset)
{
	const char *p = text;
	size_t written = 0;

	while (*p != '\0') {
		size_t len = 1, skip = 1;

		for (size_t b = 0; b < sizeof builtins / sizeof *builtins; b++)
			if (strncmp(p, builtins[b].word, strlen(builtins[b].word)) == 0) {
				len = strlen(builtins[b].regex);
				skip = strlen(builtins[b].word);
			}
		if (written + len > offset)
			break;
		written += len;
		p += skip;
	}
	return (size_t)(p - text);
}

/* Reports the text around the error with a caret under it; replaces bytes that would misplace the caret. */
static void report_regex_error(struct rulefile_errors *errors, const struct rulefile_rule *rule, const char *key,
                               unsigned line, const char *text, size_t offset, int code)
{
	enum { AROUND = 40 };
	const size_t at = before_builtins(text, offset), from = at > AROUND ? at - AROUND : 0;
	const size_t len = strlen(text + from);
	char piece[2 * AROUND + 1];
	unsigned char message[160];
	size_t n = 0;

	(void)pcre2_get_error_message(code, message, sizeof message);
	for (; n < len && n < sizeof piece - 1; n++)
		piece[n] = (char)(text[from + n] >= 0x20 && text[from + n] < 0x7F ? text[from + n] : '?');
	piece[n] = '\0';
	rulefile_error(errors, "%s:%u: %s of [%s]: %s\n    %s\n    %*s", rule->file, line, key, rule->name,
	               (const char *)message, piece, (int)(at - from) + 1, "^");
}

static pcre2_code *to_code(const char *regex, uint32_t options, int *ret_rc, PCRE2_SIZE *ret_offset)
{
	pcre2_compile_context *const context =
		alloc_check(pcre2_compile_context_create(NULL), 0, "PCRE2's compile context");
	pcre2_code *code;

	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	                     options | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
	                             PCRE2_DOLLAR_ENDONLY,
	                     ret_rc, ret_offset, context);
	pcre2_compile_context_free(context);
	return code;
}

pcre2_code *compiled_piece(const char *text)
{
	static char regex[2 * MACROS_EXPANDED_MAX]; /* static: large, and only one thread explains rules */
	PCRE2_SIZE offset;
	int rc;

	return put_builtins(text, regex, sizeof regex) ? to_code(regex, PCRE2_ANCHORED, &rc, &offset) : NULL;
}

static pcre2_code *compile_regex(const struct rulefile_rule *rule, const char *key, unsigned line, const char *text,
                                 uint32_t options, bool *ret_jit, struct rulefile_errors *errors)
{
	static char regex[2 * MACROS_EXPANDED_MAX]; /* static: large, and only one thread loads rules */
	size_t jit_size = 0;
	PCRE2_SIZE offset = 0;
	pcre2_code *code;
	int rc = 0;

	if (!put_builtins(text, regex, sizeof regex)) {
		rulefile_error(errors, "%s:%u: %s of [%s] is too long", rule->file, line, key, rule->name);
		return NULL;
	}
	code = to_code(regex, options, &rc, &offset);
	if (code == NULL)
		report_regex_error(errors, rule, key, line, text, offset, rc);
	else if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0) /* without JIT the interpreter is used */
		(void)pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &jit_size);
	*ret_jit = jit_size > 0;
	return code;
}

static uint32_t group_number(const pcre2_code *code, const char *name)
{
	const int n = pcre2_substring_number_from_name(code, (PCRE2_SPTR)name);

	return n > 0 ? (uint32_t)n : 0;
}

static void split_globs(struct compiled *c, const char *program)
{
	char *const copy = alloc_text(program, "the rules"), *save = NULL;

	for (char *word = strtok_r(copy, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
		c->globs = alloc_resize(c->globs, c->n_globs + 1, sizeof *c->globs, "the rules");
		c->globs[c->n_globs++] = alloc_text(word, "the rules");
	}
	free(copy);
}

/* Sets the kind that follows from the keys of a rule, and reports combinations that make no sense. */
static void set_kind(struct compiled *c, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = c->rule.text;
	const bool addr = occurrences(text->match.text, "<ADDR>") > 0;
	const bool session = occurrences(text->match.text, "<SESSION>") > 0;
	const char *error = NULL;

	c->kind = RULES_KIND_HIT;
	if (!session && (text->remember || text->forget || text->after != NULL))
		error = "remember, forget and after need <SESSION> in the match";
	else if (session && addr && !text->remember && !text->forget && text->after == NULL && text->event == NULL)
		error = "<SESSION> beside <ADDR> needs remember, forget, after or event";
	else if (text->remember && (text->forget || text->after != NULL))
		error = "remember cannot be combined with forget or after";
	else if (text->after != NULL && !addr)
		error = "after needs <ADDR> in the match";
	else if (text->also && (session || !addr || text->event != NULL))
		error = "also needs <ADDR> in the match and no <SESSION>, and cannot be combined with event";
	else if (text->event != NULL && (text->remember || text->score <= 0))
		error = "event is for rules with a score above 0, and cannot be combined with remember";
	else if (text->generic && (occurrences(text->match.text, "<NAME>") == 0 || !addr))
		error = "name = generic needs <NAME> and <ADDR> in the match";
	if (error != NULL)
		rulefile_error(errors, "%s:%u: [%s]: %s", text->file, text->match.line, text->name, error);
	if (text->remember)
		c->kind = addr ? RULES_KIND_ADDRESS : RULES_KIND_EVENT;
	else if (text->after != NULL)
		c->kind = strcasecmp(text->after, text->name) == 0 ? RULES_KIND_AGAIN : RULES_KIND_AFTER;
	else if (session && !addr)
		c->kind = text->forget ? RULES_KIND_FORGET : RULES_KIND_LOOKUP;
}

/*
 * Checks how often each builtin appears in a match. Returns false if one that is a group appears twice; PCRE2's own
 * message would be obscure.
 */
static bool check_builtins(const struct rulefile_rule *text, struct rulefile_errors *errors)
{
	const size_t addrs = occurrences(text->match.text, "<ADDR>");
	bool once = addrs <= 1;

	if (text->match.text[0] != '^')
		rulefile_error(errors, "%s:%u: match of [%s] must begin with \"^\": otherwise untrusted text may match",
		               text->file, text->match.line, text->name);
	if (addrs != 1 && !(addrs == 0 && occurrences(text->match.text, "<SESSION>") > 0))
		rulefile_error(errors, "%s:%u: match of [%s] must have <ADDR> exactly once, it has it %zu times",
		               text->file, text->match.line, text->name, addrs);
	for (size_t b = 0; b < sizeof builtins / sizeof *builtins; b++) {
		const char *const word = builtins[b].word;

		if (strcmp(word, "<ADDR>") == 0 || strstr(builtins[b].regex, "(?<") == NULL ||
		    occurrences(text->match.text, word) <= 1)
			continue;
		rulefile_error(errors, "%s:%u: match of [%s] may have %s only once", text->file, text->match.line,
		               text->name, word);
		once = false;
	}
	return once;
}

/* Sets who may write a rule's lines. Rules of one file usually name the same users, so a repeated list is copied. */
static void set_writers(struct compiled *c, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = c->rule.text;
	const struct rule *const before = c->rule.index == 0 ? NULL : &c[-1].rule;

	if (before != NULL && text->journal_uid != NULL && before->text->journal_uid != NULL &&
	    strcmp(text->journal_uid, before->text->journal_uid) == 0)
		c->rule.writers = before->writers;
	else if (!writers_find(text->journal_uid, &c->rule.writers))
		rulefile_error(errors, "%s:%u: [%s] journal_uid: more than %d users", text->file, text->line,
		               text->name, WRITERS_MAX);
}

enum rules_about rules_about_hits(const char *category)
{
	if (strcmp(category, "auth") == 0)
		return RULES_ABOUT_LOGIN;
	if (strcmp(category, "content") == 0 || strcmp(category, "unknown-user") == 0)
		return RULES_ABOUT_MAIL;
	return RULES_ABOUT_ANY;
}

/* Sets what the rule is about. Good evidence that can name an account is a login. */
static void set_about(struct compiled *c)
{
	if (c->rule.text->score < 0)
		c->rule.about = c->user > 0 ? RULES_ABOUT_LOGIN : RULES_ABOUT_MAIL;
	else
		c->rule.about =
			c->rule.text->category != NULL ? rules_about_hits(c->rule.text->category) : RULES_ABOUT_ANY;
}

/* Reads the file, once for all rules; returns NULL after an error. */
static const struct mailboxes *read_list(struct compiled_list *list, const struct rulefile_rule *text, const char *key,
                                         unsigned line, struct rulefile_errors *errors)
{
	struct why why;

	if (list->boxes == NULL && mailboxes_read(list->path, &list->boxes, &why) < 0)
		rulefile_error(errors, "%s:%u: %s of [%s]: %s", text->file, line, key, text->name, why.text);
	return list->boxes;
}

/* Returns the list for a condition on <FROM> or <TO>. has_word: the match has that group. */
static const struct mailboxes *find_list(struct rules *rules, const struct rulefile_rule *text, const char *key,
                                         const struct rulefile_listed *listed, bool has_word,
                                         struct rulefile_errors *errors)
{
	size_t i = 0;

	if (listed->path == NULL)
		return NULL;
	if (!has_word)
		rulefile_error(errors, "%s:%u: %s of [%s] needs <%s> in the match", text->file, listed->line, key,
		               text->name, strcmp(key, "to") == 0 ? "TO" : "FROM");
	while (i < rules->n_lists && strcmp(rules->lists[i].path, listed->path) != 0)
		i++;
	if (i == rules->n_lists) {
		rules->lists = alloc_one_more(rules->lists, rules->n_lists, sizeof *rules->lists, "the rules");
		rules->lists[rules->n_lists++] = (struct compiled_list){.path = listed->path};
	}
	return text->enabled ? read_list(&rules->lists[i], text, key, listed->line, errors) : NULL;
}

static void set_conditions(struct rules *rules, struct compiled *c, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = c->rule.text;

	c->from_list = find_list(rules, text, "from", &text->from, c->from > 0, errors);
	c->to_list = find_list(rules, text, "to", &text->to, c->to > 0, errors);
	if (text->foreign && (c->helo == 0 || c->name == 0))
		rulefile_error(errors, "%s:%u: [%s]: helo = foreign needs <HELO> and <NAME> in the match", text->file,
		               text->match.line, text->name);
}

/*
 * Returns the index of the first rule with the same unless, whose code the others share; i if there is none before it.
 */
static size_t same_unless(const struct rules *rules, size_t i)
{
	const char *const text = rules->set.rules[i].unless.text;
	size_t first = 0;

	while (first < i &&
	       (rules->set.rules[first].unless.text == NULL || strcmp(rules->set.rules[first].unless.text, text) != 0))
		first++;
	return first;
}

/*
 * Compiles a rule's unless. Many rules share the same text, so each is compiled once; rules_free frees it with the
 * first.
 */
static void compile_unless(struct rules *rules, size_t i, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = &rules->set.rules[i];
	const struct compiled *const first = &rules->list[same_unless(rules, i)];
	struct compiled *const c = &rules->list[i];

	if (first->unless != NULL) {
		c->unless = first->unless;
		c->unless_jit = first->unless_jit;
	} else {
		c->unless =
			compile_regex(text, "unless", text->unless.line, text->unless.text, 0, &c->unless_jit, errors);
	}
}

static void compile_rule(struct rules *rules, size_t i, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = &rules->set.rules[i];
	struct compiled *const c = &rules->list[i];
	uint32_t groups = 0;

	c->rule = (struct rule){.index = i, .text = text};
	set_writers(c, errors);
	if (text->match.text == NULL || text->program == NULL)
		return; /* reported already */
	split_globs(c, text->program);
	set_kind(c, errors);
	if (!check_builtins(text, errors))
		return;
	c->match =
		compile_regex(text, "match", text->match.line, text->match.text, PCRE2_ANCHORED, &c->match_jit, errors);
	if (text->unless.text != NULL)
		compile_unless(rules, i, errors);
	if (c->match == NULL)
		return;
	c->addr = group_number(c->match, "addr");
	c->name = group_number(c->match, "name");
	c->detail = group_number(c->match, "detail");
	c->count = group_number(c->match, "count");
	c->session = group_number(c->match, "session");
	c->from = group_number(c->match, "from");
	c->to = group_number(c->match, "to");
	c->helo = group_number(c->match, "helo");
	c->user = group_number(c->match, "user");
	set_conditions(rules, c, errors);
	set_about(c);
	c->reply = group_number(c->match, "reply");
	c->n_literals = find_literals(text->match.text, c->literals);
	(void)pcre2_pattern_info(c->match, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups > rules->groups_max)
		rules->groups_max = groups;
	if (c->unless != NULL)
		(void)pcre2_pattern_info(c->unless, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups > rules->groups_max)
		rules->groups_max = groups;
}

/* Checks that "after" names a rule of the same file that notes an event, or the rule itself. */
static void check_after(const struct rules *rules, size_t i, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = &rules->set.rules[i];

	if (text->after == NULL || rules->list[i].kind == RULES_KIND_AGAIN)
		return;
	for (size_t j = 0; j < rules->n; j++)
		if (strcasecmp(rules->set.rules[j].name, text->after) == 0 && rules->set.rules[j].file == text->file &&
		    rules->list[j].kind == RULES_KIND_EVENT)
			return;
	rulefile_error(errors,
	               "%s:%u: after of [%s]: this file has no rule [%s] with remember = yes and without <ADDR>",
	               text->file, text->after_line, text->name, text->after);
}

/*
 * Sets a rule's event number, the index of the first rule with this event plus one, and numbers its logs from 0. The
 * rules before i have theirs already.
 */
static void set_event(struct rules *rules, size_t i, struct rulefile_errors *errors)
{
	const struct rulefile_rule *const text = &rules->set.rules[i];
	struct rule_event *const event = &rules->list[i].rule.event;
	unsigned logs = 0;

	if (text->event == NULL)
		return;
	event->number = (uint16_t)(i + 1); /* <= RULEFILE_RULES_MAX */
	for (size_t j = 0; j < i; j++) {
		const struct rulefile_rule *const other = &rules->set.rules[j];
		const struct rule_event *const same = &rules->list[j].rule.event;

		if (other->event == NULL || strcmp(other->event, text->event) != 0)
			continue;
		event->number = same->number;
		if (strcmp(other->event_log, text->event_log) == 0) {
			event->log = same->log;
			return;
		}
		if (same->log >= logs)
			logs = same->log + 1U;
	}
	event->log = (uint8_t)logs; /* <= RULES_LOGS_MAX */
	if (logs >= RULES_LOGS_MAX)
		rulefile_error(errors, "%s:%u: event of [%s]: at most %d logs can report the event \"%s\"", text->file,
		               text->line, text->name, RULES_LOGS_MAX, text->event);
}

int rules_load_from(const struct rulefile_from *from, struct rules **ret, struct rulefile_errors *errors,
                    struct why *why)
{
	struct rules *const rules = alloc_zero(1, sizeof *rules, "the rules");
	int rc;

	*ret = NULL;
	(void)rulefile_read(from, &rules->set, errors, why);
	rules->n = rules->set.n;
	rules->list = alloc_zero(rules->n > 0 ? rules->n : 1, sizeof *rules->list, "the rules");
	for (size_t i = 0; i < rules->n; i++)
		compile_rule(rules, i, errors);
	for (size_t i = 0; i < rules->n; i++) {
		check_after(rules, i, errors);
		set_event(rules, i, errors);
	}
	rc = rulefile_errors_end(&rules->set, errors, why);
	if (rc < 0)
		rules_free(rules);
	else
		*ret = rules;
	return rc;
}

int rules_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra, struct rules **ret,
               struct rulefile_errors *errors, struct why *why)
{
	const struct rulefile_from from = {.dirs = dirs, .n_dirs = n_dirs, .extra = extra, .n_extra = n_extra};

	return rules_load_from(&from, ret, errors, why);
}

int rules_errors_end(const struct rules *rules, struct rulefile_errors *errors, struct why *why)
{
	return rulefile_errors_end(&rules->set, errors, why);
}

void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->n; i++) {
		struct compiled *const c = &rules->list[i];

		pcre2_code_free(c->match);
		if (c->unless != NULL && same_unless(rules, i) == i)
			pcre2_code_free(c->unless);
		for (size_t g = 0; g < c->n_globs; g++)
			free(c->globs[g]);
		free(c->globs);
	}
	for (size_t i = 0; i < rules->n_lists; i++)
		mailboxes_free(rules->lists[i].boxes);
	free(rules->lists);
	free(rules->list);
	rulefile_set_done(&rules->set);
	free(rules);
}

size_t rules_count(const struct rules *rules)
{
	return rules->n;
}

const struct rule *rules_at(const struct rules *rules, size_t index)
{
	return &rules->list[index].rule;
}

size_t rules_files(const struct rules *rules)
{
	return rules->set.n_files;
}

size_t rules_lists(const struct rules *rules, const char *ret[], size_t cap)
{
	const size_t n = rules->n_lists < cap ? rules->n_lists : cap;

	for (size_t i = 0; i < n; i++)
		ret[i] = rules->lists[i].path;
	return n;
}

const char *rules_size_text(const struct rules *rules, char out[static RULES_SIZE_TEXT_MAX])
{
	const size_t n = rules_count(rules), n_files = rules_files(rules);

	(void)snprintf(out, RULES_SIZE_TEXT_MAX, "%zu %s from %zu %s", n, plural((int64_t)n, "rule", "rules"), n_files,
	               plural((int64_t)n_files, "file", "files"));
	return out;
}
