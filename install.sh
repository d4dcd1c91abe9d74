#!/bin/sh
# Installs dbus-jkbms on Venus OS and removes it again: see `sh install.sh --help`. POSIX shell, for busybox.
# Where Windows line ends got into this file, it runs from a clean copy of itself (the # at the end hides the CR).
# shellcheck disable=SC2015 # in "a && b || fail", fail never returns
# shellcheck disable=SC2094 # "$0" is only read
case $(head -n 1 "$0" 2>/dev/null) in *[!h]) tr -d '\r' <"$0" | INSTALL_SH="$0" sh -s -- "$@"; exit ;; esac #
set -u

NAME=dbus-jkbms
PLACE=/data/apps/$NAME
BOOT_COMMAND="sh $PLACE/install.sh enable" # never change how it begins: uninstall knows its line by that
BOOT_LINE="$BOOT_COMMAND || true"
NEEDED="driver/__init__.py service/run service/log/run config.ini"
SHIPPED="driver packages service docs install.sh config.ini.default README.md LICENSE CHANGELOG.md"
OLDEST=60        # of Venus OS 3: the first with Python 3.12
SPACE=20000      # kB that must be free in /data: archive, unpacked, installed, and the version before
TRIAL=${DRIVER_TRIAL_SECONDS:-300} # s after an upgrade in which a battery must be back

usage() {
    cat <<END
usage: sh install.sh [--root DIR] COMMAND

  install    copy the driver to $PLACE and enable it. A config.ini that is
             there already is kept, this version's own lies beside it as
             config.ini.default. A second run changes nothing.
             install SOURCE takes it from another folder, from an archive
             (venus-data.tar.gz), or from a URL; a URL needs --sha256 SUM.
             When a battery that was there before an upgrade is not there
             5 minutes after it, the version before comes back by itself.
  enable     start the driver, now and at each boot (one line in /data/rc.local)
  disable    stop it, now and at each boot; the files stay
  restart    restart the running driver, after a change of config.ini for example
  status     tell what is installed and whether it runs
  rollback   go back to the version before, within these 5 minutes
  uninstall  disable, then remove the driver, its configuration and its log;
             with --keep-config, config.ini stays; with --settings, names and
             device instances of its batteries are removed from the GX too
  allowed    tell whether this system can take the driver; changes nothing

  --root DIR work on the system whose root directory is DIR, not on the running one
  --again    install a version again that was rolled back

exit codes: 0 done (status: enabled, and running as far as can be seen)
            1 refused or failed, for the reason on the screen
            2 wrong usage
            3 not installed
            4 status: installed, but disabled or not running
END
}

say() { printf '%s\n' "$@"; }

fail() {
    printf '%s: %s\n' "$NAME" "$*" >&2
    exit 1
}

wrong_usage() {
    printf '%s: %s (see --help)\n' "$NAME" "$*" >&2
    exit 2
}

# shellcheck disable=SC2317 # the trap calls it
clean_up() { # however this ends: nothing half-done stays, and a service that was stopped for an upgrade runs again
    [ "$COMMAND" != install ] || rm -rf "$NEW" "$FETCHED" "$UNPACKED"
    rm -f "$RC_NEW"
    if [ -n "$STOPPED" ] && [ -f "$APP/service/run" ]; then
        ln -sfn "$LINK_TARGET" "$LINK"
        start_watcher
    fi
    remove_directories "$MADE"
}

# --- directories that were not there before us -----------------------------------------------------------------------

