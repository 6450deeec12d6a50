#include "rulecheck/compare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "input/chunks.h"
#include "pipeline/scan.h"
#include "rules/sessions.h"

static bool is_of_file(const struct rule *rule, const char *file)
{
	const char *const slash = strrchr(rule->text->file, '/');

	return strcmp(slash != NULL ? slash + 1 : rule->text->file, file) == 0;
}

/* Returns the first rule that matches the line as hostile, or NULL. */
static const struct rule *hostile(struct scan *scan, struct sessions *sessions, struct record *record)
{
	const struct rule *first = NULL;
	struct rules_hit hits[RULES_HITS_MAX];
	const size_t n = scan_line(scan, record, hits);

	if (!record->parsed || record->cut)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const bool hit = hits[i].kind == RULES_KIND_HIT ||
		                 sessions_resolve(sessions, record->line.host, record->time_s, &hits[i]) == RULES_HIT;

		if (hit && hits[i].score > 0 && first == NULL)
			first = hits[i].rule;
	}
	return first;
}

static void count(const struct compare_options *o, struct compare_result *r, struct span line, const struct rule *rule)
{
	const struct span key = span_trim(line);
	const bool theirs = o->n_theirs > 0 && bsearch(&key, o->theirs, o->n_theirs, sizeof key, span_order) != NULL;

	if (theirs && rule != NULL) {
		r->both++;
	} else if (theirs) {
		if (r->only_theirs++ == 0)
			r->first_theirs = line;
	} else if (rule != NULL && is_of_file(rule, o->file)) {
		if (r->only_ours++ == 0) {
			r->first_ours = line;
			r->rule = rule;
		}
	}
}

void compare_run(const struct compare_options *o, struct compare_result *ret)
{
	const struct chunks_piece text = {.bytes = o->text, .len = o->len, .end = (int64_t)o->len};
	struct rules_scratch *const scratch = rules_scratch_new(o->rules);
	struct sessions *const sessions = sessions_new();
	struct record record = {.has_fields = false};
	struct scan scan;

	*ret = (struct compare_result){0};
	scan_begin(&scan, scratch, o->end_s);
	for (size_t at = 0; chunks_line(&text, &at, &record); ret->lines++) {
		const struct rule *const rule = hostile(&scan, sessions, &record);

		count(o, ret, record.text, rule);
	}
	scan_end(&scan);
	sessions_free(sessions);
	rules_scratch_free(scratch);
}
