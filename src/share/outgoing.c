#include "share/outgoing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/block.h"
#include "base/duration.h"
#include "base/json.h"

static const char *string(const json_t *json, const char *member)
{
	const char *const text = json_string_value(json_object_get(json, member));

	return text == NULL ? "" : text;
}

static bool find_op(const json_t *event, enum message_op *ret)
{
	static const struct {
		const char *event;
		enum message_op op;
	} published[] = {
		{"block", MESSAGE_BLOCK}, {"extend", MESSAGE_BLOCK}, {"lift", MESSAGE_LIFT}, {"white", MESSAGE_WHITE}};
	const char *const what = string(event, "event");

	for (size_t i = 0; i < sizeof published / sizeof *published; i++)
		if (strcmp(what, published[i].event) == 0) {
			*ret = published[i].op;
			return strncmp(string(event, "rule"), BLOCK_PEER_BEGIN, strlen(BLOCK_PEER_BEGIN)) != 0;
		}
	return false;
}

static int read_event(const json_t *event, int64_t now_s, struct message *m)
{
	const char *const net = string(event, "address");
	int64_t until_s = 0;

	if (!find_op(event, &m->op) || !net_parse(net, strlen(net), &m->net))
		return OUTGOING_NONE;
	m->at_s = now_s;
	if (m->op == MESSAGE_LIFT)
		return 0;
	if (!time_parse(string(event, "until"), true, &until_s) || until_s <= now_s)
		return OUTGOING_NONE;
	m->until_s = until_s - now_s > PEERS_LONGEST_S ? now_s + PEERS_LONGEST_S : until_s;
	if (m->op == MESSAGE_BLOCK) {
		const json_int_t offence = json_integer_value(json_object_get(event, "offence"));

		m->offence = offence < 0 ? 0 : offence > MESSAGE_OFFENCE_MAX ? MESSAGE_OFFENCE_MAX : (unsigned)offence;
		message_word(string(event, "rule"), m->rule);
		message_word(string(event, "category"), m->category);
	}
	return 0;
}

int outgoing_read(struct span line, int64_t now_s, struct message *ret, int64_t *ret_event, struct why *why)
{
	json_t *const event = json_loadb(line.p, line.len, 0, NULL);
	const int64_t id = json_integer_value(json_object_get(event, "id"));
	struct message m = {0};
	int rc;

	if (id <= 0) {
		char text[256];
		const char *const error = string(event, "error");

		(void)text_escape((struct span){error, strlen(error)}, text, sizeof text);
		rc = why_set(why, EPROTO, "the daemon: %s", text[0] != '\0' ? text : "no event");
	} else {
		rc = read_event(event, now_s, &m);
		*ret_event = id;
	}
	json_decref(event);
	if (rc == 0)
		*ret = m;
	return rc;
}
