#!/usr/bin/env bash
# Apply a series to the index, or try it. Arguments: `apply` or `try`, the series' folder, the path of
# the tree that it is for (empty for all of it), a word when a fork's commits lie in the folder
# already (else empty); to try, a file of patch ids known upstream with their commits. Standard input:
# a tar of the patches that follow the fork's. Prints the trees before and after, how many submodules
# the tree records, then for each patch its name, id, author and subject, separated by tabs.
# To apply is to do so without fuzz; the first that does not apply ends it: number, count, name and
# subject of that one are printed, then the patch itself, with git's complaint on standard error.
# To try goes on whatever happens, and prints verdict and detail of each as well: applies, moved (by
# how many lines), upstream (the commit, if one has the same id), merges (only three ways) or
# conflicts (with git's complaint). What is upstream or conflicts is left out of the tree.
set -euo pipefail
mode=$1 series=$2 into=$3 forked=$4 known=${5:-}
export LC_ALL=C.UTF-8
shopt -s nullglob
[ -n "$forked" ] || rm -rf "$series"
mkdir -p "$series/patches"
tar -x -C "$series/patches"
patches=("$series"/fork/*.patch "$series"/patches/*.patch)
words=()

decode() { # a patch whose mail was encoded for its way, as git am does
  if sed '/^\r\{0,1\}$/q' "$1" | grep -qiE '^content-transfer-encoding: *(quoted-printable|base64)'; then
    git mailinfo --encoding=UTF-8 message decoded <"$1" >mail
    cat mail message decoded >"$1"
  fi
}

for patch in "$series"/patches/*.patch; do decode "$patch"; done

apply() { # to the index; further options and patches are the arguments
  git apply --cached --whitespace=nowarn ${into:+--directory="$into"} "$@" 2>complaint
}

describe() { # author and subject of one patch; git itself reads what is encoded or folded
  local line name='' email='' head=''
  author='' subject=''
  {
    while IFS= read -r line && [ -n "$line" ] && [[ $line != 'diff '* ]]; do
      head+=$line$'\n'
    done
    IFS= read -r line || line='' # the first of the body may name the author
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

identify() { # all patches: one process for those that were mailed, else one for each
  mapfile -t identities < <(cat "${patches[@]}" /dev/null | git patch-id --stable | cut -d' ' -f1)
  if [ "${#identities[@]}" != "${#patches[@]}" ]; then
    identities=()
    for patch in "${patches[@]}"; do
      identities+=("$(git patch-id --stable <"$patch" | cut -d' ' -f1)")
    done
  fi
}

apply_all() { # at once reads and writes the index once; one by one says which does not apply
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
      cat complaint >&2
      exit 1
    fi
  done
}

try_all() {
  local number=0
  for patch in "${patches[@]}"; do
    judge "$patch" "${identities[number]:-none}"
    words+=($'\t'"$verdict"$'\t'"$detail")
    number=$((number + 1))
  done
}

judge() {
  local tree
  verdict='' detail=$(grep -m1 "^$2 " "$known" | cut -d' ' -f2 || true)
  # What upstream took and took back again still applies.
  if [ -n "$detail" ] && ! { apply --check "$1" && ! apply --reverse --check "$1"; }; then
    verdict=upstream
  elif apply --verbose "$1"; then
    detail=$(sed -n 's/.*(offset -\{0,1\}\([0-9]*\) lines\{0,1\}).*/\1/p' complaint | sort -n | tail -n1)
    verdict=${detail:+moved}
    verdict=${verdict:-applies}
  else
    detail=$(sed -n '/^error: while searching/d; s/^error: //p' complaint | head -n1)
    if apply --reverse --check "$1"; then
      verdict=upstream detail=''
      return
    fi
    cp "$GIT_INDEX_FILE" untried
    tree=$(git write-tree --missing-ok)
    if ! apply --3way "$1"; then
      cp untried "$GIT_INDEX_FILE"
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
  printf '%s\t%s\t%s\t%s%s\n' "${patch##*/}" "${identities[number]:-}" "$author" "$subject" \
    "${words[number]:-}"
  number=$((number + 1))
done
