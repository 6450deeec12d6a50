#include "rules/rulekeys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/categories.h"
#include "base/duration.h"
#include "base/text.h"

enum {
	SCORE_MAX = 1000,
	SHOWN_MAX = 80,      /* bytes of a value in a message */
	PLACE_MAX = 512,     /* bytes of a path, a line and a key in a message */
	EXAMPLES_MAX = 1000, /* per rule */
	FOR_MAX_S = 366 * 86400,
	CATEGORIES_TEXT_MAX = 256, /* bytes of all of them, separated by commas */
};

static const char *const keys[] = {"program", "match", "unless", "category",    "reason",   "score",
                                   "enabled", "name",  "also",   "after",       "remember", "forget",
                                   "given",   "hit",   "miss",   "journal_uid", "from",     "to",
                                   "helo",    "for",   "event",  NULL};

/* A key of a rule in a file. */
struct given {
	const char *path;
	unsigned line;
	const char *key, *value;
	const struct macros *macros;
	struct rulefile_rule *rule;
	struct rulefile_errors *errors;
};

static const char *shown(const char *value, char out[static SHOWN_MAX])
{
	(void)text_escape((struct span){value, strlen(value)}, out, SHOWN_MAX);
	return out;
}

/* Reports a wrong value. want: a phrase that follows "want". */
static void refuse(const struct given *g, const char *want)
{
	char value[SHOWN_MAX];

	rulefile_error(g->errors, "%s:%u: %s: want %s, got \"%s\"", g->path, g->line, g->key, want,
	               shown(g->value, value));
}

static void refuse_second(const struct given *g)
{
	rulefile_error(g->errors, "%s:%u: %s: appears twice in this rule", g->path, g->line, g->key);
}

/* Sets a regex. Returns true if it uses MACROS_UNANSWERED. */
static bool set_regex(const struct given *g, struct rulefile_regex *regex)
{
	static char expanded[MACROS_EXPANDED_MAX]; /* static: large, and only one thread reads rules */
	char place[PLACE_MAX];
	bool unanswered;

	if (regex->text != NULL)
		refuse_second(g);
	(void)snprintf(place, sizeof place, "%s:%u: %s", g->path, g->line, g->key);
	if (!macros_expand(g->macros, place, g->value, expanded, &unanswered, g->errors))
		return unanswered;
	free(regex->text);
	regex->text = alloc_text(expanded, "the rules");
	regex->line = g->line;
	return unanswered;
}

/*
 * Parses "ADDRESS | LINE", or "- | LINE" for a line that the rule matches without naming a client. Returns the line, or
 * NULL after an error.
 */
static const char *hit_address(const struct given *g, struct rulefile_example *example)
{
	const char *const bar = strstr(g->value, " | ");

	example->unnamed = bar != NULL && bar - g->value == 1 && g->value[0] == '-';
	if (bar != NULL && (example->unnamed || addr_parse(g->value, (size_t)(bar - g->value), &example->address)))
		return bar + 3;
	refuse(g, "\"ADDRESS | LOG LINE\"");
	return NULL;
}

static void add_example(const struct given *g)
{
	struct rulefile_rule *const rule = g->rule;
	struct rulefile_example example = {
		.line = g->line, .hit = strcasecmp(g->key, "hit") == 0, .given = strcasecmp(g->key, "given") == 0};
	const char *const text = example.hit ? hit_address(g, &example) : g->value;

	if (text == NULL)
		return;
	if (rule->n_examples == EXAMPLES_MAX) {
		rulefile_error(g->errors, "%s:%u: more than %d examples", g->path, g->line, EXAMPLES_MAX);
		return;
	}
	example.text = alloc_text(text, "the rules");
	rule->examples = alloc_one_more(rule->examples, rule->n_examples, sizeof *rule->examples, "the rules");
	rule->examples[rule->n_examples++] = example;
}

static void set_score(const struct given *g)
{
	char want[64], *end;
	long value;

	errno = 0;
	value = strtol(g->value, &end, 10);
	if (errno == 0 && *end == '\0' && end != g->value && value >= -SCORE_MAX && value <= SCORE_MAX) {
		g->rule->score = (int)value; /* in range */
		return;
	}
	(void)snprintf(want, sizeof want, "a whole number from -%d to %d", SCORE_MAX, SCORE_MAX);
	refuse(g, want);
}

static void set_text(const struct given *g, char **field)
{
	if (*field != NULL)
		refuse_second(g);
	free(*field);
	*field = alloc_text(g->value, "the rules");
	if (*g->value == '\0')
		rulefile_error(g->errors, "%s:%u: %s: empty", g->path, g->line, g->key);
}

static void set_category(const struct given *g)
{
	const char *own[CATEGORIES_OF_RULES + 1] = {NULL}, *near;
	char value[SHOWN_MAX], all[CATEGORIES_TEXT_MAX];
	size_t ignored;

	for (size_t i = 0; i < CATEGORIES_OF_RULES; i++)
		own[i] = categories[i];
	set_text(g, &g->rule->category);
	if (text_find(g->value, categories, CATEGORIES_OF_RULES, &ignored))
		return;
	near = text_nearest(g->value, own);
	if (near != NULL)
		rulefile_error(g->errors, "%s:%u: category: no category \"%s\"; did you mean \"%s\"?", g->path, g->line,
		               shown(g->value, value), near);
	else
		rulefile_error(g->errors, "%s:%u: category: no category \"%s\"; there are %s", g->path, g->line,
		               shown(g->value, value), text_list(categories, CATEGORIES_OF_RULES, all, sizeof all));
}