make_directory() { # below ROOT, with its parents
    [ ! -d "$ROOT$1" ] || return 0
    [ ! -e "$ROOT$1" ] || fail "$ROOT$1 is in the way: a directory is needed there"
    case ${1%/*} in ?*) make_directory "${1%/*}" ;; esac
    mkdir "$ROOT$1" || fail "cannot make $ROOT$1: is the file system read-only, or are you not root?"
    MADE="$1 $MADE"
}

remember_made() { # for uninstall
    [ -n "$MADE" ] || return 0
    mkdir -p "$UNDO" && say "$MADE" >>"$UNDO/made" || fail "cannot write $UNDO/made"
    MADE=
}

remove_directories() { # those of the list $1 that are empty
    for directory in $1; do
        rmdir "$ROOT$directory" 2>/dev/null || :
    done
}

# --- the service -----------------------------------------------------------------------------------------------------

supervised() { command -v svok >/dev/null && [ -p "$1/supervise/ok" ] && svok "$1"; }

stopped_within() { # $1 seconds
    left=$1
    while supervised "$APP/service" || supervised "$APP/service/log"; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 1
    done
}

stop_service() {
    [ ! -L "$LINK" ] || rm -f "$LINK" || fail "cannot remove $LINK" # first: svscan would start it again
    stopped_within 0 && return
    svc -dx "$APP/service" "$APP/service/log" 2>/dev/null
    stopped_within 8 && return # it takes 5 s at most, and supervise may sleep for 1 s; a hung one does not listen
    svc -k "$APP/service"
    stopped_within 5 || fail "the running driver cannot be stopped"
}

start_service() {
    if [ "$(readlink "$LINK")" = "$LINK_TARGET" ]; then
        ! supervised "$APP/service" || svc -u "$APP/service" # somebody may have taken it down
        return
    fi
    ln -sfn "$LINK_TARGET" "$LINK" || fail "cannot make the link $LINK"
    [ -n "$ROOT" ] || ! command -v svrescan >/dev/null || svrescan # otherwise svscan looks every 5 s
    CHANGED=yes
}

# --- the line in rc.local, a file shared with other modifications ----------------------------------------------------

with_boot_line() { # behind the first line of $1: there it runs, whatever the other lines do (exit, wait, fail)
    first=$(head -n 1 "$1")
    case $first in
        '#!'*) say "$first" && say "$BOOT_LINE" && tail -n +2 "$1" ;;
        *) say "$BOOT_LINE" && cat "$1" ;;
    esac
}

boots() { grep -qs "^[^#]*$BOOT_COMMAND" "$RC"; }

check_boot_file() {
    [ -e "$RC" ] || [ -L "$RC" ] || return 0
    by_hand="Have this line run at each boot, then try again: $BOOT_LINE"
    boots || { [ -f "$RC" ] && [ ! -L "$RC" ]; } || fail "$RC is no plain file. $by_hand"
    case $(head -n 1 "$RC") in
        '#!'*sh*) ;;
        '#!'*) boots || fail "$RC is no shell script. $by_hand" ;;
    esac
}

add_boot_line() {
    ! boots || return 0
    if [ -f "$RC" ]; then
        mkdir -p "$UNDO" && cp -p "$RC" "$UNDO/rc.local" && cp -p "$RC" "$RC_NEW" && with_boot_line "$RC" >"$RC_NEW"
    else
        say '#!/bin/sh' >"$RC_NEW" && say "$BOOT_LINE" >>"$RC_NEW" && chmod 755 "$RC_NEW"
    fi && chmod u+x "$RC_NEW" && mv -f "$RC_NEW" "$RC" || fail "cannot write $RC"
    CHANGED=yes
}

remove_boot_line() { # also where the GX's own switch has put the file aside as rc.local.disabled
    for file in "$RC" "$RC.disabled"; do
        grep -qs "^$BOOT_COMMAND" "$file" || continue
        if [ -f "$UNDO/rc.local" ] && with_boot_line "$UNDO/rc.local" | cmp -s - "$file"; then
            cp -p "$UNDO/rc.local" "$RC_NEW" && mv -f "$RC_NEW" "$file" || fail "cannot write $file"
        else # it was made by us, or others have changed it meanwhile
            cp -p "$file" "$RC_NEW" && sed "\|^$BOOT_COMMAND|d" "$file" >"$RC_NEW" && mv -f "$RC_NEW" "$file" ||
                fail "cannot write $file"
            [ "$(cat "$file")" != '#!/bin/sh' ] || rm -f "$file"
        fi
    done
    rm -f "$UNDO/rc.local"
    ! grep -s "^[^#]*$PLACE" "$RC" || say "These lines of $RC name $NAME as well: remove them if you do not need them."
}

warn_of_boot_file() {
    [ ! -e "$RC.disabled" ] ||
        say "$RC.disabled: modifications are switched off in the settings of the GX." \
            "Once they are switched on again, run: sh $PLACE/install.sh enable"
    case $(head -n 1 "$RC") in
        *"$(printf '\r')") say "$RC has Windows line ends, no GX can run it. To repair it: sed -i 's/\\r\$//' $RC" ;;
    esac
}

# --- the files -------------------------------------------------------------------------------------------------------

first_printable() { head -n 1 | tr -dc ' -~'; } # a name in an archive may hold anything

check_source() {
    for file in $NEEDED; do
        [ -f "$SOURCE/$file" ] || fail "$SOURCE/$file is missing: copy the whole folder again"
    done
    [ -f "$SOURCE/SHA256SUMS" ] || return 0 # a folder from the sources has none
    spoilt=$(cd "$SOURCE" && sha256sum -c SHA256SUMS 2>/dev/null | grep -v ': OK$')
    [ -z "$spoilt" ] || fail "this release is damaged, copy it again: $(say "$spoilt" | first_printable)"
}

check_target() {
    [ -n "$ROOT" ] || [ -d /opt/victronenergy ] || fail "this is no Venus OS: there is no /opt/victronenergy"
    check_version
    [ ! -L "$APP" ] || fail "$APP is a link: remove it first"
    [ ! -e "$APP" ] || [ -d "$APP" ] || fail "$APP is in the way: a directory is needed there"
    [ ! -e "$LINK" ] || [ -L "$LINK" ] || fail "$LINK is in the way: this script did not make it, remove it first"
    check_boot_file
}

check_version() { # its first line is like v3.72 or v3.80~12
    [ -d "$ROOT/opt/victronenergy" ] || return 0
    found=$(head -n 1 "$ROOT/opt/victronenergy/version" 2>/dev/null)
    minor=${found#v3.}
    minor=${minor%%[!0-9]*}
    case $found in
        v3.[0-9]*) [ "$minor" -lt "$OLDEST" ] || return 0 ;;
        v[0-9]*) [ "$(say "${found#v}" | cut -d . -f 1)" -le 3 ] || return 0 ;;
        *) fail "the version of Venus OS cannot be read from $ROOT/opt/victronenergy/version" ;;
    esac
    fail "Venus OS $found is too old: 3.$OLDEST or newer is needed. Update the firmware first"
}

check_space() { # where the installation goes, or will go
    place=$APPS
    while [ ! -d "$place" ]; do place=${place%/*}; done
    free=$(df -Pk "${place:-/}" 2>/dev/null | { read -r _ && read -r _ _ _ left _ && say "$left"; })
    [ -n "$free" ] || return 0 # df cannot tell; a disk that is full is noticed later, and nothing stays then either
    [ "$free" -ge "$SPACE" ] ||
        fail "too little space: $((SPACE / 1000)) MB must be free in $place, there are $((free / 1000)) MB"
}

check_python() { # that this release starts here; its bytecode stays, so that the first start is small and quick too
    [ -z "$ROOT" ] || return 0
    answer=$(cd "$NEW" && python3 -c 'import driver.app, driver.commands.run' 2>&1) ||
        fail "this release does not run here: $(say "$answer" | tail -n 1)"
}

# --- where a release comes from --------------------------------------------------------------------------------------

find_release() { # makes SOURCE the folder of a release
    case $FROM in
        http://* | https://*) fetch "$FROM" && unpack "$FETCHED" ;;
        '') find_beside ;;
        *)
            [ -e "$FROM" ] || fail "there is no $FROM"
            if [ -d "$FROM" ]; then SOURCE=$(cd -P "$FROM" && pwd); else unpack "$FROM"; fi
            ;;
    esac
}

find_beside() { # this script lies in a release, or beside the archive of one
    for archive in "$SOURCE"/venus-data*.tar.gz; do
        [ -f "$SOURCE/driver/__init__.py" ] || [ ! -f "$archive" ] || { unpack "$archive" && return; }
    done
}

fetch() { # the file at the URL $1
    [ -n "$SUM" ] || fail "a URL needs --sha256 SUM: what comes over the network is not trusted without it"
    rm -f "$FETCHED"
    if command -v wget >/dev/null; then
        wget -q -O "$FETCHED" "$1" || fail "cannot download $1"
    else
        curl -fsSL -o "$FETCHED" "$1" || fail "cannot download $1"
    fi
}

unpack() { # the archive $1, once it is known to hold plain files and nothing that points out of its folder
    case $1 in */*) archive=$1 ;; *) archive=./$1 ;; esac
    [ -z "$SUM" ] || [ "$(sha256sum <"$archive" | cut -d ' ' -f 1)" = "$SUM" ] ||
        fail "wrong checksum: $FROM is not the file that --sha256 names"
    gzip -t "$archive" 2>/dev/null || fail "$archive is damaged: it is no whole .tar.gz file"
    names=$(tar -tzf "$archive" 2>/dev/null) && lines=$(tar -tvzf "$archive" 2>/dev/null) || fail "$archive is damaged"
    strange=$(say "$names" | grep -v "^rc/[A-Za-z0-9_.-]*\$" | grep -v "^$NAME-[A-Za-z0-9_.+/-]*\$")
    [ -z "$strange" ] || fail "$archive is no release of $NAME, it holds $(say "$strange" | first_printable)"
    ! say "$names" | grep -q '\(^\|/\)\.\.\(/\|$\)' || fail "$archive is no release of $NAME, it holds a path with .."
    ! say "$lines" | grep -qv '^[-d]' && ! say "$lines" | grep -q -e ' -> ' -e ' link to ' ||
        fail "$archive is no release of $NAME, it holds something else than files and folders"
    rm -rf "$UNPACKED"
    mkdir "$UNPACKED" && tar -xzf "$archive" -C "$UNPACKED" 2>/dev/null || fail "cannot unpack $archive: is the disk full?"
    [ -z "$(find "$UNPACKED" ! -type f ! -type d)" ] || fail "$archive is no release of $NAME"
    set -- "$UNPACKED/$NAME"-*
    [ $# = 1 ] && [ -d "$1" ] || fail "$archive is no release of $NAME: it must hold one folder"
    SOURCE=$1
}

