#!/usr/bin/env bash
# Runs a command against a lab cluster of its own: a real API server whose two workspaces of
# different SKU are served by two simulated vLLM servers. KUBECONFIG and BENCHTOP_BIN are set for the
# command; everything is taken down at its end, however it ends.
#
#   test/e2e/lab.sh go test -count=1 -tags e2e ./test/e2e
#
# LAB is the folder of the lab cluster (default ../shared/kubelab beside this checkout).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB=${LAB:-$root/../shared/kubelab}
tmp=$(mktemp -d)
export KUBELAB_DIR=$tmp/lab
servers=()

down() {
    local code=$?
    trap - EXIT INT TERM HUP
    [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null || true
    "$LAB/down.sh" || true
    wait
    rm -rf "$tmp"
    exit "$code"
}
trap down EXIT
trap 'exit 130' INT TERM HUP

cd "$root"
go build -o "$tmp/benchtop" ./cmd/benchtop
# serve PROFILE PORT: the pods of the lab forward to these ports. The server says its URL once it
# listens; that something answers on the port would prove nothing.
serve() {
    "$tmp/benchtop" sim --no-path --profile "$1" --listen "127.0.0.1:$2" >"$tmp/sim-$1.log" 2>&1 &
    servers+=($!)
    for _ in $(seq 300); do
        if grep -q "^http://127.0.0.1:$2" "$tmp/sim-$1.log"; then return 0; fi
        kill -0 "${servers[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "the simulated server on port $2 did not start (the lab's pods lead to this port, so it must be free):" >&2
    cat "$tmp/sim-$1.log" >&2
    return 1
}
serve a10 15010
serve a100 15020
"$LAB/build.sh"
"$LAB/up.sh" -scenario two-sku

export KUBECONFIG=$KUBELAB_DIR/kubeconfig BENCHTOP_BIN=$tmp/benchtop
"$@"
