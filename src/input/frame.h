/*
 * frame: what containers put in front of the lines of a program that runs in one.
 *
 * Private to the folder.
 *   compose            "postfix-1  | LINE", with or without colours; "docker service logs" alike
 *   kubectl --prefix   "[pod/mail-0/postfix] LINE"
 *   CRI                "2026-11-20T14:01:04.243377270Z stdout F LINE", P for a line that goes on in the next
 * one the syslog driver  a syslog line whose tag is a container: "docker/mailserver[812]: LINE",
 * "e6b121196355[812]: LINE" (and "docker logs -t", which is a stamp and needs nothing here). Knows these
 * forms and nothing of the LINE inside. Pure. A frame is read at the very beginning of a line only, or behind
 * a tag that a container runtime has and no mail server: what a client wrote comes later. Sources: docker
 * compose's and docker service's log output, kubernetes pkg/kubelet/kuberuntime/logs, moby
 * daemon/logger/loggerutils (the default tag is the id's first 12 digits) and daemon/logger/syslog,
 * podman-logs(1).
 */
#ifndef WFS_INPUT_FRAME_H
#define WFS_INPUT_FRAME_H

#include <stdbool.h>

#include "base/prefix16.h"
#include "base/text.h"

enum { FRAME_MAX = 3 }; /* in front of one line: compose, its stamp, CRI */

enum {
	FRAME_ID_MIN = 12, /* digits of a container's id, in a tag */
	FRAME_ID_MAX = 64,
};

/* After a frame at the beginning of a line, before any stamp: compose or kubectl's. NULL: there is
 * none. */
const char *frame_name(const char *p, const char *end);

/* After "stdout F " behind a stamp; *ret_part: it was "P". NULL: there is none. */
const char *frame_stream(const char *p, const char *end, bool *ret_part);

/* True when a tag is one that a container runtime writes for its containers; program may be empty. */
bool frame_is_container(struct span program);

/* Cheap, for every line: false when frame_is_container is certainly false. */
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