# --- putting it into place -------------------------------------------------------------------------------------------

copy_new() { # everything that is shipped, to a directory beside the target
    rm -rf "$NEW"
    mkdir "$NEW" || fail "cannot write to $APPS: is the file system read-only, or are you not root?"
    for item in $SHIPPED; do
        case $item in *.default) from=${item%.default} ;; *) from=$item ;; esac
        [ ! -e "$SOURCE/$from" ] || cp -R "$SOURCE/$from" "$NEW/$item" || fail "cannot copy $item: is the disk full?"
    done
    find "$NEW" \( -name __pycache__ -o -name supervise \) -prune -exec rm -rf {} + || fail "cannot tidy up $NEW"
    for script in install.sh service/run service/log/run; do # a GX cannot run them with Windows line ends
        tr -d '\r' <"$SOURCE/$script" >"$NEW/$script" || fail "cannot copy $script: is the disk full?"
    done
    find "$NEW" -type d -exec chmod 755 {} + && find "$NEW" -type f -exec chmod 644 {} + &&
        chmod 755 "$NEW/install.sh" "$NEW/service/run" "$NEW/service/log/run" || fail "cannot set the modes in $NEW"
}

shipped_files() { # of the installation $1: their names, once more for those that can be executed
    (cd "$1" && for item in $SHIPPED; do [ ! -e "$item" ] || find "$item" -type f -print -perm -100 -print; done) |
        grep -v -e '/__pycache__/' -e '/supervise/' | sort
}

