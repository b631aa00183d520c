# Set-up shared by all verbs of ./dev: messages, locks, system packages, Python.

cache=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/rare-engine

say() { printf '== %s\n' "$*" >&2; }

fail() {
  printf 'dev: %s\n' "$*" >&2
  exit 2
}

have() { command -v "$1" > /dev/null 2>&1; }

# One g++ on this code needs up to 1.2 GB: on a small machine memory decides, not cores.
jobs_count() {
  local cores by_memory
  cores=$(nproc)
  by_memory=$(awk '/^MemAvailable/ { print int($2 / 1200000) }' /proc/meminfo 2> /dev/null || echo "$cores")
  [ "${by_memory:-0}" -ge 1 ] || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# locked NAME COMMAND...: runs it while no other ./dev of this user runs one under the same name.
# The kernel drops the lock with the process, so nothing is left behind by a kill. When the command
# fails, so does the script.
locked() {
  local file="$cache/locks/$1" status
  shift
  mkdir -p "$cache/locks"
  set +e  # `( ... ) || exit` would switch errexit off inside, too
  (
    set -e
    exec 9> "$file"
    if ! flock -n 9; then
      say "waiting for another ./dev (it holds $file)"
      flock 9
    fi
    "$@" 9>&-
  )
  status=$?
  set -e
  [ "$status" = 0 ] || exit "$status"
}

# ---- system packages ---------------------------------------------------------------------------

# What each package is for stands beside it.
base_packages=(
  g++ cmake ninja-build ccache                         # compiling
  libtbb-dev libyaml-cpp-dev                           # the graph, the pipeline file
  libboost-dev libboost-filesystem-dev libboost-system-dev # Boost.DLL: loading plugins
  nlohmann-json3-dev libsimdjson-dev libvalijson-dev   # records, reading JSON, JSON Schema
  libcurl4-openssl-dev libcpp-httplib-dev              # HTTP out, HTTP in
  libmicrohttpd-dev                                    # metrics
  libsqlite3-dev sqlite3 libzstd-dev zlib1g-dev        # state, replies and outputs
  libspdlog-dev libcli11-dev libicu-dev                # log, command line, Unicode
  libssl-dev openssl                                   # digests
  libjq-dev                                            # expressions over records
  libcmark-dev                                         # Markdown
  libmimalloc-dev                                      # memory of records
  libhwy-dev libxxhash-dev                             # search: SIMD, checksums
  libstemmer-dev                                       # search: stems of many languages
  librdkafka-dev                                       # topics of Kafka
  catch2 pkgconf                                       # tests
  python3 python3-pip python3-venv ca-certificates     # pinned downloads, checks
  xz-utils                                             # source packages
)

# set_up_packages [MORE...]: installs what is missing of the base packages and MORE.
set_up_packages() {
  if ! have apt-get; then
    check_without_apt "$@"
    return
  fi
  local missing
  missing=$(missing_packages "${base_packages[@]}" "$@")
  [ -n "$missing" ] || return 0
  locked packages install_packages "${base_packages[@]}" "$@"
}

missing_packages() {
  local installed package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2> /dev/null | sed -n 's/^installed //p') || true
  for package; do
    grep -qxF -- "$package" <<< "$installed" || printf '%s ' "$package"
  done
}

