#!/usr/bin/env bash
# Servers side by side under redis-benchmark, in turn, round by round; prints requests a second, server CPU microseconds per
# request, and both as ratios to the first. Usage: perf/load.sh [ROUNDS]   (default 3)
# Needs redis-server and redis-benchmark on the path and a Release build. Pins servers to CPU 0 and the load to CPU 1.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
turbo=src/Valkey.Turbo.Server/bin/Release/net10.0/valkey-turbo
names=(redis turbo epoll)
commands=("redis-server --port 17391 --save ''" "$turbo --port 17392 --threads 1" "$turbo --port 17393 --threads 1 --io-engine epoll")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
for i in "${!names[@]}"; do
  eval "taskset -c 0 ${commands[$i]} >/dev/null 2>&1 &"
  pids+=($!)
done
sleep 2
cpu() { awk '{print $14 + $15}' "/proc/$1/stat"; }
for depth in 1 16 64; do
  requests=$((depth == 1 ? 200000 : 2000000))
  for command in get set; do
    base_rate="" base_cpu=""
    for i in "${!names[@]}"; do
      rates=() costs=()
      for _ in $(seq "$rounds"); do
        before=$(cpu "${pids[$i]}")
        rate=$(taskset -c 1 redis-benchmark -p $((17391 + i)) -t "$command" -n "$requests" -P "$depth" -c 50 -d 64 -r 1000000 --csv |
          tail -1 | cut -d, -f2 | tr -d '"')
        after=$(cpu "${pids[$i]}")
        rates+=("$rate")
        costs+=("$(awk -v a="$after" -v b="$before" -v n="$requests" -v t="$(getconf CLK_TCK)" 'BEGIN { print (a - b) / t / n * 1e6 }')")
      done
      rate=$(printf '%s\n' "${rates[@]}" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
      cost=$(printf '%s\n' "${costs[@]}" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
      base_rate=${base_rate:-$rate}
      base_cpu=${base_cpu:-$cost}
      awk -v d="$depth" -v c="$command" -v n="${names[$i]}" -v r="$rate" -v u="$cost" -v br="$base_rate" -v bu="$base_cpu" \
        'BEGIN { printf "depth %-3d %-4s %-6s %10.0f req/s x %.2f   %6.2f us CPU x %.2f\n", d, c, n, r, r / br, u, bu / u }'
    done
  done
done
