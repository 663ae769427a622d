#!/bin/sh
# Installs a package that Debian no longer has in the release of this machine: CODENAME PACKAGE
# For these commands alone, apt knows the older release, at the same mirror and with its signatures.
set -eu
codename=$1 package=$2

folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
# Downloads are made as this account of apt's.
install --directory --owner _apt "$folder/lists/partial" "$folder/packages"

mirror=$(apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" "Origin: Debian" \
  "Label: Debian" "Component: main" | head -n 1)
[ -n "$mirror" ] || { echo "apt knows no repository of Debian: apt-get update" >&2 && exit 1; }
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] $mirror $codename main" >"$folder/sources.list"

older() {
  apt-get --quiet -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Acquire::Languages=none "$@"
}
older update
(cd "$folder/packages" && older download "$package")
apt-get --quiet install --yes --no-install-recommends "$folder/packages"/*.deb
