#!/bin/sh
# A run from end to end against a sandbox on this machine: nothing leaves it, no token is needed.
#
# HEYX_BULK is the program, DEMO the folder to work in (made if need be). Exits with 0 only if all was as it should be.
set -eu

: "${HEYX_BULK:?is the path of the heyx-bulk program}"
: "${DEMO:?is the folder to work in}"
samples=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
python=$(dirname -- "$HEYX_BULK")/python
columns='--ignore Notes --custom-fields'
began=$(date +%s)
sandbox=
export PYTHONUTF8=1 PYTHONIOENCODING=utf-8 HEYX_BULK_STATE="$DEMO/state"

end_sandbox() {
    if [ -n "$sandbox" ]; then
        kill "$sandbox" 2>/dev/null || :
        wait "$sandbox" 2>/dev/null || :
        sandbox=
    fi
}
trap end_sandbox EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

wrong() {
    echo "The demo went wrong: $*" >&2
    exit 1
}

say() { printf '\n%s\n' "$*"; }
typed() { printf '\n$ %s\n' "$*"; }

# expect CODE TOTALS COMMAND…: runs the command; its exit code and the last line it prints must be these.
expect() {
    code=$1 totals=$2
    shift 2
    got=0
    "$@" >totals.txt || got=$?
    cat totals.txt
    [ "$got" -eq "$code" ] || wrong "exit code $got, not $code"
    [ "$(tail -n 1 totals.txt)" = "$totals" ] || wrong "the totals are not “$totals”"
}

mkdir -p -- "$DEMO"
cd -- "$DEMO"
rm -rf -- contacts.xlsx contacts.xlsx.checkpoint* contacts.results*.xlsx vip*.xlsx state sandbox.txt totals.txt

say "# The built-in sandbox plays HeyX: it answers in 0.15 seconds and rejects the first three creates"
typed "heyx-bulk sandbox --latency 0.15 --refuse-creates 3 &"
: >sandbox.txt
"$HEYX_BULK" sandbox --latency 0.15 --refuse-creates 3 >>sandbox.txt 2>&1 &
sandbox=$!
waited=0
until grep -q '^export HEYX_TOKEN=' sandbox.txt; do
    kill -0 "$sandbox" 2>/dev/null || wrong "the sandbox did not start: $(cat sandbox.txt)"
    [ "$waited" -lt 150 ] || wrong "the sandbox did not start within 30 seconds"
    waited=$((waited + 1))
    sleep 0.2
done
HEYX_URL=$(sed -n 's/^export HEYX_URL=//p' sandbox.txt)
HEYX_TOKEN=$(sed -n 's/^export HEYX_TOKEN=//p' sandbox.txt)
export HEYX_URL HEYX_TOKEN
typed "export HEYX_URL=$HEYX_URL HEYX_TOKEN=$HEYX_TOKEN"

say "# Forty people from an Excel file, at HeyX's real limit of 200 calls a minute"
cp -- "$samples/contacts.xlsx" .
typed "heyx-bulk upload contacts.xlsx $columns"
expect 3 "40 rows: 29 created, 3 updated, 3 failed, 5 invalid" \
    "$HEYX_BULK" upload contacts.xlsx --ignore Notes --custom-fields

say "# The rows of contacts.results.xlsx that failed or are invalid"
"$python" - <<'END'
from openpyxl import load_workbook

header, *rows = load_workbook("contacts.results.xlsx")["Contacts"].iter_rows(values_only=True)
for cells in rows:
    row = dict(zip(header, cells))
    if row["heyx status"] in ("failed", "invalid"):
        name = f"{row['First Name']} {row['Last Name']}"
        print(f"row {row['heyx row']:>2}  {row['heyx status']:7}  {name}: {row['heyx message']}")
END

say "# HeyX accepts them now: only the three failed rows are sent again"
typed "heyx-bulk rerun contacts.xlsx.checkpoint"
expect 3 "40 rows: 32 created, 3 updated, 5 invalid" "$HEYX_BULK" rerun contacts.xlsx.checkpoint

say "# Export the contacts that want the newsletter and have the tag VIP"
typed "heyx-bulk export vip.xlsx --where Newsletter=true --tag VIP"
expect 0 "14 contacts" "$HEYX_BULK" export vip.xlsx --where Newsletter=true --tag VIP

"$python" - "$HEYX_URL" "$began" <<'END'
import json
import sys
import time
from urllib.request import ProxyHandler, build_opener

url, began = sys.argv[1].removesuffix("/api"), int(sys.argv[2])
with build_opener(ProxyHandler({})).open(f"{url}/sandbox/state") as answer:
    state = json.load(answer)
people = len(state["contacts"])
calls = state["calls"].get("accepted", 0) + state["calls"].get("refused_429", 0)
print(f"\nThe sandbox has {people} contacts after {calls} calls, in {time.time() - began:.0f} seconds.")
if people != 35 or calls > 170:
    sys.exit("The demo went wrong: it should have 35 contacts after at most 170 calls")
END
rm -f sandbox.txt totals.txt
say "What was made is in $DEMO: open contacts.results.xlsx and vip.xlsx."
