#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build stage: one library from its Debian source, static, below $PREFIX.
#
#   library.sh libcjson|libmicrohttpd|libsystemd|libcurl
#
# The Debian version that was built is left in $PREFIX/debian/NAME, with the package's licences, for the image's
# package list.
set -eu
. deploy/image/target.sh

# Unpacks the source package $1 with Debian's patches into $SOURCE. A mirror's index can be ahead of what the mirror
# holds: then the newest version that it does hold is taken, and said.
fetch() {
        newest=
        for version in $(apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -rV | uniq); do
                : "${newest:=$version}"
                rm -rf /tmp/source
                mkdir /tmp/source
                cd /tmp/source
                if apt-get source -q "$1=$version" >/tmp/fetch.log 2>&1; then
                        [ "$version" = "$newest" ] ||
                                echo "warning: $1 $newest has no source at the mirror; this image has $version" >&2
                        VERSION=$version
                        SOURCE=$(echo /tmp/source/*/)
                        cd "$SOURCE"
                        return
                fi
        done
        cat /tmp/fetch.log >&2
        echo "the source package $1 is not to be had" >&2
        exit 1
}

# For the image's package list: built from source $1, as Debian's binary package $2.
record() {
        mkdir -p "$PREFIX/debian"
        echo "$1 $VERSION" >"$PREFIX/debian/$2"
        cp debian/copyright "$PREFIX/debian/$2.copyright"
        rm -rf /tmp/source
}

configure() {
        ./configure --host="$TRIPLET" --prefix="$PREFIX" --disable-shared --enable-static \
                --disable-dependency-tracking CC="$TRIPLET-gcc" CFLAGS="$(target_flags CFLAGS) $TUNING -Os" \
                CPPFLAGS="$(target_flags CPPFLAGS)" "$@"
}

# Debian has it as a shared library only. It is one file.
libcjson() {
        fetch cjson
        # shellcheck disable=SC2046,SC2086 # lists
        "$TRIPLET-gcc" $(target_flags CFLAGS) $(target_flags CPPFLAGS) $TUNING -Os -c cJSON.c -o cJSON.o
        mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include/cjson"
        "$TRIPLET-ar" rcs "$PREFIX/lib/libcjson.a" cJSON.o
        cp cJSON.h "$PREFIX/include/cjson/"
        cat >"$PREFIX/lib/pkgconfig/libcjson.pc" <<-EOF
		Name: libcjson
		Description: JSON
		Version: ${VERSION%-*}
		Cflags: -I$PREFIX/include -I$PREFIX/include/cjson
		Libs: -L$PREFIX/lib -lcjson
	EOF
        record cjson libcjson1
}

# No TLS, no authentication, no forms, no cookies, no upgrade: GET and HEAD are answered.
libmicrohttpd() {
        fetch libmicrohttpd
        configure --disable-https --disable-bauth --disable-dauth --disable-postprocessor --disable-cookie \
                --disable-httpupgrade --disable-messages --disable-curl --disable-doc --disable-examples \
                --disable-tools
        make -j"$(nproc)" -C src/microhttpd libmicrohttpd.la
        make -C src/microhttpd install-libLTLIBRARIES
        make -C src/include install
        make install-pkgconfigDATA
        record libmicrohttpd libmicrohttpd12t64
}

# sd-event and sd-notify need none of its optional parts. Its archive holds systemd's internal names too (log_open and
# thousands more): one object of what these two need, with nothing else visible, meets none of ours.
libsystemd() {
        fetch systemd
        cat >/tmp/cross <<-EOF
                [binaries]
                c = '$TRIPLET-gcc'
                ar = '$TRIPLET-ar'
                strip = '$TRIPLET-strip'
                pkg-config = 'pkg-config'
                [properties]
                pkg_config_libdir = '$PKG_CONFIG_LIBDIR'
                [host_machine]
                system = 'linux'
                cpu_family = '$CPU'
                cpu = '$CPU'
                endian = 'little'
	EOF
        meson setup build --cross-file /tmp/cross --prefix="$PREFIX" --libdir=lib \
                -Dc_args="$(target_flags CFLAGS) $TUNING -Os $(target_flags CPPFLAGS)" \
                --auto-features=disabled -Dmode=release -Dversion-tag="$VERSION" -Dstatic-libsystemd=pic -Dtests=false
        ninja -C build libsystemd.a src/libsystemd/libsystemd.pc
        "$TRIPLET-nm" --defined-only --format=just-symbols build/libsystemd.a |
                grep -E '^sd_(event|notify)' >visible
        # shellcheck disable=SC2046 # a list
        "$TRIPLET-ld" -r --gc-sections $(sed 's/^/-u /' visible) --whole-archive build/libsystemd.a -o libsystemd.o
        "$TRIPLET-objcopy" --keep-global-symbols=visible --strip-unneeded libsystemd.o
        mkdir -p "$PREFIX/lib/pkgconfig" "$PREFIX/include/systemd"
        "$TRIPLET-ar" rcs "$PREFIX/lib/libsystemd.a" libsystemd.o
        cp build/src/libsystemd/libsystemd.pc "$PREFIX/lib/pkgconfig/"
        cp src/systemd/sd-*.h src/systemd/_sd-common.h "$PREFIX/include/systemd/"
        record systemd libsystemd0
}

# HTTP, unix sockets and TLS. Mbed TLS is small and has a long-term branch that Debian follows. No default CA bundle:
# what seccompctl trusts is said by its caller (in a cluster, the service account's ca.crt).
libcurl() {
        fetch curl
        configure --with-mbedtls --without-ca-bundle --without-ca-path --without-zlib --without-brotli \
                --without-zstd --without-libpsl --without-libidn2 --without-nghttp2 --without-libssh2 \
                --without-librtmp --disable-ldap --disable-ldaps --disable-rtsp --disable-dict --disable-telnet \
                --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp --disable-gopher \
                --disable-mqtt --disable-ftp --disable-file --disable-ipfs --disable-websockets \
                --disable-alt-svc --disable-hsts --disable-cookies --disable-netrc --disable-doh \
                --disable-mime --disable-form-api --disable-aws --disable-ntlm --disable-kerberos-auth \
                --disable-negotiate-auth --disable-digest-auth --disable-tls-srp --disable-progress-meter \
                --disable-docs --disable-manual --disable-libcurl-option
        make -j"$(nproc)" -C lib libcurl.la
        make -C lib install-libLTLIBRARIES
        make -C include install
        make install-pkgconfigDATA
        record curl libcurl4t64
}

case $1 in
libcjson | libmicrohttpd | libsystemd | libcurl) "$1" ;;
*)
        echo "library.sh: unknown library '$1'" >&2
        exit 2
        ;;
esac
