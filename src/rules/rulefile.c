#include "rules/rulefile.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/ini.h"
#include "base/text.h"

enum {
	MACROS_MAX = 256, /* per file, the shared ones included */
	MACRO_DEPTH_MAX = 8,
	SCORE_MAX = 1000,
	QUOTED_MAX = 80,           /* bytes of a value shown in a message */
	EXAMPLES_MAX = 1000,       /* of one rule */
	FOR_MAX_S = 366 * 86400,
	CATEGORIES_TEXT_MAX = 256, /* all of them with commas */
};

static const char *const keys[] = {"program", "match", "unless", "category", "reason",   "score",
                                   "enabled", "name",  "also",   "after",    "remember", "forget",
                                   "given",   "hit",   "miss",   "journal_uid", "from", "to",
                                   "helo",    "for",   "event", NULL};
static const char *const categories[] = {"dnsbl",   "auth",     "relay", "probe", "protocol", "unknown-user",
                                         "content", "firewall", "name",  "good",  "grey", NULL};
/* Macros that rules/compile.c replaces; here they stay as they are. */
static const char *const builtin_macros[] = {"ADDR", "NAME", "SESSION", "FROM", "TO", "HELO", "USER", "QUEUE", NULL};

struct macro {
	const char *name, *value; /* borrowed from the ini */
};

struct macros {
	size_t n;
	struct macro list[MACROS_MAX];
};

/* One pass over the files. */
struct reader {
	const struct rulefile_from *from;
	struct rulefile_set *set;
	struct rulefile_errors *errors;
	struct macros shared;
	bool unanswered; /* the regex that was expanded last has this macro */
};

void rulefile_error(struct rulefile_errors *errors, const char *fmt, ...)
{
	va_list ap;

	errors->text = alloc_one_more(errors->text, errors->n, sizeof *errors->text, "errors in rules");
	va_start(ap, fmt);
	errors->text[errors->n++] = alloc_vformat("an error in rules", fmt, ap);
	va_end(ap);
}

void rulefile_errors_done(struct rulefile_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->text[i]);
	free(errors->text);
	free(errors->file);
	*errors = (struct rulefile_errors){0};
}

int rulefile_errors_end(const struct rulefile_set *set, struct rulefile_errors *errors, struct why *why)
{
	if (errors->n == 0)
		return 0;
	for (size_t i = 0; i < set->n_files && errors->file == NULL; i++) {
		const size_t len = strlen(set->files[i].path);

		if (strncmp(errors->text[0], set->files[i].path, len) == 0 && errors->text[0][len] == ':')
			errors->file = alloc_text(set->files[i].path, "the rules");
	}
	return why_set(why, EINVAL, "%s", errors->text[0]);
}

static const char *shown(const char *value, char out[static QUOTED_MAX])
{
	(void)text_escape((struct span){value, strlen(value)}, out, QUOTED_MAX);
	return out;
}

static bool is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
		      (text[i] >= '0' && text[i] <= '9') || text[i] == '_' || text[i] == '-'))
			return false;
	return len > 0;
}

static const char *macro_value(const struct macros *macros, const char *name, size_t len)
{
	for (size_t i = macros->n; i-- > 0;) /* a file's own macro wins over a shared one */
		if (strlen(macros->list[i].name) == len && strncasecmp(macros->list[i].name, name, len) == 0)
			return macros->list[i].value;
	return NULL;
}

static bool is_builtin(const char *name, size_t len)
{
	for (const char *const *b = builtin_macros; *b != NULL; b++)
		if (strlen(*b) == len && memcmp(*b, name, len) == 0)
			return true;
	return false;
}

static bool is_unanswered(const char *name, size_t len)
{
	static const char want[] = "unanswered";

	return len == sizeof want - 1 && strncasecmp(name, want, len) == 0;
}

size_t rulefile_word_len(const char *p)
{
	const char *const end = *p == '<' ? strchr(p, '>') : NULL;

	return end != NULL && is_builtin(p + 1, (size_t)(end - p - 1)) ? (size_t)(end - p) + 1 : 0;
}

/* True when the "<" at p belongs to "(?<name>", "(?P<name>", "\\k<name>", "\\g<name>" or is escaped itself.
 */
static bool names_group(const char *in, const char *p)
{
	const size_t n = (size_t)(p - in);

	if (n >= 2 && p[-1] == '?' && p[-2] == '(')
		return true;
	if (n >= 3 && p[-1] == 'P' && p[-2] == '?' && p[-3] == '(')
		return true;
	if (n >= 2 && (p[-1] == 'k' || p[-1] == 'g') && p[-2] == '\\')
		return true;
	return n >= 1 && p[-1] == '\\' && !(n >= 2 && p[-2] == '\\');
}

