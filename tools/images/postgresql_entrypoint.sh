#!/bin/sh
# Runs PostgreSQL on PGDATA, which is set up when it holds no cluster yet:
#   POSTGRES_PASSWORD  of the owner; needed the first time    POSTGRES_USER  the owner (postgres)
#   POSTGRES_DB        the database (called like the owner)
# Each may come from the file that NAME_FILE names. The superuser is postgres, without a password: from inside of the container only.
# Anything but postgres or options for it is run as it is.
set -eu
fail() { echo "entrypoint: $*" >&2; exit 1; }

case "${1:-postgres}" in
  -*) set -- postgres "$@" ;;
  postgres) ;;
  *) exec "$@" ;;
esac
[ "$(id -u)" != 0 ] || fail "PostgreSQL does not run as root: leave runAsUser out, or use 26"

from_file() {
  eval "file=\${$1_FILE:-}"
  [ -n "$file" ] || return 0
  [ -r "$file" ] || fail "$1_FILE: $file cannot be read"
  eval "$1=\$(cat \"\$file\")"
  export "${1?}"
}

# The cluster is made in a folder of its own and moved to its place when it is complete, PG_VERSION last: an end at any point
# leaves either no cluster or a whole one to go on with.
set_up() {
  for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB; do from_file $name; done
  [ -n "${POSTGRES_PASSWORD:-}" ] || fail "POSTGRES_PASSWORD is not set: the database needs a password for its owner"
  export POSTGRES_USER="${POSTGRES_USER:-postgres}"
  export POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
  rm -rf "$new"
  initdb -D "$new" -U postgres --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 --data-checksums
  echo "listen_addresses = '*'" >>"$new/postgresql.conf"
  echo "host all all all scram-sha-256" >>"$new/pg_hba.conf"
  pg_ctl -D "$new" -w -o "-c listen_addresses= -k '$new' -c log_statement=none -c log_min_error_statement=panic" start
  psql -v ON_ERROR_STOP=1 -h "$new" -U postgres -d postgres --no-psqlrc -q <<'SQL'
\getenv owner POSTGRES_USER
\getenv password POSTGRES_PASSWORD
\getenv database POSTGRES_DB
SELECT :'owner' <> 'postgres' AS make_owner, :'database' NOT IN ('postgres', 'template0', 'template1') AS make_database \gset
\if :make_owner
CREATE ROLE :"owner" LOGIN;
\endif
ALTER ROLE :"owner" PASSWORD :'password';
\if :make_database
CREATE DATABASE :"database" OWNER :"owner";
\endif
SQL
  pg_ctl -D "$new" -w -m fast stop
  sync
  touch "$new/.complete"
}

move_in() {
  for path in "$new"/*; do
    [ "$path" = "$new/PG_VERSION" ] || mv "$path" "$PGDATA/"
  done
  sync
  mv "$new/PG_VERSION" "$PGDATA/"
  rm -rf "$new"
}

mkdir -p "$PGDATA" || fail "PGDATA: $PGDATA cannot be made: is the volume's folder writable for group 26 (fsGroup)?"
[ -O "$PGDATA" ] || fail "PGDATA: $PGDATA belongs to another user; set PGDATA to a folder below the volume's"
chmod 700 "$PGDATA"
new=$PGDATA/.setting-up
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  [ -e "$new/.complete" ] || set_up
  move_in
fi
unset POSTGRES_PASSWORD
exec "$@"
