#include "orders/orders.h"

#include "orders/begin.h"
#include "orders/lift.h"
#include "orders/look.h"
#include "orders/record.h"
#include "store/hits.h"

int orders_record(const struct orders *o, const char *who, const char *what, const char *why_text,
                  int64_t now_s, struct why *why)
{
	int rc = store_begin(o->store, why);

	if (rc < 0)
		return rc;
	rc = acts_add(o->acts, now_s, who, what, NULL, why_text, why);
	return store_finish(o->store, rc, why);
}

void orders_resume(const struct orders *o, const struct protocol_request *r, unsigned rule, const char *who,
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
			rc = acts_add(o->acts, now_s, who, "resume", NULL, r->rule, &why);
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

void orders_run(const struct orders *o, const struct protocol_request *r, const char *who, int64_t now_s,
                struct answer *answer, struct orders_todo *ret)
{
	*ret = (struct orders_todo){0};
	switch (r->verb) {
	case PROTOCOL_BLOCK:
		begin_manual(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_UNBLOCK:
	case PROTOCOL_WHITE:
		lift_run(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_BLACK:
		begin_black(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_LIST:
		look_list(o, now_s, answer);
		return;
	case PROTOCOL_WHY:
	case PROTOCOL_TEST:
		look_at(o, r, now_s, answer);
		return;
	case PROTOCOL_STATUS:
		look_status(o, now_s, answer);
		return;
	case PROTOCOL_RELOAD:
	case PROTOCOL_RESUME:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		break;
	}
	answer_error(answer, "no such request here"); /* the engine and control take these */
}