/*
 * Puts macros in. "<name>" is a macro unless it belongs to "(?<name>", "\k<name>" or the like; a "<word>"
 * that is no macro is literal text ("from=<a>" is common in logs), but a near miss of a macro is an error.
 * Returns false after reporting an error.
 */
static bool expand(struct reader *r, const char *at, const struct macros *macros, const char *in, char *out,
                   size_t *used, int depth)
{
	if (depth > MACRO_DEPTH_MAX) {
		rulefile_error(r->errors, "%s: macros nest deeper than %d; does one contain itself?", at,
		               MACRO_DEPTH_MAX);
		return false;
	}
	for (const char *p = in; *p != '\0';) {
		const char *const end = *p == '<' ? strchr(p, '>') : NULL;
		const bool group = names_group(in, p);

		if (end != NULL && !group && is_word(p + 1, (size_t)(end - p - 1)) &&
		    !is_builtin(p + 1, (size_t)(end - p - 1))) {
			const char *const value = macro_value(macros, p + 1, (size_t)(end - p - 1));

			if (value != NULL) {
				r->unanswered |= is_unanswered(p + 1, (size_t)(end - p - 1));
				if (!expand(r, at, macros, value, out, used, depth + 1))
					return false;
				p = end + 1;
				continue;
			}
		}
		if (*used + 2 > RULEFILE_EXPANDED_MAX) {
			rulefile_error(r->errors, "%s: longer than %d bytes with its macros", at,
			               RULEFILE_EXPANDED_MAX);
			return false;
		}
		out[(*used)++] = *p++;
	}
	out[*used] = '\0';
	return true;
}

static void set_regex(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                      const struct macros *macros, struct rulefile_regex *regex)
{
	static char expanded[RULEFILE_EXPANDED_MAX]; /* large, and rules are read by one thread */
	char at[512];
	size_t used = 0;

	(void)snprintf(at, sizeof at, "%s:%u: %s", ini->path, e->line, e->key);
	r->unanswered = false;
	if (!expand(r, at, macros, e->value, expanded, &used, 0))
		return;
	free(regex->text);
	regex->text = alloc_text(expanded, "the rules");
	regex->line = e->line;
}

/* "ADDRESS | LINE", or "- | LINE" for a line that the rule matches without naming a client. Returns the line. */
static const char *hit_address(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                               struct rulefile_example *example)
{
	const char *const bar = strstr(e->value, " | ");
	char quoted[QUOTED_MAX];

	example->unnamed = bar != NULL && bar - e->value == 1 && e->value[0] == '-';
	if (bar != NULL &&
	    (example->unnamed || addr_parse(e->value, (size_t)(bar - e->value), &example->address)))
		return bar + 3;
	rulefile_error(r->errors, "%s:%u: hit: want \"ADDRESS | LOG LINE\", got \"%s\"", ini->path, e->line,
	               shown(e->value, quoted));
	return NULL;
}

static void add_example(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                        struct rulefile_rule *rule)
{
	struct rulefile_example example = {.line = e->line,
	                                   .hit = strcasecmp(e->key, "hit") == 0,
	                                   .given = strcasecmp(e->key, "given") == 0};
	const char *const text = example.hit ? hit_address(r, ini, e, &example) : e->value;

	if (text == NULL)
		return;
	if (rule->n_examples == EXAMPLES_MAX) {
		rulefile_error(r->errors, "%s:%u: more than %d examples", ini->path, e->line, EXAMPLES_MAX);
		return;
	}
	example.text = alloc_text(text, "the rules");
	rule->examples =
	        alloc_one_more(rule->examples, rule->n_examples, sizeof *rule->examples, "the rules");
	rule->examples[rule->n_examples++] = example;
}

static void set_score(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                      struct rulefile_rule *rule)
{
	char quoted[QUOTED_MAX], *end;
	long value;

	errno = 0;
	value = strtol(e->value, &end, 10);
	if (errno != 0 || *end != '\0' || end == e->value || value < -SCORE_MAX || value > SCORE_MAX)
		rulefile_error(r->errors, "%s:%u: score: want a whole number from -%d to %d, got \"%s\"",
		               ini->path, e->line, SCORE_MAX, SCORE_MAX, shown(e->value, quoted));
	else
		rule->score = (int)value; /* in range, checked above */
}

