#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs each unit test binary to its end; prints their last lines and a count. Exit 1 if any failed.
# RUNNER, if set, is the command that runs them (an emulator).
set -u
passed=0
skipped=0
failed=0
log=$(mktemp)
skips=$(mktemp)
trap 'rm -f "$log" "$skips"' EXIT
for test in "$@"; do
        if ${RUNNER:-} "$test" >"$log" 2>&1; then
                tests=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s)\.$/\1/p' "$log" | tail -n 1)
                printf '%-28s %s passed\n' "$(basename "$test")" "${tests:-?}"
                awk '/^\[ SKIPPING \]/ { why = substr($0, 14) }
                        /^\[  SKIPPED \] test_/ && why { print "        skipped " $4 ": " why; why = "" }' "$log" >"$skips"
                cat "$skips"
                skipped=$((skipped + $(wc -l <"$skips")))
                passed=$((passed + ${tests:-0}))
        else
                cat "$log"
                printf '%-28s FAILED\n' "$(basename "$test")"
                failed=$((failed + 1))
        fi
done
echo "unit: $passed passed, $skipped skipped, $failed failed"
[ "$failed" -eq 0 ]
