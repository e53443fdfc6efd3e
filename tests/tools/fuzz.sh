#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs fuzz targets one after the other, each for FUZZ_SECONDS (60), from the seeds of the tree and from what earlier
# runs here found; prints executions and coverage, and a count. Exit 1 if any found something: the input is kept
# beside the target, and `TARGET FILE` shows it again.
set -u
seconds=${FUZZ_SECONDS:-60}
passed=0
failed=0
for target in "$@"; do
        name=$(basename "$target")
        kind=${name#fuzz_}
        corpus=$(dirname "$target")/corpus/$kind
        log=$(dirname "$target")/$name.log
        mkdir -p "$corpus"
        seeds=()
        options=()
        case $kind in
        text | check)
                # small ones: an execution takes as long as its profile, and what is cut off is none
                seeds=("$(dirname "$target")/cases")
                mkdir -p "${seeds[0]}"
                find tests/cases -name '*.json' -size -4097c -exec cp --parents -t "${seeds[0]}" {} +
                options=(-dict=tests/fuzz/profile.dict -max_len=4096 -len_control=0)
                ;;
        esac
        [ ! -d "tests/fuzz/corpus/$kind" ] || seeds+=("tests/fuzz/corpus/$kind")
        # without address randomisation: some kernels' is wider than what clang 14's sanitizer can bear
        if setarch -R "$target" "$corpus" "${seeds[@]}" "${options[@]}" -max_total_time="$seconds" -timeout=30 \
                -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$(dirname "$target")/$name-" >"$log" 2>&1; then
                runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
                cover=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
                printf '%-12s %s executions in %s s, %s\n' "$name" "$runs" "$seconds" "$cover"
                passed=$((passed + 1))
        else
                tail -n 40 "$log"
                printf '%-12s FAILED, see %s\n' "$name" "$log"
                failed=$((failed + 1))
        fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