same_as_installed() {
    [ -f "$APP/config.ini" ] && [ "$(shipped_files "$NEW")" = "$(shipped_files "$APP")" ] || return 1
    shipped_files "$NEW" | while read -r file; do
        cmp -s "$NEW/$file" "$APP/$file" || exit 1
    done
}

keep_own_files() { # the owner's configuration, and whatever else is in the installation but not shipped
    for path in "$APP"/* "$APP"/.[!.]*; do
        case " $SHIPPED " in *" ${path##*/} "*) continue ;; esac
        [ ! -e "$path" ] || cp -Rp "$path" "$NEW/" || fail "cannot copy $path: is the disk full?"
    done
    [ -f "$NEW/config.ini" ] && return
    cp "$NEW/config.ini.default" "$NEW/config.ini" && chmod 600 "$NEW/config.ini" || fail "cannot write config.ini"
}

swap() {
    [ -n "$ROOT" ] || sync # a power cut must not leave empty files under the final name
    [ ! -e "$APP" ] || mv "$APP" "$OLD" || fail "cannot move $APP aside"
    mv "$NEW" "$APP" || { mv "$OLD" "$APP"; fail "cannot move $NEW to $APP"; }
    CHANGED=yes
    begin_trial
    rm -rf "$OLD"
}

recover() { # from an installation that was cut off while it swapped
    [ ! -d "$BACK" ] || finish_rollback
    [ -e "$APP" ] || [ ! -d "$OLD" ] || mv "$OLD" "$APP" || fail "cannot move $OLD back to $APP"
    rm -rf "$OLD"
}

