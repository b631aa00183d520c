# Configuring and compiling build/KIND.

# Ten sources are compiled as one, over a precompiled header: a build from nothing takes less than half
# the time. `debug` and `lint` compile each source by itself.
quickly=(-DRARE_PRECOMPILE=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=10)

# configure KIND: runs CMake when the folder is new or the options changed; changes of CMakeLists.txt
# are ninja's to notice.
configure() {
  local kind=$1 folder=build/$1 options=()
  case $kind in
    release) options=(-DCMAKE_BUILD_TYPE=Release '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG' "${quickly[@]}") ;;
    # What clang-tidy reads: it cannot use headers that g++ has precompiled.
    lint) options=(-DCMAKE_BUILD_TYPE=Release '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG') ;;
    debug) options=(-DCMAKE_BUILD_TYPE=Debug) ;;
    # No NDEBUG in the sanitizers' builds: asserts hold there. clang for ASan and UBSan: it compiles their
    # checks in half the time, and is the second compiler that the code, and its coroutines above all,
    # has to pass. -O0, as most tests spend their time waiting; rare_optimise() names what does not.
    asan)
      set_up_packages clang libclang-rt-dev mold
      options=(-DCMAKE_BUILD_TYPE=RelWithDebInfo '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O0 -g1' -DRARE_SANITIZE=address
        -DCMAKE_CXX_COMPILER=clang++ "${quickly[@]}")
      ;;
    # -O2: below it g++ 12 turns symmetric transfer of coroutines into recursion.
    tsan)
      ensure_tsan_tbb
      options=(-DCMAKE_BUILD_TYPE=RelWithDebInfo '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1' -DRARE_SANITIZE=thread
        "${quickly[@]}" "-DTBB_DIR=$(tsan_tbb_folder)/lib/cmake/TBB")
      ;;
    fuzz) options=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DRARE_FUZZ=ON) ;;
    *) fail "unknown kind of build '$kind': release, debug, asan or tsan" ;;
  esac
  # Arrow comes without the checks of a sanitizer: what users have is built with it, and what it is fuzzed by.
  case $kind in release | lint | debug | fuzz) options+=("-DRARE_PYARROW=$(pyarrow_folder)") ;; esac
  have ccache && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  if [ -f "$folder/build.ninja" ] && [ "$(cat "$folder/options" 2> /dev/null)" = "${CXX:-} ${options[*]}" ]; then
    return
  fi
  say "configuring $folder"
  mkdir -p "$folder"
  if ! cmake --fresh -S . -B "$folder" -G Ninja "${options[@]}" > "$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    fail "cmake could not configure $folder"
  fi
  echo "${CXX:-} ${options[*]}" > "$folder/options"
}

# A second checkout compiles the same code with other absolute paths: paths below this folder do not
# count for ccache, nor does the folder's own name.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# Without these ccache passes over whatever reads a precompiled header.
export CCACHE_SLOPPINESS=pch_defines,time_macros

# build_kind KIND: everything of it but the tests.
build_kind() {
  configure "$1"
  compile "$1"
}

# build_tests KIND LABEL [NAME]: the tests that carry the label and whose name matches, both regular
# expressions. A test is named like its target.
build_tests() {
  local kind=$1 targets
  configure "$kind"
  # A test that a CMakeLists.txt names since the last build is to be found.
  ninja -C "build/$kind" build.ninja > "build/$kind/configure.log" 2>&1 ||
    { cat "build/$kind/configure.log" >&2 && fail "cmake could not configure build/$kind"; }
  mapfile -t targets < <(python3 .ci/merge_tests.py --list "build/$kind" "$2" "${3:-}")
  [ "${#targets[@]}" -gt 0 ] || fail "build/$kind has no test ${3:+named like '$3'}${2:+ labelled $2}"
  compile "$kind" "${targets[@]}"
  # The sample is run as a newcomer runs it.
  case " ${targets[*]} " in *sample_test\ *) ensure_local_model ;; esac
}

