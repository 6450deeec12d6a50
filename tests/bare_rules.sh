#!/usr/bin/env bash
# bare_rules.sh DIRECTORY: creates the directory with the shipped rules, without their examples. "check" tries every
# example, also in stretched forms, which takes seconds in each test of something else. tests/unit/rules/patterns.c and
# the systems check the rules with their examples.
#
# WFS_SOURCE_ROOT: the checkout.
set -eu
mkdir -- "$1"
cp -- "${WFS_SOURCE_ROOT:?}"/patterns/*.rules "$1/"
sed -i -E '/^(hit|miss|given) *=/d' -- "$1"/*.rules