# --- the first minutes after an upgrade: the version before waits in $APP/.previous ----------------------------------

release_id() { (cd "$1" && shipped_files . | xargs sha256sum | sha256sum | cut -d ' ' -f 1); }

check_refused() { # a stick that was left in the GX would bring it back at each boot
    [ -z "$AGAIN" ] && [ -f "$UNDO/refused" ] || return 0
    [ "$(cat "$UNDO/refused")" != "$(release_id "$NEW")" ] ||
        fail "this version was rolled back, because $(cat "$UNDO/reason"). To install it all the same: --again"
}

find_awaited() { # the batteries that were there, by their names on D-Bus; the driver has just written what it knows
    AWAITED=
    boots && command -v dbus-send >/dev/null || return 0 # a driver that is disabled shows none
    AWAITED=$(cd "$NEW" && python3 -B -m driver.awaited "$APP/state.json" 2>/dev/null)
}

begin_trial() {
    [ -d "$OLD" ] && [ -n "$AWAITED" ] || return 0
    if [ -d "$PREVIOUS" ]; then # the trial before is not over: what it would go back to is proven, $OLD is not
        say "$AWAITED" >"$PREVIOUS/.awaited" && rm -f "$PREVIOUS/.watcher"
    else
        say "$AWAITED" >"$OLD/.awaited" && mv "$OLD" "$PREVIOUS"
    fi || say "The version before cannot be kept: this one is not watched."
}

end_trial() { rm -rf "$PREVIOUS"; }

watched() { # whether a watcher runs; its number may be another program's after a boot
    grep -qs 'install.sh' "/proc/$(cat "$PREVIOUS/.watcher" 2>/dev/null)/cmdline"
}

start_watcher() { # it outlives the shell that installs, and each boot starts it anew, with all its time
    [ -f "$PREVIOUS/.awaited" ] && ! watched || return 0
    (trap '' HUP && cd / && exec sh "$APP/install.sh" ${ROOT:+--root "$ROOT"} watch </dev/null >>"$APP/install.log" 2>&1) &
}

is_there() { # the battery $1, with values
    answer=$(dbus-send --system --print-reply=literal --reply-timeout=5000 --dest="$1" /Dc/0/Voltage \
        com.victronenergy.BusItem.GetValue 2>/dev/null)
    case $answer in *double* | *int*) ;; *) return 1 ;; esac
}

watch_driver() { # looks in the last fifth of the time, so that a battery may take its time and a link may drop
    [ -f "$PREVIOUS/.awaited" ] && echo $$ >"$PREVIOUS/.watcher" || return 0
    missing=$(cat "$PREVIOUS/.awaited")
    left=$TRIAL
    while watches; do
        [ "$left" -gt $((TRIAL / 5)) ] || look_for_missing
        [ -n "$missing" ] && [ "$left" -gt 0 ] || break
        sleep 1
        left=$((left - 1))
    done
    watches || return 0 # somebody has ended the trial
    if [ -n "$missing" ]; then
        roll_back "$TRIAL s after the upgrade these batteries were missing:$missing"
    else
        end_trial
        log_line "every battery is back: the upgrade to $(version "$APP") stays"
    fi
}

watches() { [ "$(cat "$PREVIOUS/.watcher" 2>/dev/null)" = $$ ]; }

look_for_missing() {
    still=
    for battery in $missing; do is_there "$battery" || still="$still $battery"; done
    missing=$still
}

log_line() { say "$(date -u '+%Y-%m-%d %H:%M:%S') $*"; }

roll_back() { # to the version before, because $1
    [ -f "$PREVIOUS/.awaited" ] || fail "there is no version to go back to"
    bad=$(version "$APP")
    release_id "$APP" >"$UNDO/refused" && say "$1" >"$UNDO/reason"
    rm -rf "$PREVIOUS/.undo" "$PREVIOUS/.awaited" "$PREVIOUS/.watcher"
    cp -Rp "$UNDO" "$PREVIOUS/.undo" && cp -p "$APP/install.log" "$PREVIOUS/" 2>/dev/null
    cmp -s "$APP/config.ini" "$PREVIOUS/config.ini" || cp -p "$APP/config.ini" "$PREVIOUS/config.ini.tried"
    STOPPED=yes
    stop_service
    mv "$PREVIOUS" "$BACK" && finish_rollback
    start_service
    STOPPED=
    line=$(log_line "$bad is rolled back to $(version "$APP"): $1")
    say "$line" && say "$line" >>"$APP/install.log"
}