compile() {
  local kind=$1 begin=$SECONDS
  shift
  say "building build/$kind"
  ninja -C "build/$kind" -j "$(jobs_count)" "$@" >&2 || fail "build/$kind does not compile"
  say "built build/$kind in $((SECONDS - begin)) s"
}

# ---- oneTBB for ThreadSanitizer ----------------------------------------------------------------
# ThreadSanitizer does not see the synchronisation inside a library compiled without it: with the
# system's libtbb a correct flow graph gives dozens of false reports. So this one build kind gets a
# oneTBB of its own, compiled with -fsanitize=thread from the distribution's source package.

tsan_tbb_version=2021.8.0
tsan_tbb_sha256=7e9111b8bb59c8800bf6d0b06afe7b0891937443d2dae1ee1101c8e2ede6a7ef

tsan_tbb_folder() {
  echo "$cache/tbb-tsan/$tsan_tbb_version-$({ c++ -dumpfullversion; c++ -dumpmachine; } | sha256sum | cut -c1-12)"
}

ensure_tsan_tbb() {
  [ -e "$(tsan_tbb_folder)/lib/cmake/TBB/TBBConfig.cmake" ] || locked tbb-tsan build_tsan_tbb
}

build_tsan_tbb() {
  local folder work="$cache/tmp/tbb-tsan" begin=$SECONDS
  folder=$(tsan_tbb_folder)
  [ ! -e "$folder/lib/cmake/TBB/TBBConfig.cmake" ] || return 0
  say "building oneTBB $tsan_tbb_version with ThreadSanitizer (about a minute, once per machine)"
  rm -rf "$work"
  mkdir -p "$work/source"
  fetch_tbb_source "$work"
  if ! {
    tar -xf "$work/tbb.tar.xz" -C "$work/source" --strip-components=1 &&
      cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_INSTALL_PREFIX="$folder" -DCMAKE_INSTALL_LIBDIR=lib -DTBB_SANITIZE=thread \
      -DTBB_TEST=OFF -DTBB_STRICT=OFF -DTBBMALLOC_BUILD=OFF &&
      ninja -C "$work/build" -j "$(jobs_count)" &&
      DESTDIR="$work/install" ninja -C "$work/build" install
  } > "$work/log" 2>&1; then
    tail -n 30 "$work/log" >&2
    fail "oneTBB could not be built; all of its output is in $work/log"
  fi
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv "$work/install$folder" "$folder"
  rm -rf "$work"
  say "built oneTBB in $((SECONDS - begin)) s"
}

# fetch_tbb_source FOLDER: leaves FOLDER/tbb.tar.xz. It comes from where the system's own packages come
# from, asked for sources in a private list, so that the machine's configuration stays as it is.
fetch_tbb_source() {
  local work=$1 file apt=()
  have apt-get || fail "the ThreadSanitizer tests need the oneTBB source package of an apt system"
  mkdir -p "$work/sources" "$work/lists/partial" "$work/archives/partial"
  for file in $(apt-get indextargets --format '$(SOURCESENTRY)' 'Created-By: Packages' 'Component: main' |
    sed 's/:[0-9]*$//' | sort -u); do
    sed 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$file" > "$work/sources/$(basename "$file")"
  done
  apt=(-qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources"
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o APT::Sandbox::User=root)
  (
    cd "$work" &&
      { apt-get "${apt[@]}" update || true; } &&
      apt-get "${apt[@]}" --download-only --only-source source onetbb &&
      mv "onetbb_$tsan_tbb_version.orig.tar.xz" tbb.tar.xz &&
      echo "$tsan_tbb_sha256  tbb.tar.xz" | sha256sum --check --quiet
  ) < /dev/null >&2 ||
    fail "the source of oneTBB $tsan_tbb_version could not be fetched with apt, or has another SHA-256"
}
