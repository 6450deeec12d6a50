#include "admin/admin.h"

#include "admin/block.h"
#include "admin/inspect.h"
#include "admin/record.h"
#include "admin/unblock.h"
#include "pipeline/change.h"
#include "store/audit.h"
#include "store/hits.h"

void admin_reloaded(const struct admin *a, size_t rules, const char *who, int64_t now_s, json_t *reply)
{
	struct why why;
	const struct change change = {.at_s = now_s, .who = who, .what = "reload", .why = ""};

	if (change_write(a->store, &change, &why) < 0)
		reply_error(reply, why.text);
	else
		json_put_number(reply, "rules", (int64_t)rules);
}

void admin_resume(const struct admin *a, const struct protocol_request *r, unsigned rule, const char *who,
                  int64_t now_s, json_t *reply)
{
	struct why why;
	int rc = store_begin(a->store, &why);

	if (rc == 0) {
		rc = store_resume(a->store, r->rule, now_s, &why);
		if (rc == STORE_NONE) {
			store_rollback(a->store);
			reply_error(reply, "no such rule is suspended");
			return;
		}
		if (rc == 0)
			rc = audit_add(a->store, now_s, who, "resume", NULL, r->rule, &why);
		rc = store_finish(a->store, rc, &why);
	}
	if (rc < 0) {
		record_refuse(reply, &why);
		return;
	}
	verdict_suspend(a->verdict, rule, false);
	if (a->sharing != NULL)
		sharing_resumed(a->sharing, r->rule);
	json_put_text(reply, "rule", r->rule);
}

/* Records a note for the day in the audit log, which keeps notes for ever. */
static void note(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s, json_t *reply)
{
	struct why why;
	int rc = store_begin(a->store, &why);

	if (rc == 0)
		rc = store_finish(a->store, audit_add(a->store, now_s, who, AUDIT_NOTE, NULL, r->reason, &why), &why);
	if (rc < 0)
		record_refuse(reply, &why);
	else
		json_put_text(reply, "note", r->reason);
}

void admin_run(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s, json_t *reply,
               struct admin_todo *ret)
{
	*ret = (struct admin_todo){0};
	switch (r->verb) {
	case PROTOCOL_BLOCK:
		block_manual(a, r, who, now_s, reply, ret);
		return;
	case PROTOCOL_UNBLOCK:
	case PROTOCOL_UNBLOCK_ALL:
	case PROTOCOL_ALLOW:
	case PROTOCOL_WHITE:
		unblock_run(a, r, who, now_s, reply, ret);
		return;
	case PROTOCOL_DISALLOW:
		unblock_allowance(a, r, who, now_s, reply);
		ret->sync |= a->config->block.files.n > 0; /* checks the listed networks again */
		return;
	case PROTOCOL_BLACK:
		block_black(a, r, who, now_s, reply, ret);
		return;
	case PROTOCOL_LIST:
		inspect_list(a, now_s, reply);
		return;
	case PROTOCOL_WHY:
	case PROTOCOL_TEST:
		inspect_at(a, r, now_s, reply);
		return;
	case PROTOCOL_STATUS:
		inspect_status(a, now_s, reply);
		return;
	case PROTOCOL_NOTE:
		note(a, r, who, now_s, reply);
		return;
	case PROTOCOL_PEER:
		inspect_peer(a, r, reply);
		return;
	case PROTOCOL_SENT:
		inspect_sent(a, r, now_s, reply);
		return;
	case PROTOCOL_FOREIGN:
	case PROTOCOL_WATCH:
	case PROTOCOL_RELOAD:
	case PROTOCOL_RESUME:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		break;
	}
	reply_error(reply, "no such request here"); /* the engine and control handle these */
}
