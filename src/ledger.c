#include "ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct ledger_file {
	bool used, dirty, done;
	bool fresh;              /* its row was made in the transaction that is open */
	struct store_log log;    /* id 0: no row yet */
	char *path;
	size_t first_len;
	char first[STORE_FIRST_MAX];
};

struct noted_hit {
	struct store_hit hit;         /* spans into bytes; rule and log are filled when written */
	const struct rule *rule;
	struct ledger_file *file;
	size_t block;                 /* which of blocks it led to; SIZE_MAX: none */
};

struct ledger {
	struct store *store;
	struct ledger_file *files; /* LEDGER_FILES_MAX */

	size_t n_hits, n_blocks, n_bytes;
	struct noted_hit hits[LEDGER_HITS_MAX];
	struct verdict_block blocks[LEDGER_HITS_MAX];
	char bytes[LEDGER_HITS_MAX * (STORE_LINE_MAX + STORE_DETAIL_MAX)]; /* their texts, escaped */

	int64_t rule_ids[RULEFILE_RULES_MAX]; /* by the rule's index; 0: not looked up yet */
};

struct ledger *ledger_new(struct store *store)
{
	struct ledger *const l = calloc(1, sizeof *l);

	if (l == NULL || (l->files = calloc(LEDGER_FILES_MAX, sizeof *l->files)) == NULL)
		abort();
	l->store = store;
	return l;
}

void ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < LEDGER_FILES_MAX; i++)
		free(l->files[i].path);
	free(l->files);
	free(l);
}

struct ledger_file *ledger_file(struct ledger *l, const char *path, struct span first, const struct store_log *known)
{
	struct ledger_file *file = NULL;

	assert(first.len <= STORE_FIRST_MAX);
	for (size_t i = 0; i < LEDGER_FILES_MAX && file == NULL; i++)
		if (!l->files[i].used)
			file = &l->files[i];
	assert(file != NULL);
	free(file->path);
	*file = (struct ledger_file){.used = true, .first_len = first.len};
	memcpy(file->first, first.p, first.len);
	if ((file->path = strdup(path)) == NULL)
		abort();
	if (known != NULL)
		file->log = *known;
	return file;
}

void ledger_done(struct ledger_file *file)
{
	file->done = true;
	file->used = file->dirty;
}

void ledger_read(struct ledger_file *file, const struct ledger_read *read)
{
	struct store_log *const log = &file->log;

	log->lines += read->lines;
	log->cut += read->cut;
	log->unparsed += read->unparsed;
	if (read->last_line_at > log->last_line_at)
		log->last_line_at = read->last_line_at;
	log->position = read->position;
	log->last_len = read->last.len < STORE_LAST_MAX ? read->last.len : STORE_LAST_MAX;
	memcpy(log->last, read->last.p, log->last_len);
	file->dirty = true;
}

/* The beginning of text, escaped as it will be stored. */
static struct span keep(struct ledger *l, struct span text, size_t max)
{
	struct span kept = {l->bytes + l->n_bytes, 0};

	if (text.p == NULL)
		return text;
	kept.len = text_escape(text, l->bytes + l->n_bytes, max);
	l->n_bytes += kept.len;
	return kept;
}

void ledger_hit(struct ledger *l, struct ledger_file *file, const struct rules_hit *hit, int64_t time_s,
                int64_t offset, struct span text, const struct verdict_block *block)
{
	struct noted_hit *const noted = &l->hits[l->n_hits];

	assert(l->n_hits < LEDGER_HITS_MAX);
	*noted = (struct noted_hit){.hit = {.time_s = time_s,
	                                    .address = hit->address,
	                                    .score = hit->score,
	                                    .offset = offset,
	                                    .detail = keep(l, hit->detail, STORE_DETAIL_MAX),
	                                    .text = keep(l, text, STORE_LINE_MAX)},
	                            .rule = hit->rule,
	                            .file = file,
	                            .block = SIZE_MAX};
	if (block != NULL) {
		noted->block = l->n_blocks;
		l->blocks[l->n_blocks++] = *block;
	}
	l->n_hits++;
}

bool ledger_is_full(const struct ledger *l)
{
	return l->n_hits + RULES_HITS_MAX > LEDGER_HITS_MAX;
}

bool ledger_has_hits(const struct ledger *l)
{
	return l->n_hits > 0;
}

bool ledger_has_news(const struct ledger *l)
{
	if (l->n_hits > 0)
		return true;
	for (size_t i = 0; i < LEDGER_FILES_MAX; i++)
		if (l->files[i].dirty)
			return true;
	return false;
}

size_t ledger_blocks(const struct ledger *l, const struct verdict_block **ret)
{
	*ret = l->blocks;
	return l->n_blocks;
}

static int write_files(struct ledger *l, struct why *why)
{
	for (size_t i = 0; i < LEDGER_FILES_MAX; i++) {
		struct ledger_file *const file = &l->files[i];
		int rc;

		if (!file->dirty)
			continue;
		if (file->log.id == 0) {
			rc = store_log_add(l->store, file->path, (struct span){file->first, file->first_len},
			                   &file->log.id, why);
			if (rc < 0)
				return rc;
			file->fresh = true;
		}
		if ((rc = store_log_put(l->store, &file->log, file->path, why)) < 0)
			return rc;
	}
	return 0;
}

static int write_hit(struct ledger *l, struct noted_hit *noted, struct why *why)
{
	const struct rulefile_rule *const text = noted->rule->text;
	int64_t *const rule_id = &l->rule_ids[noted->rule->index];
	int rc;

	if (*rule_id == 0 && (rc = store_rule(l->store, text->name, text->category, text->reason, rule_id, why)) < 0)
		return rc;
	noted->hit.rule = *rule_id;
	noted->hit.log = noted->file->log.id;
	if ((rc = store_add_hit(l->store, &noted->hit, why)) < 0 || noted->block == SIZE_MAX)
		return rc;
	{
		const struct verdict_block *const b = &l->blocks[noted->block];
		const struct store_block block = {.net = b->net,
		                                  .since_s = b->since_s,
		                                  .until_s = b->until_s,
		                                  .offence = b->offence,
		                                  .rule = *rule_id};

		return store_add_block(l->store, &block, why);
	}
}

/* What the failed transaction made is gone. */
static void undo(struct ledger *l)
{
	for (size_t i = 0; i < LEDGER_FILES_MAX; i++)
		if (l->files[i].fresh) {
			l->files[i].log.id = 0;
			l->files[i].fresh = false;
		}
	ledger_forget_rules(l);
}

int ledger_write(struct ledger *l, struct why *why)
{
	int rc;

	if (!ledger_has_news(l))
		return 0;
	if ((rc = store_begin(l->store, why)) < 0)
		return rc;
	rc = write_files(l, why);
	for (size_t i = 0; rc == 0 && i < l->n_hits; i++)
		rc = write_hit(l, &l->hits[i], why);
	if (rc == 0)
		rc = store_commit(l->store, why);
	else
		store_rollback(l->store);
	if (rc < 0) {
		undo(l);
		return rc;
	}
	for (size_t i = 0; i < LEDGER_FILES_MAX; i++) {
		l->files[i].dirty = l->files[i].fresh = false;
		l->files[i].used &= !l->files[i].done;
	}
	l->n_hits = l->n_blocks = l->n_bytes = 0;
	return 0;
}

void ledger_forget_rules(struct ledger *l)
{
	memset(l->rule_ids, 0, sizeof l->rule_ids);
}