static void set_text(struct reader *r, const struct ini *ini, const struct ini_entry *e, char **field)
{
	char quoted[QUOTED_MAX];

	if (*field != NULL)
		rulefile_error(r->errors, "%s:%u: %s: appears twice in this rule", ini->path, e->line, e->key);
	free(*field);
	*field = alloc_text(e->value, "the rules");
	if (*e->value == '\0')
		rulefile_error(r->errors, "%s:%u: %s: empty", ini->path, e->line, shown(e->key, quoted));
}

/* "dnsbl, auth, relay ..." */
static const char *all_categories(char out[static CATEGORIES_TEXT_MAX])
{
	size_t len = 0;

	for (const char *const *c = categories; *c != NULL; c++)
		len += (size_t)snprintf(out + len, CATEGORIES_TEXT_MAX - len, "%s%s", len > 0 ? ", " : "", *c); /* they fit */
	return out;
}

static void set_category(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                         struct rulefile_rule *rule)
{
	const char *near;
	char quoted[QUOTED_MAX], all[CATEGORIES_TEXT_MAX];

	set_text(r, ini, e, &rule->category);
	for (const char *const *c = categories; *c != NULL; c++)
		if (strcmp(rule->category, *c) == 0)
			return;
	near = text_nearest(e->value, categories);
	if (near != NULL)
		rulefile_error(r->errors, "%s:%u: category: no category \"%s\"; did you mean \"%s\"?", ini->path, e->line,
		               shown(e->value, quoted), near);
	else
		rulefile_error(r->errors, "%s:%u: category: no category \"%s\"; there are %s", ini->path, e->line,
		               shown(e->value, quoted), all_categories(all));
}

static void set_flag(struct reader *r, const struct ini *ini, const struct ini_entry *e, bool *field)
{
	char quoted[QUOTED_MAX];

	if (strcasecmp(e->value, "yes") != 0 && strcasecmp(e->value, "no") != 0)
		rulefile_error(r->errors, "%s:%u: %s: want yes or no, got \"%s\"", ini->path, e->line, e->key,
		               shown(e->value, quoted));
	else
		*field = strcasecmp(e->value, "yes") == 0;
}

static void set_name(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                     struct rulefile_rule *rule)
{
	char quoted[QUOTED_MAX];

	rule->generic = strcasecmp(e->value, "generic") == 0;
	if (!rule->generic)
		rulefile_error(r->errors, "%s:%u: name: want \"generic\", got \"%s\"", ini->path, e->line,
		               shown(e->value, quoted));
}

/* "in FILE" or "not in FILE"; a relative FILE is beside the rules. */
static void set_listed(struct reader *r, const struct ini *ini, const struct ini_entry *e, struct rulefile_listed *listed)
{
	const bool negated = strncasecmp(e->value, "not ", 4) == 0;
	const char *file = e->value + (negated ? 4 + strspn(e->value + 4, " \t") : 0);
	const char *const slash = strrchr(ini->path, '/');
	const bool in = strncasecmp(file, "in", 2) == 0 && (file[2] == ' ' || file[2] == '\t');
	char quoted[QUOTED_MAX];

	file += in ? 2 + strspn(file + 2, " \t") : 0;
	if (!in || *file == '\0') {
		rulefile_error(r->errors, "%s:%u: %s: want \"in FILE\" or \"not in FILE\", got \"%s\"", ini->path, e->line, e->key,
		               shown(e->value, quoted));
		return;
	}
	if (listed->path != NULL)
		rulefile_error(r->errors, "%s:%u: %s: appears twice in this rule", ini->path, e->line, e->key);
	free(listed->path);
	*listed = (struct rulefile_listed){.negated = negated, .line = e->line};
	listed->path = *file == '/' || slash == NULL
	                       ? alloc_text(file, "the rules")
	                       : alloc_format("the rules", "%.*s/%s", (int)(slash - ini->path), ini->path, file);
}

static void set_for(struct reader *r, const struct ini *ini, const struct ini_entry *e, struct rulefile_rule *rule)
{
	char quoted[QUOTED_MAX];

	if (!duration_parse(e->value, &rule->for_s) || rule->for_s == 0 || rule->for_s > FOR_MAX_S)
		rulefile_error(r->errors, "%s:%u: for: want a duration of at most 366d, such as 24h, got \"%s\"", ini->path, e->line,
		               shown(e->value, quoted));
}

