#!/bin/sh
# embed.sh NAME IN OUT: writes IN to OUT as a C string constant NAME.
set -eu
{
	printf 'static const char %s[] =\n' "$1"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$2"
	printf ';\n'
} >"$3"
