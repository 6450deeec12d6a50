#include "admin/admin.h"

#include "admin/block.h"
#include "admin/inspect.h"
#include "admin/record.h"
#include "admin/unblock.h"
#include "pipeline/change.h"
#include "store/audit.h"
#include "store/hits.h"

int admin_record(const struct admin *o, const char *who, const char *what, const char *why_text,
                  int64_t now_s, struct why *why)
{
	return change_write(o->store, &(struct change){.at_s = now_s, .who = who, .what = what, .why = why_text}, why);
}

void admin_resume(const struct admin *o, const struct protocol_request *r, unsigned rule, const char *who,
                   int64_t now_s, struct answer *answer)
{
	struct why why;
	int rc = store_begin(o->store, &why);

	if (rc == 0) {
		rc = store_resume(o->store, r->rule, now_s, &why);
		if (rc == STORE_NONE) {
			store_rollback(o->store);
			answer_error(answer, "no such rule is suspended");
			return;
		}
		if (rc == 0)
			rc = audit_add(o->store, now_s, who, "resume", NULL, r->rule, &why);
		rc = store_finish(o->store, rc, &why);
	}
	if (rc < 0) {
		record_say_trouble(answer, &why);
		return;
	}
	verdict_suspend(o->verdict, rule, false);
	answer_begin(answer);
	answer_text(answer, "rule", r->rule);
	answer_end(answer);
}

void admin_run(const struct admin *o, const struct protocol_request *r, const char *who, int64_t now_s,
                struct answer *answer, struct admin_todo *ret)
{
	*ret = (struct admin_todo){0};
	switch (r->verb) {
	case PROTOCOL_BLOCK:
		block_manual(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_UNBLOCK:
	case PROTOCOL_UNBLOCK_ALL:
	case PROTOCOL_ALLOW:
	case PROTOCOL_WHITE:
		unblock_run(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_DISALLOW:
		unblock_allowance(o, r, who, now_s, answer);
		return;
	case PROTOCOL_BLACK:
		block_black(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_LIST:
		inspect_list(o, now_s, answer);
		return;
	case PROTOCOL_WHY:
	case PROTOCOL_TEST:
		inspect_at(o, r, now_s, answer);
		return;
	case PROTOCOL_STATUS:
		inspect_status(o, now_s, answer);
		return;
	case PROTOCOL_RELOAD:
	case PROTOCOL_RESUME:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		break;
	}
	answer_error(answer, "no such request here"); /* the engine and control take these */
}