static void set_helo(struct reader *r, const struct ini *ini, const struct ini_entry *e, struct rulefile_rule *rule)
{
	char quoted[QUOTED_MAX];

	rule->foreign = strcasecmp(e->value, "foreign") == 0;
	if (!rule->foreign)
		rulefile_error(r->errors, "%s:%u: helo: want \"foreign\", got \"%s\"", ini->path, e->line, shown(e->value, quoted));
}

/* "NAME LOG" */
static void set_event(struct reader *r, const struct ini *ini, const struct ini_entry *e, struct rulefile_rule *rule)
{
	const size_t name_len = strcspn(e->value, " ");
	const char *const log = e->value + name_len + strspn(e->value + name_len, " ");
	char quoted[QUOTED_MAX];

	if (rule->event != NULL) {
		rulefile_error(r->errors, "%s:%u: event: appears twice in this rule", ini->path, e->line);
	} else if (!is_word(e->value, name_len) || !is_word(log, strlen(log))) {
		rulefile_error(r->errors, "%s:%u: event: want the event and the log it is read in, such as \"ftp-login pam\", got \"%s\"",
		               ini->path, e->line, shown(e->value, quoted));
	} else {
		rule->event = alloc_text_n(e->value, name_len, "the rules");
		rule->event_log = alloc_text(log, "the rules");
	}
}

static void set_match(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                      const struct macros *macros, struct rulefile_regex *regex)
{
	if (regex->text != NULL)
		rulefile_error(r->errors, "%s:%u: %s: appears twice in this rule", ini->path, e->line, e->key);
	set_regex(r, ini, e, macros, regex);
}