install_packages() {
  local missing
  missing=$(missing_packages "$@")  # again: another ./dev may have installed them meanwhile
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || have sudo ||
    fail "needs root or sudo for: apt-get install --no-install-recommends $missing"
  say "installing with apt: $missing"
  mkdir -p "$cache/tmp"
  # shellcheck disable=SC2086 -- a list of names
  if ! {
    as_root apt-get -qq update &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install $missing
  } < /dev/null > "$cache/tmp/apt.log" 2>&1; then
    tail -n 15 "$cache/tmp/apt.log" >&2
    fail "apt could not install what is missing; all of its output is in $cache/tmp/apt.log"
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Without apt the packages are the user's affair: say exactly what CMake does not find.
check_without_apt() {
  local tool missing=()
  for tool in c++ cmake ninja python3 git; do
    have "$tool" || missing+=("$tool")
  done
  if have c++ && have cmake; then
    local stamp=build/dependencies/complete
    [ ! -e "$stamp" ] || return 0
    mkdir -p build/dependencies
    cmake -S .ci/dependencies -B build/dependencies > build/dependencies/configure.log 2>&1 ||
      mapfile -t -O "${#missing[@]}" missing < <(sed -n 's/^-- missing: //p' build/dependencies/configure.log)
    [ "${#missing[@]}" -gt 0 ] || touch "$stamp"
  fi
  [ "${#missing[@]}" -eq 0 ] && return 0
  say "this machine has no apt; install by its own means what was not found:"
  printf '   %s\n' "${missing[@]}" >&2
  exit 2
}

# ---- Python ------------------------------------------------------------------------------------

# python_tools: prints the folder of a virtual environment with pip, made at the first call.
python_tools() {
  local folder
  folder="$cache/python-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  if [ ! -e "$folder/complete" ]; then
    rm -rf "$folder"
    mkdir -p "$cache"
    python3 -m venv "$folder" >&2 || fail "python3 -m venv could not make $folder"
    touch "$folder/complete"
  fi
  echo "$folder"
}

# bench_peers LIST: prints the Python that runs the programs benchmarks are compared with, those of the
# list, or nothing.
bench_peers() {
  local list=$1 folder
  folder="$cache/bench-peers-$(cat "$list" <(python3 --version) | sha256sum | cut -c1-12)"
  if [ ! -e "$folder/complete" ]; then
    rm -rf "$folder"
    mkdir -p "$cache"
    say "installing what benchmarks are compared with"
    if ! { python3 -m venv "$folder" && "$folder/bin/pip" --quiet --no-input --disable-pip-version-check install \
      --only-binary :all: --require-hashes --no-deps -r "$list"; } < /dev/null >&2; then
      say "they cannot be had here: their rows are left out"
      return
    fi
    touch "$folder/complete"
  fi
  echo "$folder/bin/python"
}

# pinned_packages LIST WHAT: prints the folder with the packages of PyPI that the list pins, or nothing
# where they cannot be had.
pinned_packages() {
  local list=$1 what=$2 folder
  folder="$cache/packages-$(cat "$list" <(python3 --version) | sha256sum | cut -c1-12)"
  if [ ! -e "$folder/complete" ]; then
    say "fetching $what"
    rm -rf "$folder"
    mkdir -p "$folder"
    if ! pip_quietly install --only-binary :all: --require-hashes --no-deps --target "$folder" -r "$list"; then
      say "$what cannot be had here"
      return
    fi
    touch "$folder/complete"
  fi
  echo "$folder"
}

# pyarrow_folder: prints where PyPI's pyarrow is, whose libraries and headers of Arrow plugins/parquet is
# built with; nothing where the system has an Arrow of its own, or this one cannot be had.
pyarrow_folder() {
  local packages
  ! pkg-config --exists 'parquet >= 21' 2> /dev/null || return 0
  packages=$(locked pyarrow pinned_packages .ci/arrow.txt "Apache Arrow, for Parquet files")
  if [ -z "$packages" ]; then
    say "Parquet files are left out of the build. The pyarrow of .ci/arrow.txt is for CPython 3.11 to 3.14 on Linux, x86_64
   and aarch64, and comes from PyPI; this is $(python3 --version) on $(uname -m). Without it, install libarrow-dev and
   libparquet-dev, 21 or newer: https://arrow.apache.org/install has them for apt"
    return 0
  fi
  echo "$packages/pyarrow"
}

# parquet_peers: prints the folders with what Parquet files are written and read with in tests.
parquet_peers() {
  echo "$(pinned_packages .ci/arrow.txt "Apache Arrow, for Parquet files"):$(
    pinned_packages .ci/parquet_peers.txt "DuckDB, which reads Parquet files in tests")"
}

