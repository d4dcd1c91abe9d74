#!/usr/bin/env bash
# Build what the emulated GX boots from: image.sh FOLDER
#
#   FOLDER/kernel   Debian's generic kernel as ELF: qemu starts it without unpacking it in emulation (6 s)
#   FOLDER/initrd   a cpio with dbus, bluetoothd, Python and the libraries that a GX will have
#
# As root, with mmdebstrap, cpio, kmod and pip; from Debian's and Python's registries only. SUITE=bookworm brings
# bluetoothd 5.66, Python 3.11 and Linux 6.1, SUITE=trixie 5.82, 3.13 and 6.12: they bracket a GX's 5.72 and 3.12.
set -euo pipefail
SUITE=${SUITE:-bookworm}
LIBRARIES=(bleak==3.0.2 dbus-fast==2.21.1 pyserial)
[ "$SUITE" = bookworm ] || LIBRARIES=(bleak dbus-fast pyserial) # dbus-fast 2.21.1 has no build for 3.13
MODULES=(hci_uart uhid cmac ecb ccm ecdh_generic)

folder=$1
mkdir -p "$folder"
root=$(mktemp -d "$folder/root.XXXXXX")
trap 'rm -rf "$root"' EXIT

# the kernel is unpacked and not installed: nobody needs Debian's own initramfs
# shellcheck disable=SC2016 # mmdebstrap's shell fills in $1
KERNEL='chroot "$1" sh -ec "
    name=\$(apt-cache depends linux-image-amd64 | sed -n \"s/.*Depends: //p\" | head -n 1)
    cd /tmp
    apt-get -qq download \$name
    mkdir /kernel
    dpkg-deb -x ./\$name*.deb /kernel
    rm ./*.deb
"'
echo "image: Debian $SUITE" >&2
mmdebstrap --quiet --variant=minbase --include=bluez,busybox-static,dbus,kmod,python3 \
    --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/zoneinfo/*' \
    --customize-hook="$KERNEL" "$SUITE" - | tar -C "$root" -xp --exclude='./dev/*'

compressed=("$root"/kernel/boot/vmlinuz-*)
release=${compressed[0]##*/vmlinuz-}
# shellcheck disable=SC2016 # that is dpkg's variable
echo "image: Linux $release, bluez $(chroot "$root" dpkg-query -W -f '${Version}' bluez)" >&2
python3 - "${compressed[0]}" "$folder/kernel" <<'PY'
import lzma, struct, subprocess, sys  # noqa: E401

image = open(sys.argv[1], "rb").read()
offset, size = struct.unpack_from("<II", image, 0x248)  # of the payload, behind the real-mode part
payload = image[(image[0x1F1] + 1) * 512 + offset :][:size]
if payload.startswith(b"\x28\xb5\x2f\xfd"):
    elf = subprocess.run(["zstd", "-dc"], input=payload, stdout=subprocess.PIPE).stdout
else:
    elf = lzma.LZMADecompressor().decompress(payload)
assert elf.startswith(b"\x7fELF"), "the kernel is packed in a way that is not known here"
open(sys.argv[2], "wb").write(elf)
PY

# the modules that Bluetooth over a serial line needs
modules=$root/kernel
[ -d "$modules/lib/modules" ] || modules=$root/kernel/usr
[ -e "$modules/lib/modules/$release/modules.dep" ] || depmod -b "$modules" "$release"
for name in "${MODULES[@]}"; do
    modprobe -S "$release" -d "$modules" --show-depends "$name" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sort -u | while read -r file; do
    install -D "$file" "$root/lib/modules/$release/${file#*/modules/"$release"/}"
done
cp "$modules/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$release/"
depmod -b "$root" "$release"

python=$(chroot "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
echo "image: Python $python, ${LIBRARIES[*]}" >&2
python3 -m pip install -q --disable-pip-version-check --no-compile --only-binary=:all: --root-user-action=ignore \
    --python-version "$python" --implementation cp --target "$root/opt/python" "${LIBRARIES[@]}"
chroot "$root" python3 -m compileall -q /opt/python # in emulation it would take ten seconds

rm -rf "${root:?}"/{boot,kernel,var/cache,var/lib/apt,var/lib/dpkg,usr/share/{info,perl,perl5},usr/lib/{apt,udev}} \
    "$root"/usr/lib/*/{gconv,perl,perl-base} "$root/usr/lib/python$python"/{idlelib,lib2to3,test}
(cd "$root" && find . -print0 | cpio --null -o -H newc -R 0:0 --quiet) >"$folder/initrd.new"
mv "$folder/initrd.new" "$folder/initrd"
ls -sh "$folder/kernel" "$folder/initrd" >&2
