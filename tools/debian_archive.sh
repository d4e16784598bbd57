# Sourced: an apt of our own in a folder, for a suite of Debian's archive that is not this machine's. Nothing is installed.
# shellcheck shell=bash

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# open_archive folder suite: apt-get and apt-cache read that suite from now on (APT_CONFIG), and keep all in the folder.
# Signatures are checked; a mirror that has not been refreshed for some weeks is new enough. DEBIAN_ARCHIVE says where to
# look, by default where the machine's own apt does.
open_archive() {
  local folder=$1 suite=$2 keys=/usr/share/keyrings/debian-archive-keyring.gpg archive log=$1/log
  archive=${DEBIAN_ARCHIVE:-$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -n 1)}
  [[ -n $archive ]] || fail "this machine's apt names no archive of Debian: say DEBIAN_ARCHIVE=URL"
  [[ -r $keys ]] || fail "no $keys: install debian-archive-keyring"
  mkdir -p "$folder"/{etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,state/lists/partial,cache/archives/partial}
  touch "$folder/status"
  echo "deb [signed-by=$keys] $archive $suite main" >"$folder/etc/sources.list"
  cat >"$folder/apt.conf" <<END
Dir "$folder";
Dir::Etc "$folder/etc";
Dir::State "$folder/state";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::Check-Valid-Until "false";
END
  export APT_CONFIG=$folder/apt.conf
  # apt-get update only warns of an archive that it cannot reach.
  if ! apt-get -q update >"$log" 2>&1 || grep -qE '^(W|E|Err)' "$log"; then
    cat "$log" >&2
    fail "Debian's archive ($suite) cannot be read, so that nothing is known of what is newest there"
  fi
}
