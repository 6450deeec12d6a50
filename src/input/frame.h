/*
 * frame: recognises what container runtimes put in front of the lines of a program.
 *
 * Private to the folder.
 *   compose            "postfix-1  | LINE", with or without colours; "docker service logs" likewise
 *   kubectl --prefix   "[pod/mail-0/postfix] LINE"
 *   CRI                "2026-11-20T14:01:04.243377270Z stdout F LINE"; P instead of F if the line continues in the
 *                      next one
 *   syslog driver      a syslog line with a container as its tag: "docker/mailserver[812]: LINE",
 *                      "e6b121196355[812]: LINE"
 * "docker logs -t" only adds a stamp and needs nothing here. Knows these forms, but nothing about LINE. Pure. A frame
 * is only recognised at the very beginning of a line, or after a tag that a container runtime uses and no mail server
 * does: text from a client comes later. Sources: log output of docker compose and docker service, kubernetes
 * pkg/kubelet/kuberuntime/logs, moby daemon/logger/loggerutils (the default tag is the first 12 digits of the id) and
 * daemon/logger/syslog, podman-logs(1).
 */
#ifndef WFS_INPUT_FRAME_H
#define WFS_INPUT_FRAME_H

#include <stdbool.h>

#include "base/prefix16.h"
#include "base/text.h"

enum { FRAME_MAX = 3 }; /* frames in front of one line: compose, its stamp, CRI */

enum {
	FRAME_ID_MIN = 12, /* digits of a container id in a tag */
	FRAME_ID_MAX = 64,
};

/*
 * Returns the end of compose's or kubectl's frame at the beginning of a line, before any stamp; NULL if there is none.
 */
const char *frame_name(const char *p, const char *end);

/* Returns the end of "stdout F ", which follows a stamp; NULL if there is none. *ret_part: it was "P". */
const char *frame_stream(const char *p, const char *end, bool *ret_part);

/* Returns true if a container runtime writes this tag for its containers; program may be empty. */
bool frame_is_container(struct span program);

/* A cheap test for every line: returns false if frame_is_container is certainly false. */
static inline bool frame_may_be_container(struct span program)
{
	uint32_t first;

	if (program.len < 6)
		return false;
	first = prefix16_load4(program.p);
	if (first == 0x6B636F64 || first == 0x6D646F70 || first == 0x6D6E6F63) /* "dock", "podm", "conm" */
		return true;
	first &= 0xFF;
	return (program.len == FRAME_ID_MIN || program.len == FRAME_ID_MAX) &&
	       (first <= '9' || (first >= 'a' && first <= 'f'));
}

#endif
