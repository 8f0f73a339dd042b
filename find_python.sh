#!/bin/sh
# Print the Python to install with: the one that is named; else that of .venv; else python3; else
# another one that is new enough, from PATH, the system's folders, pyenv or uv.
#
#   sh find_python.sh [NAMED]
#
# Standard error says what is taken in place of python3, or why none is. It runs no program but
# Pythons: nothing else is sure to be there. PYTHON_FOLDERS replaces the system's folders.

PATH=$PATH:${PYTHON_FOLDERS-/usr/local/bin:/usr/bin:/opt/homebrew/bin}:$HOME/.local/bin
PYENV=${PYENV_ROOT:-$HOME/.pyenv}/versions
UV=${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/uv/python}

main() {
  if [ "$1" ]; then
    is_new_enough "$(version "$1")" && take "$1"
    refuse "$1"
  fi
  is_new_enough "$(version .venv/bin/python)" && take .venv/bin/python
  is_tried "$(version python3)" && take python3
  find_tried
  is_new_enough "$(version python3)" && take python3  # pinned packages may not be built for it
  refuse python3
}

find_tried() {
  for minor in 14 13 12 11; do
    for python in "python3.$minor" "$PYENV/3.$minor".*/bin/python3 "$UV/cpython-3.$minor".*/bin/python3; do
      if [ "$(version "$python")" = "3.$minor" ]; then
        echo "python3 $(describe python3); taking $(command -v "$python") instead." >&2
        take "$python"
      fi
    done
  done
}

version() {  # "3.12", or nothing if that Python does not run
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

is_tried() {
  case $1 in 3.1[1-4]) ;; *) false ;; esac
}

is_new_enough() {
  case $1 in 3.1[1-9] | 3.[2-9][0-9]) ;; *) false ;; esac
}

describe() {  # "is Python 3.9", or what it says as it does not run
  found=$(version "$1")
  if [ "$found" ]; then
    echo "is Python $found"
  elif command -v "$1" >/dev/null; then
    said=$("$1" -c '' 2>&1)
    echo "does not run${said:+: $said}"
  else
    echo "is not there"
  fi
}

take() {
  command -v "$1"
  exit
}

refuse() {
  echo "error: HITL Console needs Python 3.11 or later, and '$1' $(describe "$1")" >&2
  case $(command -v "$1") in */shims/*)
    echo "It is a shim of a version manager in which no version is chosen: choose one there, or" >&2 ;;
  esac
  echo "name another Python: make run PYTHON=/usr/bin/python3.12" >&2
  exit 1
}

main "$1"