finish_rollback() { # also when a power cut ended the one before
    rm -rf "$OLD"
    [ ! -e "$APP" ] || mv "$APP" "$OLD" && mv "$BACK" "$APP" && rm -rf "$OLD" || fail "cannot move $BACK to $APP"
}

# --- settings on the GX ----------------------------------------------------------------------------------------------

settings_of_ours() {
    dbus-send --system --print-reply --dest=com.victronenergy.settings /Settings/Devices \
        com.victronenergy.BusItem.GetValue 2>/dev/null | grep -o '"jk_[A-Za-z0-9_]*/[A-Za-z0-9_/]*"' | tr -d '"' | sort -u
}

remove_settings() {
    paths=$(settings_of_ours | sed 's|^|/Settings/Devices/|' | tr '\n' ',')
    [ -n "$paths" ] || { say "There are no settings of $NAME on the GX."; return; }
    dbus-send --system --print-reply --dest=com.victronenergy.settings / com.victronenergy.Settings.RemoveSettings \
        "array:string:${paths%,}" >/dev/null 2>&1
    left=$(settings_of_ours)
    [ -z "$left" ] || say "These settings cannot be removed from the GX:" "$left"
}

version() { sed -n 's/^__version__ = "\(.*\)"/\1/p' "$1/driver/__init__.py" 2>/dev/null; }

require_installation() {
    [ -f "$APP/service/run" ] && [ -f "$APP/driver/__init__.py" ] && return
    say "$NAME is not installed in $APP"
    exit 3
}

# --- commands --------------------------------------------------------------------------------------------------------

install_driver() {
    check_target
    if [ -n "$FROM" ] || [ "$SOURCE" != "$APP" ]; then
        check_space
        make_directory "${PLACE%/*}"
        make_directory /service
        find_release
        check_source
        recover
        copy_new
        if ! same_as_installed; then
            check_refused
            check_python
            rm -f "$PREVIOUS/.watcher" # whoever watches must not take this for a battery that is lost
            [ ! -L "$LINK" ] || STOPPED=yes
            stop_service
            find_awaited
            keep_own_files
            swap
            remember_made
        fi
    fi
    enable_driver
    STOPPED=
    if [ -n "$CHANGED" ]; then
        say "$NAME $(version "$APP") is installed in $APP and starts within seconds." \
            "Settings: $APP/config.ini, then: sh $APP/install.sh restart"
        [ ! -d "$PREVIOUS" ] || say "It is watched for $TRIAL s: when a battery is missing then," \
            "the version before comes back. Missing would be: $(tr '\n' ' ' <"$PREVIOUS/.awaited")"
    else
        say "$NAME $(version "$APP") was installed and enabled already: nothing is changed"
    fi
}

enable_driver() {
    check_target
    recover
    require_installation
    add_boot_line
    warn_of_boot_file
    start_service
    start_watcher
}

disable_driver() {
    require_installation
    end_trial # whoever switches it off does not want another version to be switched on
    remove_boot_line
    stop_service
    say "$NAME is disabled. Start it again with: sh $APP/install.sh enable"
}

restart_driver() {
    require_installation
    supervised "$APP/service" || fail "the service is not running: sh $APP/install.sh enable"
    svc -tu "$APP/service" || fail "cannot restart the service"
    say "$NAME restarts"
}

report_status() {
    require_installation
    say "$NAME $(version "$APP") in $APP"
    code=0
    if boots; then
        say "starts at boot: yes"
    else
        say "starts at boot: no, there is no line for it in $RC"
        code=4
    fi
    if supervised "$APP/service"; then
        state=$(svstat "$APP/service")
        say "now:${state#"$APP/service":}"
        case $state in *": up "*) ;; *) code=4 ;; esac
    elif [ ! -L "$LINK" ]; then
        say "now: stopped, there is no $LINK"
        code=4
    else
        say "now: not supervised (yet)"
        [ -n "$ROOT" ] || code=4
    fi
    [ ! -f "$PREVIOUS/.awaited" ] || say "upgraded: $(version "$PREVIOUS") comes back if a battery stays away"
    [ ! -s "$APP/install.log" ] || say "last upgrade: $(tail -n 1 "$APP/install.log")"
    exit "$code"
}

