#!/bin/sh
# Makes a server of the machine that it runs on, as root; what to make of it lies beside this file.
# Prints the certificate of the edge's own authority, if it has one. May be run any number of times.
set -eu
here=/opt/slipway etc=/etc/slipway account=slipway edge=slipway-edge

quietly() { "$@" >/dev/null; }
missing=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' | sort |
  sed -n 's/^installed //p' | grep -v -x -F -f - "$here/packages") || true
if [ -n "$missing" ]; then
  # A machine that has just booted may still be about its own packages.
  quietly cloud-init status --wait || true
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get --quiet --option DPkg::Lock::Timeout=300 update
  # shellcheck disable=SC2086  # one word for each package
  quietly apt-get --quiet --option DPkg::Lock::Timeout=300 install --yes --no-install-recommends \
    $missing
fi
# The last ones are of older versions, in which all components had one account.
for unit in caddy mariadb /lib/systemd/system/php*-fpm.service slipway-php slipway-releases; do
  systemctl --quiet disable --now "${unit##*/}" 2>/dev/null || true
done

# Each component has an account; no two of them share a group. The agent's account has all groups.
while read -r group; do
  getent group "$group" >/dev/null || groupadd --system "$group"
done <"$here/groups"
getent passwd "$account" >/dev/null ||
  useradd --system --create-home --home-dir /var/lib/slipway --shell /bin/sh "$account"
while read -r name _; do
  getent passwd "$name" >/dev/null || useradd --system --user-group --no-create-home \
    --home-dir /nonexistent --shell /usr/sbin/nologin "$name"
done <"$here/accounts"
while read -r name groups; do
  usermod --groups "$groups" "$name"
done <"$here/accounts"

# Within what is an account's own, root makes and reads nothing: it might be a link to elsewhere.
own() { runuser --user "$account" -- "$@"; }
as_edge() { runuser --user "$edge" -- "$@"; }
for top in /srv /var/lib/slipway /var/lib/slipway/run /var/lib/slipway/state /var/log/slipway; do
  [ "$(stat --format %U "$top" 2>/dev/null)" = "$account" ] ||
    install --directory --mode 0710 --owner "$account" --group "$account" "$top"
done
own chmod 0710 /var/lib/slipway

# A new environment beside the old one, which is in use until the new one is whole.
lock=$(sha256sum <"$here/requirements.lock" | cut -c1-12)
if ! cmp --silent "$here/requirements.lock" "$here/venv/installed.lock"; then
  rm -rf "$here/venv-$lock"
  python3 -m venv "$here/venv-$lock"
  "$here/venv-$lock/bin/pip" install --quiet --require-hashes --requirement "$here/requirements.lock"
  cp "$here/requirements.lock" "$here/venv-$lock/installed.lock"
  [ -L "$here/venv" ] || [ ! -e "$here/venv" ] || mv "$here/venv" "$here/venv-first"
  ln --symbolic --force --no-dereference "venv-$lock" "$here/venv"
fi
if ! diff --recursive --brief --exclude __pycache__ "$here/code" "$here/code.new" >/dev/null 2>&1; then
  "$here/venv/bin/python" -m compileall -q "$here/code.new"
  rm -rf "$here/code.old"
  [ ! -e "$here/code" ] || mv "$here/code" "$here/code.old"
  mv "$here/code.new" "$here/code"
fi
rm -rf "$here/code.new"
setup() {
  own env PYTHONPATH="$here/code" "$here/venv/bin/python" -m agent.setup \
    --server "$etc/server.toml" "$1"
}
setup folders
[ ! -e "$here/initialise.sh" ] || quietly own sh "$here/initialise.sh"

# Start a service, or have it take up what has changed: how, and the files that it is made from.
keep() {
  unit=slipway-$1 how=$2
  shift 2
  stamp=$etc/$unit-$how.stamp
  now=$(cat "/etc/systemd/system/$unit.service" "$@" | sha256sum)
  systemctl --quiet enable "$unit"
  if ! systemctl --quiet is-active "$unit"; then
    systemctl start "$unit"
  elif [ "$now" != "$(cat "$stamp" 2>/dev/null)" ]; then
    systemctl "$how" "$unit"
  fi
  printf '%s' "$now" >"$stamp"
}
state=/var/lib/slipway/state
systemctl daemon-reload
systemctl reload ssh
[ ! -e "$state/mariadb.cnf" ] || keep database restart "$state/mariadb.cnf"
for file in /etc/systemd/system/slipway-app-*.service; do
  name=$(basename "${file#*slipway-app-}" .service)
  if [ -e "$etc/components/$name.conf" ]; then
    keep "app-$name" restart "$etc/components/$name.conf" "$here/requirements.lock"
  elif [ -e "$file" ]; then # of a component that the site no longer has
    systemctl --quiet disable --now "slipway-app-$name"
    rm "$file"
  fi
done
keep edge reload "$state/Caddyfile"

# Wait until a service works: its name, and the file by which one sees that.
wait_for() {
  waits=0
  until systemctl --quiet is-active "slipway-$1" && own test -e "$2"; do
    waits=$((waits + 1))
    if [ "$waits" -gt 300 ]; then
      journalctl --unit "slipway-$1" --lines 10 --no-pager >&2
      echo "slipway-$1 does not work" >&2
      exit 1
    fi
    sleep 0.1
  done
}
while read -r unit file; do
  wait_for "$unit" "$file"
done <"$here/ready-files"
for file in "$state"/php-*.conf; do
  name=$(basename "${file#*/php-}" .conf)
  [ -e "$etc/components/$name.conf" ] || continue
  set -- "$state/php.ini" "$file"
  [ ! -e "$state/uploads-$name.Caddyfile" ] || set -- "$@" "$state/uploads-$name.Caddyfile"
  keep "app-$name" reload "$@"
done
if [ -e "$here/authority" ]; then
  waits=0
  until as_edge cat "$(cat "$here/authority")" >"$etc/authority.new" 2>/dev/null; do
    waits=$((waits + 1))
    [ "$waits" -le 300 ] || { echo "the edge has made no certificate" >&2 && exit 1; }
    sleep 0.1
  done
  mv "$etc/authority.new" "$etc/authority.pem"
  cat "$etc/authority.pem"
fi
setup processes
