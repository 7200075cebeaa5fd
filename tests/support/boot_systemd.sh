#!/bin/sh
# Boot this machine's systemd as PID 1 of private namespaces, with one user, ann. tests/support/systemd.py runs it.
#
#   unshare --fork --pid --mount --uts --ipc --cgroup boot_systemd.sh OUTER_MOUNT_NAMESPACE VISIBLE_DIRECTORY...
#
# It gets units of its own and nothing else (SYSTEMD_UNIT_PATH): no systemd-tmpfiles, no udev, no sysctl, no network. If
# it ran them all the same, they would find empty places: at boot systemd-tmpfiles empties /tmp, so everything that it
# could reach is covered before, and looked at twice. Kernel settings and devices are out of its reach.
set -eu

outer=$1; shift
covered="/run /tmp /var/tmp /var/log /var/lib/systemd /var/cache /home /root"

refuse() { echo "not booted: $*" >&2; exit 1; }

[ "$$" = 1 ] || refuse "this is not PID 1 of a namespace of its own"
[ "$(readlink /proc/self/ns/mnt)" != "$outer" ] || refuse "the mounts are everybody's"
mount --make-rprivate /
mount -t proc proc /proc

# What the tests need of the places that are about to be covered.
mount -t tmpfs -o mode=0755 tmpfs /run
number=0
for directory in "$@"; do
  number=$((number + 1))
  mkdir -p "/run/kept/$number"
  mount --bind "$directory" "/run/kept/$number"
done
for directory in $covered; do
  [ "$directory" = /run ] || mount -t tmpfs -o mode=0755 tmpfs "$directory"
done
chmod 1777 /tmp /var/tmp

# Looked at once: each place is a new and empty file system, and no mount goes back to where the tests run.
for directory in $covered; do
  [ "$(findmnt --noheadings --output FSTYPE --mountpoint "$directory" | tail -n 1)" = tmpfs ] || refuse "$directory is not covered"
  [ "$directory" = /run ] || [ -z "$(ls -A "$directory")" ] || refuse "$directory is not empty"
done
! grep -Eq ' (shared|master):' /proc/self/mountinfo || refuse "mounts are shared with the outside"

number=0
for directory in "$@"; do
  number=$((number + 1))
  mkdir -p "$directory"
  mount --move "/run/kept/$number" "$directory"
done

# Kernel settings can be read only; of the control groups there is our own part; devices are the harmless ones.
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind /sys /sys
mount -o remount,bind,ro /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /run/dev
mount -t tmpfs -o mode=0755 tmpfs /run/dev
for device in null zero full random urandom tty; do
  : > "/run/dev/$device"
  mount --bind "/dev/$device" "/run/dev/$device"
done
mkdir /run/dev/pts /run/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /run/dev/pts
mount -t tmpfs -o mode=1777 tmpfs /run/dev/shm
ln -s pts/ptmx /run/dev/ptmx
ln -s /proc/self/fd /run/dev/fd
mount --move /run/dev /dev

# The user, known here only.
mkdir /run/etc
for file in passwd shadow group machine-id; do
  cp "/etc/$file" /run/etc/ 2>/dev/null || : > "/run/etc/$file"
done
echo 'ann:x:4242:4242:Ann:/home/ann:/bin/sh' >> /run/etc/passwd
echo 'ann:!:19000:0:99999:7:::' >> /run/etc/shadow
echo 'ann:x:4242:' >> /run/etc/group
echo 0123456789abcdef0123456789abcdef > /run/etc/machine-id
for file in passwd shadow group machine-id; do
  [ ! -e "/etc/$file" ] || mount --bind "/run/etc/$file" "/etc/$file"
done
mkdir -m 0700 /home/ann
chown 4242:4242 /home/ann
mkdir /var/log/journal

# What is booted: the journal, the system's bus, logins, and the managers of users. Each is the machine's own unit.
units=/run/boot
mkdir $units
for unit in \
  basic.target dbus-org.freedesktop.login1.service dbus.service dbus.socket exit.target final.target paths.target \
  shutdown.target slices.target sockets.target sysinit.target systemd-exit.service systemd-journald-dev-log.socket \
  systemd-journald.service systemd-journald.socket systemd-logind.service timers.target umount.target user-.slice.d \
  user-runtime-dir@.service user.slice user@.service
do
  for place in /usr/lib/systemd/system /lib/systemd/system; do
    if [ -e "$place/$unit" ]; then ln -s "$place/$unit" "$units/$unit"; break; fi
  done
done
printf '[Unit]\nRequires=systemd-journald.socket systemd-journald.service dbus.socket\n' > $units/boot.target

# Looked at twice: the last thing before systemd.
for directory in /tmp /run /var/tmp /var/log /var/lib/systemd /var/cache; do
  [ "$(stat --file-system --format %T "$directory")" = tmpfs ] || refuse "$directory is not covered"
done
[ "$(readlink /proc/self/ns/mnt)" != "$outer" ] || refuse "the mounts are everybody's"

# As on a machine: a disk that is mounted later is seen by services too. Who shares here is inside only.
mount --make-rshared /
exec env -i container=private PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  SYSTEMD_UNIT_PATH=$units SYSTEMD_GENERATOR_PATH=/nowhere SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nowhere \
  /lib/systemd/systemd --system --unit=boot.target --log-target=null --show-status=0
