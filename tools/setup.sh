#!/bin/sh
# Makes .venv and installs the locked packages of requirements/$1.lock and the project itself into it.
# A virtual environment that works is kept. PYTHON names the interpreter to use; else the first that suits is taken.
set -eu
cd "$(dirname "$0")/.."
lock=requirements/$1.lock
python=.venv/bin/python

say() { printf '%s\n' "$*" >&2; }

# Prints "ok", or in a few words why this interpreter cannot be used.
judge() {
    command -v "$1" >/dev/null 2>&1 || { echo "not found"; return; }
    "$1" - 2>/dev/null <<'PY' || echo "does not start"
import sys
def missing(name):
    try:
        __import__(name)
    except ImportError:
        return True
    return False
lacking = [name for name in ("venv", "ensurepip", "ssl", "sqlite3") if missing(name)]
version = "%d.%d.%d" % sys.version_info[:3]
if sys.version_info < (3, 11):
    print(version + ", too old")
elif lacking:
    print(version + ", lacks " + ", ".join(lacking))
else:
    print("ok")
PY
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11 python
    fi
    findings=
    for candidate; do
        verdict=$(judge "$candidate")
        if [ "$verdict" = ok ]; then
            found=$candidate
            return
        fi
        findings="$findings
    $candidate: $verdict"
    done
    explain_missing_python
    exit 1
}

explain_missing_python() {
    say "musterq needs Python 3.11 or newer with its venv, ensurepip, ssl and sqlite3 modules. Looked at:$findings"
    case $findings in
        *ensurepip* | *venv*)
            say "Debian and Ubuntu keep venv and ensurepip in a package of their own: apt-get install python3-venv" ;;
        *lacks*)
            say "That Python was built without the modules named: install its distribution's full package." ;;
        *)
            say "Install one (Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)." ;;
    esac
    say "To use another interpreter, name it: make PYTHON=/path/to/python3 ..."
}

venv_works() { [ -x $python ] && $python -m pip --version >/dev/null 2>&1; }

make_venv() {
    find_python
    say "Making .venv with $found ($("$found" --version 2>&1))"
    "$found" -m venv --clear .venv || {
        say "$found could not make .venv; see above. Is the folder writable, and is there room on the disk?"
        exit 1
    }
}

pip() { $python -m pip --disable-pip-version-check --no-input "$@"; }

install_locked() {
    say "Installing $lock"
    pip install -qq --require-hashes -r "$lock" || {
        say "pip could not install $lock; see above. Is the package index reachable? ('pip config list' shows which.)"
        say "What was installed is kept: run make again once that is mended."
        exit 1
    }
}

install_project() {
    pip install -qq --no-index --no-deps --no-build-isolation --editable . || {
        say "musterq itself could not be installed from this folder; see above. Is the checkout complete?"
        exit 1
    }
}

venv_works || make_venv
install_locked
[ "$1" = tools ] || install_project