static void no_such_key(struct reader *r, const struct ini *ini, const struct ini_entry *e)
{
	const char *const near = text_nearest(e->key, keys);
	char quoted[QUOTED_MAX];

	rulefile_error(r->errors, "%s:%u: no key \"%s\"%s%s%s", ini->path, e->line, shown(e->key, quoted),
	               near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void read_key(struct reader *r, const struct ini *ini, const struct ini_entry *e,
                     const struct macros *macros, struct rulefile_rule *rule)
{
	const struct {
		const char *key;
		bool *field;
	} flags[] = {{"enabled", &rule->enabled},
	             {"remember", &rule->remember},
	             {"forget", &rule->forget},
	             {"also", &rule->also}};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcasecmp(e->key, flags[i].key) == 0) {
			set_flag(r, ini, e, flags[i].field);
			return;
		}
	if (strcasecmp(e->key, "program") == 0) {
		set_text(r, ini, e, &rule->program);
	} else if (strcasecmp(e->key, "match") == 0) {
		set_match(r, ini, e, macros, &rule->match);
		rule->unanswered |= r->unanswered;
	} else if (strcasecmp(e->key, "unless") == 0) {
		set_match(r, ini, e, macros, &rule->unless);
		rule->unanswered |= r->unanswered;
	} else if (strcasecmp(e->key, "category") == 0) {
		set_category(r, ini, e, rule);
	} else if (strcasecmp(e->key, "reason") == 0) {
		set_text(r, ini, e, &rule->reason);
	} else if (strcasecmp(e->key, "score") == 0) {
		set_score(r, ini, e, rule);
	} else if (strcasecmp(e->key, "name") == 0) {
		set_name(r, ini, e, rule);
	} else if (strcasecmp(e->key, "from") == 0) {
		set_listed(r, ini, e, &rule->from);
	} else if (strcasecmp(e->key, "to") == 0) {
		set_listed(r, ini, e, &rule->to);
	} else if (strcasecmp(e->key, "helo") == 0) {
		set_helo(r, ini, e, rule);
	} else if (strcasecmp(e->key, "for") == 0) {
		set_for(r, ini, e, rule);
	} else if (strcasecmp(e->key, "after") == 0) {
		set_text(r, ini, e, &rule->after);
		rule->after_line = e->line;
	} else if (strcasecmp(e->key, "event") == 0) {
		set_event(r, ini, e, rule);
	} else if (strcasecmp(e->key, "journal_uid") == 0) {
		set_text(r, ini, e, &rule->journal_uid);
	} else if (strcasecmp(e->key, "hit") == 0 || strcasecmp(e->key, "miss") == 0 ||
	           strcasecmp(e->key, "given") == 0) {
		add_example(r, ini, e, rule);
	} else {
		no_such_key(r, ini, e);
	}
}

/* What "journal_uid" in [define] says holds for all rules of the file that do not say it. */
static void finish_rule(struct reader *r, const struct macros *macros, struct rulefile_rule *rule)
{
	static const char uid[] = "journal_uid";
	const char *const users = macro_value(macros, uid, strlen(uid));
	const struct {
		const char *key;
		const void *value;
	} needed[] = {{"program", rule->program},
	              {"match", rule->match.text},
	              {"category", rule->category},
	              {"reason", rule->reason}};

	if (rule->journal_uid == NULL && users != NULL)
		rule->journal_uid = alloc_text(users, "the rules");
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (needed[i].value == NULL)
			rulefile_error(r->errors, "%s:%u: [%s] has no \"%s\"", rule->file, rule->line,
			               rule->name, needed[i].key);
	for (size_t i = 0; i + 1 < r->set->n; i++)
		if (strcasecmp(r->set->rules[i].name, rule->name) == 0) {
			const struct rulefile_rule *const other = &r->set->rules[i];
			const bool mine = rule->dir >= other->dir;

			rulefile_error(r->errors, "%s:%u: [%s] exists already, at %s:%u", mine ? rule->file : other->file,
			               mine ? rule->line : other->line, rule->name, mine ? other->file : rule->file,
			               mine ? other->line : rule->line);
		}
}

static void begin_rule(struct reader *r, const struct rulefile_file *file, const struct ini_entry *e)
{
	struct rulefile_set *const set = r->set;

	if (!is_word(e->section, strlen(e->section))) {
		char quoted[QUOTED_MAX];

		rulefile_error(r->errors,
		               "%s:%u: [%s]: a rule's name has only letters, digits, \"-\" and \"_\"", file->path,
		               e->line, shown(e->section, quoted));
	}
	set->rules = alloc_one_more(set->rules, set->n, sizeof *set->rules, "the rules");
	set->rules[set->n++] = (struct rulefile_rule){.name = alloc_text(e->section, "the rules"),
	                                              .file = file->path,
	                                              .dir = file->dir,
	                                              .line = e->line,
	                                              .score = 100,
	                                              .enabled = true};
}

static bool is_define(const struct ini_entry *e)
{
	return strcasecmp(e->section, "define") == 0;
}

static void read_macros(struct reader *r, const struct ini *ini, struct macros *macros)
{
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *const e = &ini->entries[i];

		if (e->key == NULL || !is_define(e))
			continue;
		if (!is_word(e->key, strlen(e->key)) || is_builtin(e->key, strlen(e->key))) {
			char quoted[QUOTED_MAX];

			rulefile_error(r->errors, "%s:%u: \"%s\" cannot be a macro's name", ini->path,
			               e->line, shown(e->key, quoted));
		} else if (macros->n == MACROS_MAX) {
			rulefile_error(r->errors, "%s:%u: more than %d macros", ini->path, e->line,
			               MACROS_MAX);
			return;
		} else {
			macros->list[macros->n++] = (struct macro){e->key, e->value};
		}
	}
}

static void read_rules(struct reader *r, const struct ini *ini, const struct rulefile_file *file)
{
	static struct macros macros; /* large, and rules are read by one thread */
	bool open = false;

	macros = r->shared;
	read_macros(r, ini, &macros);
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *const e = &ini->entries[i];

		if (is_define(e))
			continue;
		if (e->key != NULL) {
			read_key(r, ini, e, &macros, &r->set->rules[r->set->n - 1]);
			continue;
		}
		if (open)
			finish_rule(r, &macros, &r->set->rules[r->set->n - 1]);
		if (r->set->n == RULEFILE_RULES_MAX) {
			rulefile_error(r->errors, "%s:%u: more than %d rules", file->path, e->line,
			               RULEFILE_RULES_MAX);
			return;
		}
		begin_rule(r, file, e);
		open = true;
	}
	if (open)
		finish_rule(r, &macros, &r->set->rules[r->set->n - 1]);
}

