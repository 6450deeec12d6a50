#include "engine/requests.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin/record.h"
#include "admin/watch.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/shared.h"
#include "pipeline/builtin.h"
#include "pipeline/pending.h"

void requests_init(struct requests *r, struct live *live, struct store *store, struct reconcile *reconcile,
                   const struct problems *problems, struct events *events, struct sharing *sharing)
{
	const struct config *const c = live->config;
	const struct control_config config = {.socket = c->control.socket,
	                                      .group = c->control.group,
	                                      .readers = c->control.readers,
	                                      .sharers = c->share.group,
	                                      .tcp = c->control.tcp,
	                                      .port = c->control.tcp_port,
	                                      .token_file = c->control.token_file};
	struct why why;
	int rc;

	*r = (struct requests){.live = live,
	                       .store = store,
	                       .reconcile = reconcile,
	                       .problems = problems,
	                       .events = events,
	                       .sharing = sharing};
	if (config.socket[0] == '\0' && config.port == 0)
		return;
	rc = control_new(&config, &r->control, &why);
	if (rc == CONTROL_LIMITED)
		log_line(LOG_WARNING, "%s", why.text);
	else if (rc < 0)
		log_line(LOG_ERR, "%s; running without a control socket", why.text);
}

void requests_done(struct requests *r)
{
	control_free(r->control);
}

/* Returns the objects that requests are executed on. */
static struct admin admin_of(const struct requests *r)
{
	return (struct admin){.store = r->store,
	                      .verdict = r->live->verdict,
	                      .reconcile = r->reconcile,
	                      .problems = r->problems,
	                      .blocklist = r->live->blocklist,
	                      .sharing = r->sharing,
	                      .pending = r->live->pending,
	                      .config = r->live->config};
}

static void reload(struct requests *r, const char *who, int64_t now_s, json_t *reply)
{
	struct admin admin;
	struct why why;

	if (live_reload(r->live, &why) < 0) {
		reply_error(reply, why.text);
		return;
	}
	shared_reload(r);
	admin = admin_of(r); /* only now, because the verdict has been replaced */
	admin_reloaded(&admin, rules_count(r->live->rules), who, now_s, reply);
}

/*
 * Logs the blocks that the request began and lifted, or else the request itself. Requests that only read are not
 * logged.
 */
static void log_request(struct requests *r, const struct control_request *request, const struct admin_todo *todo,
                        bool done)
{
	const struct protocol_request *const what = &request->what;
	const char *const verb = protocol_verb_text(what->verb), *const who = request->who;
	const char *const reason = what->reason[0] != '\0' ? what->reason : NULL;
	const bool vote = what->verb == PROTOCOL_BLACK || what->verb == PROTOCOL_WHITE;
	const bool allows = what->verb == PROTOCOL_ALLOW || what->verb == PROTOCOL_DISALLOW;
	const bool on_rules = what->verb == PROTOCOL_RELOAD || what->verb == PROTOCOL_RESUME;
	char net[NET_TEXT_MAX] = "";

	if (protocol_is_reading(what->verb))
		return;
	if (!on_rules && what->verb != PROTOCOL_UNBLOCK_ALL && what->verb != PROTOCOL_NOTE)
		(void)net_text(&what->net, net);
	if (vote || allows || todo->n_begun + todo->n_lifted == 0)
		events_ordered(r->events, verb, on_rules ? what->rule : net, who, what->reason, done);
	for (size_t i = 0; i < todo->n_begun; i++)
		events_blocked(r->events, &todo->begun[i],
		               &(struct events_cause){todo->rule, todo->reason, vote ? reason : NULL, who});
	for (size_t i = 0; i < todo->n_lifted && i < ADMIN_LIFTED_SHOWN; i++)
		events_released(r->events, &todo->lifted[i], verb, who, reason);
	if (todo->n_lifted > ADMIN_LIFTED_SHOWN)
		events_released_more(r->events, todo->n_lifted - ADMIN_LIFTED_SHOWN);
	events_sum(r->events);
}

static enum query_stream stream_of(const struct protocol_request *what)
{
	return what->hits ? QUERY_STREAM_HITS : what->own ? QUERY_STREAM_OWN : QUERY_STREAM_EVENTS;
}

/* Notifies watching clients if there may be something new. */
static void note_changes(struct requests *r)
{
	const int64_t changes = store_changes(r->store);

	if (changes != r->changes)
		control_news(r->control);
	r->changes = changes;
}

/* Sends a watching client the events after the last one that it received, or the error if they cannot be read. */
static void go_on_watching(struct requests *r)
{
	const struct control_request *const request = &r->request;
	struct watch_piece piece;
	struct why why;

	if (watch_next(r->store, stream_of(&request->what), request->what.after, &piece, &why) < 0) {
		control_stop_watching(r->control, request, why.text, clock_steady_ms());
		return;
	}
	control_events(r->control, request, (struct span){piece.lines, piece.len}, piece.last, piece.more,
	               clock_steady_ms());
	free(piece.lines);
}

static void begin_watching(struct requests *r)
{
	json_t *const reply = reply_new();

	watch_begin(r->store, stream_of(&r->request.what), r->request.what.after, reply);
	if (reply_is_ok(reply) && !control_watch(r->control, &r->request))
		reply_error(reply, "16 connections watch already; try again");
	control_reply(r->control, r->request.connection, reply, clock_steady_ms());
}

static void handle_one(struct requests *r, struct admin_todo *ret)
{
	const struct admin admin = admin_of(r);
	const struct control_request *const request = &r->request;
	const struct protocol_request *const what = &request->what;
	const int64_t now_s = clock_unix_s();
	json_t *const reply = reply_new();
	struct why why;

	verdict_at(admin.verdict, now_s);
	events_at(r->events, now_s);
	if (what->verb == PROTOCOL_RELOAD)
		reload(r, request->who, now_s, reply);
	else if (what->verb == PROTOCOL_RESUME)
		admin_resume(&admin, what, builtin_number(r->live->rules, what->rule), request->who, now_s, reply);
	else if (!protocol_is_reading(what->verb) && pending_ready(r->live->pending, &why) < 0)
		record_refuse(reply, &why);
	else
		admin_run(&admin, what, request->who, now_s, reply, ret);
	log_request(r, request, ret, reply_is_ok(reply));
	control_reply(r->control, request->connection, reply, clock_steady_ms());
}

bool requests_next(struct requests *r, const struct pollfd polled[static CONTROL_FDS_MAX])
{
	const int64_t began_us = clock_steady_us();
	bool any;

	if (r->control == NULL)
		return false;
	note_changes(r);
	control_serve(r->control, polled, clock_steady_ms());
	any = control_next(r->control, clock_steady_ms(), &r->request);
	control_spent(r->control, clock_steady_us() - began_us);
	return any;
}

bool requests_changes(const struct requests *r)
{
	return !protocol_is_reading(r->request.what.verb);
}

void requests_handle(struct requests *r, struct admin_todo *ret)
{
	const int64_t began_us = clock_steady_us();

	*ret = (struct admin_todo){.sync = r->request.what.verb == PROTOCOL_RELOAD};
	if (r->request.what.verb == PROTOCOL_FOREIGN && !shared_handle(r, ret)) {
		note_changes(r);
		control_spent(r->control, clock_steady_us() - began_us);
		return;
	}
	if (r->request.what.verb != PROTOCOL_WATCH)
		handle_one(r, ret);
	else if (r->request.goes_on)
		go_on_watching(r);
	else
		begin_watching(r);
	note_changes(r);
	control_spent(r->control, clock_steady_us() - began_us);
}
