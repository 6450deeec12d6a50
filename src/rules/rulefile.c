#include "rules/rulefile.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/ini.h"
#include "base/text.h"
#include "rules/macros.h"
#include "rules/rulekeys.h"

enum { SHOWN_MAX = 80 }; /* bytes of a name in a message */

/* The state of one read. */
struct reader {
	const struct rulefile_from *from;
	struct rulefile_set *set;
	struct rulefile_errors *errors;
	struct macros shared;
};

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

/*
 * Completes and checks a rule. "journal_uid" in [define] applies to all rules of the file that do not set it
 * themselves.
 */
static void finish_rule(struct reader *r, const struct macros *macros, struct rulefile_rule *rule)
{
	const char *const users = macros_value(macros, "journal_uid");
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
			rulefile_error(r->errors, "%s:%u: [%s] has no \"%s\"", rule->file, rule->line, rule->name,
			               needed[i].key);
	for (size_t i = 0; i + 1 < r->set->n; i++)
		if (strcasecmp(r->set->rules[i].name, rule->name) == 0) {
			const struct rulefile_rule *const other = &r->set->rules[i];
			const bool mine = rule->dir >= other->dir;

			rulefile_error(r->errors, "%s:%u: [%s] exists already, at %s:%u",
			               mine ? rule->file : other->file, mine ? rule->line : other->line, rule->name,
			               mine ? other->file : rule->file, mine ? other->line : rule->line);
		}
}

static void begin_rule(struct reader *r, const struct rulefile_file *file, const struct ini_entry *e)
{
	struct rulefile_set *const set = r->set;

	if (!macros_is_name(e->section, strlen(e->section))) {
		char shown[SHOWN_MAX];

		(void)text_escape((struct span){e->section, strlen(e->section)}, shown, sizeof shown);
		rulefile_error(r->errors, "%s:%u: [%s]: a rule's name has only letters, digits, \"-\" and \"_\"",
		               file->path, e->line, shown);
	}
	set->rules = alloc_one_more(set->rules, set->n, sizeof *set->rules, "the rules");
	set->rules[set->n++] = (struct rulefile_rule){.name = alloc_text(e->section, "the rules"),
	                                              .file = file->path,
	                                              .dir = file->dir,
	                                              .line = e->line,
	                                              .score = 100,
	                                              .enabled = true};
}

static void read_rules(struct reader *r, const struct ini *ini, const struct rulefile_file *file)
{
	static struct macros macros; /* static: large, and only one thread reads rules */
	bool open = false;

	macros = r->shared;
	macros_read(&macros, ini, r->errors);
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *const e = &ini->entries[i];

		if (macros_is_section(e))
			continue;
		if (e->key != NULL) {
			rulekeys_read(ini, e, &macros, &r->set->rules[r->set->n - 1], r->errors);
			continue;
		}
		if (open)
			finish_rule(r, &macros, &r->set->rules[r->set->n - 1]);
		if (r->set->n == RULEFILE_RULES_MAX) {
			rulefile_error(r->errors, "%s:%u: more than %d rules", file->path, e->line, RULEFILE_RULES_MAX);
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

/*
 * Adds a file or replaces one of the same name. All macros.rules are kept, so that shipped rules find the macros they
 * need even if an administrator's copy is old.
 */
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

/* Backup copies of editors end differently or begin with a dot. */
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
 * Sorts macros first: the administrator's last, because the last one of a name wins. Then the rules: the
 * administrator's first, because the first one that matches a line wins.
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
	static struct reader r;     /* static: large, and only one thread reads rules */
	struct ini **shared = NULL; /* the macros borrow their strings */
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
			macros_read(&r.shared, ini, errors);
			shared = alloc_one_more(shared, n_shared, sizeof *shared, "the rules");
			shared[n_shared++] = ini;
			ret->unanswered = macros_value(&r.shared, MACROS_UNANSWERED) != NULL;
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
