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
SHIPPED="driver service install.sh config.ini.default README.md LICENSE CHANGELOG.md"

usage() {
    cat <<END
usage: sh install.sh [--root DIR] COMMAND

  install    copy the driver to $PLACE and enable it. A config.ini that is
             there already is kept, this version's own lies beside it as
             config.ini.default. A second run changes nothing.
  enable     start the driver, now and at each boot (one line in /data/rc.local)
  disable    stop it, now and at each boot; the files stay
  restart    restart the running driver, after a change of config.ini for example
  status     tell what is installed and whether it runs
  uninstall  disable, then remove the driver, its configuration and its log;
             with --keep-config, config.ini stays

  --root DIR work on the system whose root directory is DIR, not on the running one

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
    rm -rf "$NEW" "$RC_NEW"
    [ -z "$STOPPED" ] || [ ! -f "$APP/service/run" ] || ln -sfn "$LINK_TARGET" "$LINK"
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

check_source() {
    for file in $NEEDED; do
        [ -f "$SOURCE/$file" ] || fail "$SOURCE/$file is missing: copy the whole folder again"
    done
}

check_target() {
    [ -n "$ROOT" ] || [ -d /opt/victronenergy ] || fail "this is no Venus OS: there is no /opt/victronenergy"
    [ ! -L "$APP" ] || fail "$APP is a link: remove it first"
    [ ! -e "$APP" ] || [ -d "$APP" ] || fail "$APP is in the way: a directory is needed there"
    [ ! -e "$LINK" ] || [ -L "$LINK" ] || fail "$LINK is in the way: this script did not make it, remove it first"
    check_boot_file
}

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
    rm -rf "$OLD"
    CHANGED=yes
}

recover() { # from an installation that was cut off while it swapped
    [ -e "$APP" ] || [ ! -d "$OLD" ] || mv "$OLD" "$APP" || fail "cannot move $OLD back to $APP"
    rm -rf "$OLD"
}

version() { sed -n 's/^__version__ = "\(.*\)"/\1/p' "$APP/driver/__init__.py"; }

require_installation() {
    [ -f "$APP/service/run" ] && [ -f "$APP/driver/__init__.py" ] && return
    say "$NAME is not installed in $APP"
    exit 3
}

# --- commands --------------------------------------------------------------------------------------------------------

install_driver() {
    check_target
    if [ "$SOURCE" != "$APP" ]; then
        check_source
        make_directory "${PLACE%/*}"
        make_directory /service
        recover
        copy_new
        if ! same_as_installed; then
            [ ! -L "$LINK" ] || STOPPED=yes
            stop_service
            keep_own_files
            swap
            remember_made
        fi
    fi
    enable_driver
    STOPPED=
    if [ -n "$CHANGED" ]; then
        say "$NAME $(version) is installed in $APP and starts within seconds." \
            "Settings: $APP/config.ini, then: sh $APP/install.sh restart"
    else
        say "$NAME $(version) was installed and enabled already: nothing is changed"
    fi
}

enable_driver() {
    check_target
    require_installation
    add_boot_line
    warn_of_boot_file
    start_service
}

disable_driver() {
    require_installation
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
    say "$NAME $(version) in $APP"
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
    exit "$code"
}

uninstall_driver() {
    [ -e "$APP" ] || say "$NAME is not installed in $APP"
    remove_boot_line
    stop_service
    made=$(cat "$UNDO/made" 2>/dev/null)
    rm -rf "$NEW" "$OLD" "$ROOT/data/log/$NAME"
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
    KEEP_CONFIG='' COMMAND='' MADE='' STOPPED='' CHANGED=''
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --keep-config) KEEP_CONFIG=yes ;;
            --root)
                [ $# -gt 1 ] || wrong_usage "--root needs a directory"
                ROOT=$(cd -P "$2" 2>/dev/null && pwd) || fail "--root $2: no such directory"
                ROOT=${ROOT%/}
                shift
                ;;
            install | enable | disable | restart | status | uninstall)
                [ -z "$COMMAND" ] || wrong_usage "one command at a time"
                COMMAND=$1
                ;;
            *) wrong_usage "unknown argument $1" ;;
        esac
        shift
    done
    [ -n "$COMMAND" ] || wrong_usage "a command is needed"
    [ -z "$KEEP_CONFIG" ] || [ "$COMMAND" = uninstall ] || wrong_usage "--keep-config belongs to uninstall"
    APPS=$ROOT${PLACE%/*}
    APP=$ROOT$PLACE
    NEW=$APPS/.$NAME.new
    OLD=$APPS/.$NAME.old
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
        uninstall) uninstall_driver ;;
    esac
}

main "$@"; exit
