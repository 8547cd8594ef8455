# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: where things lie, and how to speak.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Tools compiled for this project. Outside the repository, so that the next clone finds them.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/rekey/tools
target=${CARGO_TARGET_DIR:-target}
debian_wasm_ld=wasm-ld-22

say() { printf '» %s\n' "$*" >&2; }
fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null; }

# The version of a package in Cargo.lock.
locked() { sed -n "/^name = \"$1\"\$/{n;s/^version = \"\(.*\)\"\$/\1/p;q}" Cargo.lock; }

# Whether this rustc can build for the browser, found out by doing it: files of an older compiler may lie about.
builds_wasm() {
  local out ok=0
  have "$1" || return 1
  out=$(mktemp -d)
  echo 'pub fn f() -> String { String::new() }' |
    "$1" --target wasm32-unknown-unknown --crate-type lib --emit metadata --out-dir "$out" - 2>/dev/null || ok=1
  rm -rf "$out"
  return $ok
}

# The folder of PostgreSQL's server programs, the newest if there are several. Debian keeps them off PATH.
postgres_bin() {
  local server
  server=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1)
  [ -n "$server" ] || server=$(command -v initdb) || return 1
  dirname "$(readlink -f "$server")"
}
