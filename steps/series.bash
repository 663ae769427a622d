#!/usr/bin/env bash
# Apply a series to the index, or try it.
# Arguments: `apply` or `try`; the series' folder; the path of the tree to apply it to (empty: the
# whole tree); "forked" when the folder holds the commits of a fork already (else empty); for `try`,
# a file with the patch ids of upstream's commits, from upstream_ids.bash.
# Standard input: a tar of the patches that follow those of the fork.
# Prints the trees before and after, the number of submodules that the tree records, then for each
# patch its name, id, author and subject, separated by tabs.
# `apply` applies without fuzz and stops at the first patch that does not apply. It prints number,
# count, name and subject of that patch, then the patch; git's errors are on standard error.
# `try` tries every patch and also prints its verdict and a detail: applies; moved (the number of
# lines); upstream (the commit, if one has the same id); merges (only a three-way merge applies it);
# conflicts (git's error). Patches that are upstream or conflict are left out of the tree.
set -euo pipefail
mode=$1 series=$2 into=$3 forked=$4 upstream_ids=${5:-}
export LC_ALL=C.UTF-8
shopt -s nullglob
[ -n "$forked" ] || rm -rf "$series"
mkdir -p "$series/patches"
tar -x -C "$series/patches"
patches=("$series"/fork/*.patch "$series"/patches/*.patch)
verdicts=()

decode() { # a patch that was mailed as quoted-printable or base64, as git am does
  if sed '/^\r\{0,1\}$/q' "$1" | grep -qiE '^content-transfer-encoding: *(quoted-printable|base64)'; then
    git mailinfo --encoding=UTF-8 message decoded <"$1" >mail
    cat mail message decoded >"$1"
  fi
}

for patch in "$series"/patches/*.patch; do decode "$patch"; done

apply() { # patches to the index; arguments: further options of git apply, patches
  git apply --cached --whitespace=nowarn ${into:+--directory="$into"} "$@" 2>errors
}

describe() { # author and subject of one patch; git mailinfo reads encoded or folded headers
  local line name='' email='' head=''
  author='' subject=''
  {
    while IFS= read -r line && [ -n "$line" ] && [[ $line != 'diff '* ]]; do
      head+=$line$'\n'
    done
    IFS= read -r line || line='' # the first line of the body may name the author
  } <"$1"
  if [[ $head == *'=?'* || $head == *$'\n '* || $head == *'"'* || $line == 'From: '* ]]; then
    head=$(git mailinfo --encoding=UTF-8 /dev/null /dev/null <"$1" 2>/dev/null || true)
  fi
  while IFS= read -r line; do
    case $line in
    'From: '*) author=${line#From: } ;;
    'Author: '*) name=${line#Author: } ;;
    'Email: '*) email=${line#Email: } ;;
    'Subject: '*) subject=${line#Subject: } ;;
    esac
  done <<<"$head"
  author=${author:-${name:+$name <$email>}}
  while [[ $subject =~ ^\[[^]]*\]\ *(.*)$ ]]; do subject=${BASH_REMATCH[1]}; done
  author=${author//$'\t'/ } subject=${subject//$'\t'/ }
}

identify() { # the ids of all patches: by one process if all are mails, else by one for each
  mapfile -t ids < <(cat "${patches[@]}" /dev/null | git patch-id --stable | cut -d' ' -f1)
  if [ "${#ids[@]}" != "${#patches[@]}" ]; then
    ids=()
    for patch in "${patches[@]}"; do
      ids+=("$(git patch-id --stable <"$patch" | cut -d' ' -f1)")
    done
  fi
}

apply_all() { # all at once, which is fast; else one by one, to find the one that fails
  [ "${#patches[@]}" -eq 0 ] || apply "${patches[@]}" || apply_each
}

apply_each() {
  local number=0
  for patch in "${patches[@]}"; do
    number=$((number + 1))
    if ! apply "$patch"; then
      describe "$patch"
      printf '%s\t%s\t%s\t%s\n' "$number" "${#patches[@]}" "${patch##*/}" "$subject"
      cat "$patch"
      cat errors >&2
      exit 1
    fi
  done
}

try_all() {
  local number=0
  for patch in "${patches[@]}"; do
    judge "$patch" "${ids[number]:-none}"
    verdicts+=($'\t'"$verdict"$'\t'"$detail")
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
printf '%s\n' "$before" "$(git write-tree --missing-ok)"
git ls-files --stage | grep -c '^160000' || true
number=0
for patch in "${patches[@]}"; do
  describe "$patch"
  printf '%s\t%s\t%s\t%s%s\n' "${patch##*/}" "${ids[number]:-}" "$author" "$subject" \
    "${verdicts[number]:-}"
  number=$((number + 1))
done
