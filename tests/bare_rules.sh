#!/usr/bin/env bash
# bare_rules.sh DIRECTORY: makes it, with the shipped rules without their examples. "check" tries all examples, also stretched ones: for
# tests of something else that is seconds each time. tests/unit/rules/patterns.c and the systems check the rules as they are.
#
# WFS_SOURCE_ROOT: the checkout.
set -eu
mkdir -- "$1"
cp -- "${WFS_SOURCE_ROOT:?}"/patterns/*.rules "$1/"
sed -i -E '/^(hit|miss|given) *=/d' -- "$1"/*.rules