static const char *base_name(const char *path)
{
	const char *const slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool is_macros(const char *path)
{
	return strcmp(base_name(path), "macros.rules") == 0;
}

/* Macros of several directories are all read, so that an old copy of them lacks none that shipped rules need. */
static void add_file(struct reader *r, size_t dir, const char *path)
{
	const struct rulefile_from *const from = r->from;
	struct rulefile_set *const set = r->set;

	for (size_t i = 0; i < from->n_without; i++)
		if (strcmp(from->without[i], path) == 0)
			return;
	for (size_t i = 0; i < set->n_files && !is_macros(path); i++)
		if (strcmp(base_name(set->files[i].path), base_name(path)) == 0) {
			free(set->files[i].path);
			set->files[i] = (struct rulefile_file){alloc_text(path, "the rules"), dir};
			return;
		}
	set->files = alloc_one_more(set->files, set->n_files, sizeof *set->files, "the rules");
	set->files[set->n_files++] = (struct rulefile_file){alloc_text(path, "the rules"), dir};
}

/* Editors' copies end otherwise or begin with a dot. */
static bool is_rules_name(const char *name)
{
	const size_t len = strlen(name);

	return name[0] != '.' && len > 6 && strcmp(name + len - 6, ".rules") == 0;
}

static bool list_dir(struct reader *r, size_t which)
{
	const char *const dir = r->from->dirs[which];
	DIR *const d = opendir(dir);
	const struct dirent *entry;

	if (d == NULL) {
		if (errno != ENOENT)
			rulefile_error(r->errors, "%s: %s", dir, strerror(errno));
		return errno != ENOENT;
	}
	while ((entry = readdir(d)) != NULL)
		if (is_rules_name(entry->d_name)) {
			char *const path = alloc_format("the path of rules", "%s/%s", dir, entry->d_name);
			add_file(r, which, path);
			free(path);
		}
	(void)closedir(d);
	return true;
}

/*
 * The macros, the administrator's last, because the last one of a name is used; then the rules, the administrator's first, because
 * the first one that matches a line is.
 */
static int by_order(const void *a, const void *b)
{
	const struct rulefile_file *const one = a, *const other = b;
	const bool macros = is_macros(one->path);

	if (macros != is_macros(other->path))
		return macros ? -1 : 1;
	if (one->dir != other->dir)
		return (one->dir < other->dir) == macros ? -1 : 1;
	return strcmp(base_name(one->path), base_name(other->path));
}

int rulefile_read(const struct rulefile_from *from, struct rulefile_set *ret, struct rulefile_errors *errors,
                  struct why *why)
{
	static struct reader r; /* large, and rules are read by one thread */
	struct ini **shared = NULL; /* their strings are the macros' */
	size_t n_shared = 0;
	bool any = from->n_extra > 0 || from->n_dirs == 0;

	*ret = (struct rulefile_set){0};
	*errors = (struct rulefile_errors){0};
	r = (struct reader){.from = from, .set = ret, .errors = errors};
	for (size_t i = 0; i < from->n_dirs; i++)
		any |= list_dir(&r, i);
	if (!any)
		rulefile_error(errors, "%s: no such directory; name the rules' directories in [run] patterns",
		               from->dirs[from->n_dirs - 1]);
	for (size_t i = 0; i < from->n_extra; i++)
		add_file(&r, from->n_dirs + (is_macros(from->extra[i]) ? i : 0), from->extra[i]);
	if (ret->n_files > 1)
		qsort(ret->files, ret->n_files, sizeof *ret->files, by_order);
	for (size_t i = 0; i < ret->n_files; i++) {
		const struct rulefile_file *const file = &ret->files[i];
		struct ini *ini = NULL;

		if (ini_read(file->path, &ini, why) < 0) {
			rulefile_error(errors, "%s", why->text);
			continue;
		}
		if (is_macros(file->path)) {
			read_macros(&r, ini, &r.shared);
			shared = alloc_one_more(shared, n_shared, sizeof *shared, "the rules");
			shared[n_shared++] = ini;
			ret->unanswered = macro_value(&r.shared, "unanswered", strlen("unanswered")) != NULL;
			continue;
		}
		read_rules(&r, ini, file);
		ini_free(ini);
	}
	for (size_t i = 0; i < n_shared; i++)
		ini_free(shared[i]);
	free(shared);
	return rulefile_errors_end(ret, errors, why);
}

void rulefile_set_done(struct rulefile_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct rulefile_rule *const rule = &set->rules[i];

		for (size_t j = 0; j < rule->n_examples; j++)
			free(rule->examples[j].text);
		free(rule->examples);
		free(rule->name);
		free(rule->program);
		free(rule->match.text);
		free(rule->unless.text);
		free(rule->category);
		free(rule->reason);
		free(rule->after);
		free(rule->from.path);
		free(rule->to.path);
		free(rule->event);
		free(rule->event_log);
		free(rule->journal_uid);
	}
	free(set->rules);
	for (size_t i = 0; i < set->n_files; i++)
		free(set->files[i].path);
	free(set->files);
	*set = (struct rulefile_set){0};
}
