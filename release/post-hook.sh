#!/bin/sh
# Venus OS runs this after it has unpacked the archive of a USB stick into /data: `post-hook.sh success`, or else.
log=/data/log/dbus-jkbms-install.log
release=/data/@FOLDER@
if [ "${1:-}" = success ]; then
    answer=$(sh "$release/install.sh" install 2>&1)
    code=$?
else
    answer="dbus-jkbms: the archive cannot be unpacked (${1:-})" code=1
fi
rm -rf "$release"
if [ $code = 0 ]; then
    rm -f "$log"
else # nobody sees the screen
    printf '%s\n' "$answer" >"$log"
fi
exit $code