uninstall_driver() {
    [ -e "$APP" ] || say "$NAME is not installed in $APP"
    end_trial
    remove_boot_line
    stop_service
    made=$(cat "$UNDO/made" 2>/dev/null)
    [ -z "$SETTINGS" ] || remove_settings
    rm -rf "$NEW" "$OLD" "$BACK" "$ROOT/data/log/$NAME" "$ROOT/data/log/$NAME-install.log"
    [ -L "$ROOT/var/log" ] || rm -rf "$ROOT/var/log/$NAME" # on a GX it is a link to /data/log
    if [ -n "$KEEP_CONFIG" ] && [ -f "$APP/config.ini" ]; then
        for path in "$APP"/* "$APP"/.[!.]*; do
            [ "$path" = "$APP/config.ini" ] || rm -rf "$path"
        done
        say "$NAME is removed, $APP/config.ini is kept"
    else
        rm -rf "$APP" || fail "cannot remove $APP"
        say "$NAME is removed"
    fi
    remove_directories "$made"
}

main() {
    SELF=$(readlink -f "${INSTALL_SH:-$0}")
    SOURCE=$(dirname "$SELF")
    ROOT=
    case $SOURCE in # an installed copy serves the system it lies in
        "$(readlink -f $PLACE)") SOURCE=$PLACE ;;
        *"$PLACE") ROOT=${SOURCE%"$PLACE"} ;;
    esac
    KEEP_CONFIG='' COMMAND='' MADE='' STOPPED='' CHANGED='' FROM='' SUM='' AGAIN='' SETTINGS=''
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --keep-config) KEEP_CONFIG=yes ;;
            --settings) SETTINGS=yes ;;
            --again) AGAIN=yes ;;
            --sha256)
                [ $# -gt 1 ] && [ ${#2} = 64 ] || wrong_usage "--sha256 needs a checksum of 64 digits"
                SUM=$(say "$2" | tr 'A-F' 'a-f')
                shift
                ;;
            --root)
                [ $# -gt 1 ] || wrong_usage "--root needs a directory"
                ROOT=$(cd -P "$2" 2>/dev/null && pwd) || fail "--root $2: no such directory"
                ROOT=${ROOT%/}
                shift
                ;;
            install | enable | disable | restart | status | rollback | uninstall | allowed | watch)
                [ -z "$COMMAND" ] || wrong_usage "one command at a time"
                COMMAND=$1
                ;;
            -*) wrong_usage "unknown argument $1" ;;
            *)
                [ "$COMMAND" = install ] && [ -z "$FROM" ] || wrong_usage "unknown argument $1"
                FROM=$1
                ;;
        esac
        shift
    done
    [ -n "$COMMAND" ] || wrong_usage "a command is needed"
    [ -z "$KEEP_CONFIG$SETTINGS" ] || [ "$COMMAND" = uninstall ] ||
        wrong_usage "--keep-config and --settings belong to uninstall"
    [ -z "$AGAIN$SUM" ] || [ "$COMMAND" = install ] || wrong_usage "--again and --sha256 belong to install"
    APPS=$ROOT${PLACE%/*}
    APP=$ROOT$PLACE
    NEW=$APPS/.$NAME.new
    OLD=$APPS/.$NAME.old
    BACK=$APPS/.$NAME.back
    FETCHED=$APPS/.$NAME.fetched.tar.gz
    UNPACKED=$APPS/.$NAME.unpacked
    PREVIOUS=$APP/.previous
    UNDO=$APP/.undo # what rc.local and the directories were before us
    RC=$ROOT/data/rc.local
    RC_NEW=$ROOT/data/.rc.local.$NAME
    LINK=$ROOT/service/$NAME
    LINK_TARGET=${ROOT:+..}$PLACE/service # relative, so that a root that is moved or entered stays whole
    umask 022
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    case $COMMAND in
        install) install_driver ;;
        enable) enable_driver && say "$NAME is enabled and starts within seconds" ;;
        disable) disable_driver ;;
        restart) restart_driver ;;
        status) report_status ;;
        rollback) roll_back "the owner wanted it" ;;
        watch) watch_driver ;;
        allowed) check_target && check_space && say "$NAME can be installed here" ;;
        uninstall) uninstall_driver ;;
    esac
}

main "$@"; exit