static void set_flag(const struct given *g, bool *field)
{
	if (strcasecmp(g->value, "yes") != 0 && strcasecmp(g->value, "no") != 0)
		refuse(g, "yes or no");
	else
		*field = strcasecmp(g->value, "yes") == 0;
}

/* Sets the flag if the value is word, the only one allowed. */
static void set_if(const struct given *g, const char *word, bool *field)
{
	char want[32];

	*field = strcasecmp(g->value, word) == 0;
	(void)snprintf(want, sizeof want, "\"%s\"", word);
	if (!*field)
		refuse(g, want);
}

/* Parses "in FILE" or "not in FILE"; a relative FILE is in the directory of the rules. */
static void set_listed(const struct given *g, struct rulefile_listed *listed)
{
	const bool negated = strncasecmp(g->value, "not ", 4) == 0;
	const char *file = g->value + (negated ? 4 + strspn(g->value + 4, " \t") : 0);
	const char *const slash = strrchr(g->path, '/');
	const bool in = strncasecmp(file, "in", 2) == 0 && (file[2] == ' ' || file[2] == '\t');

	file += in ? 2 + strspn(file + 2, " \t") : 0;
	if (!in || *file == '\0') {
		refuse(g, "\"in FILE\" or \"not in FILE\"");
		return;
	}
	if (listed->path != NULL)
		refuse_second(g);
	free(listed->path);
	*listed = (struct rulefile_listed){.negated = negated, .line = g->line};
	listed->path = *file == '/' || slash == NULL
	                       ? alloc_text(file, "the rules")
	                       : alloc_format("the rules", "%.*s/%s", (int)(slash - g->path), g->path, file);
}

static void set_for(const struct given *g)
{
	int64_t *const for_s = &g->rule->for_s;

	if (!duration_parse(g->value, for_s) || *for_s == 0 || *for_s > FOR_MAX_S)
		refuse(g, "a duration of at most 366d, such as 24h");
}

/* Parses "NAME LOG". */
static void set_event(const struct given *g)
{
	const size_t name_len = strcspn(g->value, " ");
	const char *const log = g->value + name_len + strspn(g->value + name_len, " ");

	if (g->rule->event != NULL) {
		refuse_second(g);
	} else if (!macros_is_name(g->value, name_len) || !macros_is_name(log, strlen(log))) {
		refuse(g, "the event and the log it is read in, such as \"ftp-login pam\"");
	} else {
		g->rule->event = alloc_text_n(g->value, name_len, "the rules");
		g->rule->event_log = alloc_text(log, "the rules");
	}
}

static void no_such_key(const struct given *g)
{
	const char *const near = text_nearest(g->key, keys);
	char key[SHOWN_MAX];

	rulefile_error(g->errors, "%s:%u: no key \"%s\"%s%s%s", g->path, g->line, shown(g->key, key),
	               near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Reads the keys with any text, and those with yes or no. Returns true if it was one of them. */
static bool read_plain(const struct given *g)
{
	struct rulefile_rule *const rule = g->rule;
	const struct {
		const char *key;
		char **field;
	} texts[] = {{"program", &rule->program},
	             {"reason", &rule->reason},
	             {"after", &rule->after},
	             {"journal_uid", &rule->journal_uid}};
	const struct {
		const char *key;
		bool *field;
	} flags[] = {{"enabled", &rule->enabled},
	             {"remember", &rule->remember},
	             {"forget", &rule->forget},
	             {"also", &rule->also}};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strcasecmp(g->key, texts[i].key) == 0) {
			set_text(g, texts[i].field);
			return true;
		}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcasecmp(g->key, flags[i].key) == 0) {
			set_flag(g, flags[i].field);
			return true;
		}
	return false;
}

void rulekeys_read(const struct ini *ini, const struct ini_entry *e, const struct macros *macros,
                   struct rulefile_rule *rule, struct rulefile_errors *errors)
{
	const struct given g = {ini->path, e->line, e->key, e->value, macros, rule, errors};

	if (strcasecmp(e->key, "after") == 0)
		rule->after_line = e->line;
	if (read_plain(&g))
		return;
	if (strcasecmp(e->key, "match") == 0)
		rule->unanswered |= set_regex(&g, &rule->match);
	else if (strcasecmp(e->key, "unless") == 0)
		rule->unanswered |= set_regex(&g, &rule->unless);
	else if (strcasecmp(e->key, "category") == 0)
		set_category(&g);
	else if (strcasecmp(e->key, "score") == 0)
		set_score(&g);
	else if (strcasecmp(e->key, "name") == 0)
		set_if(&g, "generic", &rule->generic);
	else if (strcasecmp(e->key, "helo") == 0)
		set_if(&g, "foreign", &rule->foreign);
	else if (strcasecmp(e->key, "from") == 0)
		set_listed(&g, &rule->from);
	else if (strcasecmp(e->key, "to") == 0)
		set_listed(&g, &rule->to);
	else if (strcasecmp(e->key, "for") == 0)
		set_for(&g);
	else if (strcasecmp(e->key, "event") == 0)
		set_event(&g);
	else if (strcasecmp(e->key, "hit") == 0 || strcasecmp(e->key, "miss") == 0 || strcasecmp(e->key, "given") == 0)
		add_example(&g);
	else
		no_such_key(&g);
}
