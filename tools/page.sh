#!/bin/sh
# page.sh SCDOC: a manual page from its source on standard input. The first line asks for tbl, which scdoc's pages forget:
# without it man finds tables that were not set.
printf '%s\n' "'\\\" t"
exec "$1"
