#include "base/categories.h"

#include <stddef.h>

const char *const categories[CATEGORIES_N + 1] = {
	"dnsbl",   "auth",     "relay", "probe",   "protocol", "unknown-user",
	"content", "firewall", "name",  "good",    "grey", /* the last one for rules */
	"flood",   "manual",   "vote",  "network", "other",    NULL};
