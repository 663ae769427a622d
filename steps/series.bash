#!/usr/bin/env bash
# Apply a series to the index, or try it.
# Arguments: `apply` or `try`; the series' folder; the path of the tree to apply it to (empty: the
# whole tree); "forked" when the folder holds the commits of a fork already (else empty); for `try`,
# a file with the patch ids of upstream's commits, from upstream_ids.bash.
# Standard input: a tar of the patches that follow those of the fork, one change each. A file ends in
# `.p1` or `.p0`: how many folders in front of its names are not in the tree. Its first line is
# `From <40 digits>`, by which `git patch-id` tells the patches apart.
# Prints records (see records.py): the trees before and after, the number of submodules that the tree
# records, then the id of each patch.
# `apply` applies without fuzz. When a patch does not apply, it prints its number, git's errors and
# the patch instead, and the exit code is 1.
# `try` tries every patch and also prints its verdict and a detail: applies; moved (the number of
# lines); upstream (the commit, if one has the same id); merges (only a three-way merge applies it);
# conflicts (git's error). Patches that are upstream or conflict are left out of the tree.
set -euo pipefail
mode=$1 series=$2 into=$3 forked=$4 upstream_ids=${5:-}
export LC_ALL=C.UTF-8
shopt -s nullglob
[ -n "$forked" ] || rm -rf "$series"
rm -rf "$series/patches"
mkdir -p "$series/patches"
tar -x -C "$series/patches"
patches=("$series"/fork/*.patch "$series"/patches/*.p[01])
verdicts=()

apply() { # patches to the index; arguments: options of git apply or patches, the last a patch
  local strip=1
  [[ ${!#} != *.p0 ]] || strip=0
  git apply -p"$strip" --cached --whitespace=nowarn ${into:+--directory="$into"} "$@" 2>errors
}

identify() { # the ids of all patches: by one process, else by one for each
  local patch line numbers=() found
  for patch in "${patches[@]}"; do
    IFS= read -r line <"$patch"
    numbers+=("${line:5:40}")
  done
  mapfile -t found < <(cat "${patches[@]}" /dev/null | git patch-id --stable)
  if [ "${found[*]#* }" = "${numbers[*]}" ]; then
    ids=("${found[@]%% *}")
  else
    ids=()
    for patch in "${patches[@]}"; do
      line=$(git patch-id --stable <"$patch" | head -n1)
      ids+=("${line%% *}")
    done
  fi
}

apply_all() { # all at once, which is fast; else one by one, to find the one that fails
  local unprefixed=("$series"/patches/*.p0)
  [ "${#patches[@]}" -eq 0 ] || { [ "${#unprefixed[@]}" -eq 0 ] && apply "${patches[@]}"; } ||
    apply_each
}

apply_each() {
  local number=0
  for patch in "${patches[@]}"; do
    number=$((number + 1))
    apply "$patch" || {
      { printf '%s\0' "$number" && cat errors && printf '\0' && cat "$patch" && printf '\0'; } | base64
      exit 1
    }
  done
}

try_all() {
  local number=0
  for patch in "${patches[@]}"; do
    judge "$patch" "${ids[number]:-none}"
    verdicts+=("$verdict" "$detail")
    number=$((number + 1))
  done
}

judge() {
  local tree
  verdict='' detail=$(grep -m1 "^$2 " "$upstream_ids" | cut -d' ' -f2 || true)
  # A patch that upstream took and reverted still applies.
  if [ -n "$detail" ] && ! { apply --check "$1" && ! apply --reverse --check "$1"; }; then
    verdict=upstream
  elif apply --verbose "$1"; then
    detail=$(sed -n 's/.*(offset -\{0,1\}\([0-9]*\) lines\{0,1\}).*/\1/p' errors | sort -n | tail -n1)
    verdict=${detail:+moved}
    verdict=${verdict:-applies}
  else
    detail=$(sed -n '/^error: while searching/d; s/^error: //p' errors | head -n1)
    if apply --reverse --check "$1"; then
      verdict=upstream detail=''
      return
    fi
    cp "$GIT_INDEX_FILE" saved-index
    tree=$(git write-tree --missing-ok)
    if ! apply --3way "$1"; then
      cp saved-index "$GIT_INDEX_FILE"
      verdict=conflicts
    elif [ "$(git write-tree --missing-ok)" = "$tree" ]; then
      verdict=upstream detail=''
    else
      verdict=merges
    fi
  fi
}

before=$(git write-tree --missing-ok)
identify
"${mode}_all"
after=$(git write-tree --missing-ok)
gitlinks=$(git ls-files --stage | grep -c '^160000' || true)
{
  printf '%s\0' "$before" "$after" "$gitlinks"
  for number in "${!patches[@]}"; do
    printf '%s\0' "${ids[number]}"
    [ "$mode" = apply ] || printf '%s\0' "${verdicts[@]:2*number:2}"
  done
} | base64
