#!/bin/sh
# page.sh SCDOC: a manual page from its source on standard input. The first line asks for tbl, which scdoc's pages forget:
# without it man finds tables that were not set. The second keeps words from being spread over the narrow columns of tables: groff 1.23
# takes the adjustment from AD again where scdoc asked for .ad l before.
printf '%s\n' "'\\\" t" '.ds AD l'
exec "$1"