# bench_java [VERSION]: prints a Java of that version (21) or newer, or nothing.
bench_java() {
  local java least=${1:-21}
  for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} java /usr/lib/jvm/*/bin/java; do
    have "$java" || continue
    [ "$("$java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')" -ge "$least" ] || continue
    command -v "$java"
    return
  done
}

# The Lucene that benchmarks are compared with.
lucene_version=10.6.0
lucene_sha256='211424f423ff1afeb891095c2142a20a572e545906251f28b8faaa408d01f934  lucene-core-10.6.0.jar
7e7fc5bcb7e2fd702701cfa7f5c209f28bdaf89cb8ef0ba379255c9d7c687430  lucene-analysis-common-10.6.0.jar'

# bench_lucene: prints its class path, or nothing where there is no Maven.
bench_lucene() {
  local folder="$cache/bench-lucene-$lucene_version" part
  if [ ! -e "$folder/complete" ]; then
    have mvn || return 0
    mkdir -p "$folder"
    say "fetching the Lucene that benchmarks are compared with"
    for part in core analysis-common; do
      mvn --quiet --batch-mode dependency:copy -DoutputDirectory="$folder" \
        -Dartifact="org.apache.lucene:lucene-$part:$lucene_version" < /dev/null >&2 || return 0
    done
    (cd "$folder" && sha256sum --check --quiet <<< "$lucene_sha256") >&2 || return 0
    touch "$folder/complete"
  fi
  echo "$folder/lucene-core-$lucene_version.jar:$folder/lucene-analysis-common-$lucene_version.jar"
}

# The OpenSearch that bm25.opensearch is tested with: the digest is that of the list of the digests of
# all jars, which their versions decide.
opensearch_sha256='fe995eee9ef6ee99ce08bb2a8d84501b06903a040c51229b43e20485be50b35d'

# opensearch_jars: prints the folder of its jars (71 MB), or nothing where Maven has none.
opensearch_jars() { pinned_jars opensearch "$opensearch_sha256" "the OpenSearch that the plugin opensearch is tested with"; }

# The Kafka that the plugin kafka is tested with: the digest is that of the list of the digests of all jars.
kafka_sha256='8e86855d462fb5b59d3be2d19811fb7b7847ad88003644a70ed54a6706c98e66'

# kafka_jars: prints the folder of its jars (about 70 MB), or nothing where Maven has none.
kafka_jars() { pinned_jars kafka "$kafka_sha256" "the Kafka that the plugin kafka is tested with"; }

# pinned_jars NAME SHA256 WHAT: prints the folder of the jars that tests/oracle/NAME/pom.xml names, or nothing.
pinned_jars() {
  local name=$1 expected=$2 what=$3 project=tests/oracle/$1/pom.xml folder found
  folder="$cache/$name-$(sha256sum < "$project" | cut -c1-12)"
  if [ ! -e "$folder/complete" ]; then
    have mvn || return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    say "fetching $what"
    mvn --quiet --batch-mode -f "$project" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$folder" < /dev/null >&2 || return 0
    found=$(cd "$folder" && export LC_ALL=C && sha256sum ./*.jar | sha256sum | cut -d ' ' -f 1)
    if [ "$found" != "$expected" ]; then
      say "what came is not what was asked for ($what): expected $expected, found $found"
      return 0
    fi
    touch "$folder/complete"
  fi
  echo "$folder"
}

# bench_benthos: prints the Benthos that engine_bench is compared with, or nothing where there is no Go.
bench_benthos() {
  local source=tests/bench/benthos program
  have go || return 0
  program="$cache/bench-benthos/$(cat $source/go.mod $source/main.go <(go version) | sha256sum | cut -c1-12)"
  if [ ! -x "$program" ]; then
    say "building the Benthos that benchmarks are compared with (minutes, once)"
    mkdir -p "$(dirname "$program")"
    if ! (cd $source && GOFLAGS=-mod=readonly go build -trimpath -o "$program.$$" . && mv "$program.$$" "$program") \
      < /dev/null >&2; then
      say "it cannot be had here: its rows are left out"
      return
    fi
  fi
  echo "$program"
}

# pip_quietly ARGS...: pip of that environment, without caches of its own and without questions.
pip_quietly() {
  "$(python_tools)/bin/pip" --quiet --no-input --disable-pip-version-check --no-cache-dir "$@" < /dev/null >&2
}
