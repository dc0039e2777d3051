#!/bin/sh
# Resolves pyproject.toml for every supported Python and system at once, and writes requirements/*.lock with hashes.
# Versions stay as they are while they satisfy pyproject.toml; UPGRADE=1 takes the newest.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

lock() {
    file=requirements/$1.lock
    shift
    "$uv" pip compile "$@" --output-file "$file" ${UPGRADE:+--upgrade} \
        --universal --python-version 3.11 --generate-hashes --quiet \
        --no-header --no-emit-index-url --no-emit-find-links --no-annotate >/dev/null
    { echo "# Made by 'make lock' from pyproject.toml."; cat "$file"; } >"$file.new"
    mv "$file.new" "$file"
    echo "wrote $file: $(grep -c '^[a-z]' "$file") packages"
}

lock run pyproject.toml --group build
lock dev pyproject.toml --group build --group dev --constraint requirements/run.lock
lock tools --group lock
