# A training container's file system: all of it read-only but for /opt/ml/{model,output,checkpoints}
# and /tmp, the channels FastFile mounts. $1: the job's folder, $2: where to put what came out, both
# below /tmp; the rest: the program. Its own mounts only: it is started by `unshare --mount`.
set -e
job=$1 out=$2
shift 2
mount --make-rprivate /
mount -t tmpfs none /opt
mkdir /opt/ml
cp -rL "$job"/. /opt/ml
for place in model output checkpoints; do
  mkdir -p "/opt/ml/$place"
  mount --bind "/opt/ml/$place" "/opt/ml/$place"
done
mount --bind /tmp /tmp
for place in $(cut -d' ' -f5 /proc/self/mountinfo | sort -u); do
  case $place in
    /opt/ml/* | /tmp | /tmp/* | /proc* | /sys* | /dev*) ;;
    *) mount -o remount,bind,ro "$place" ;;
  esac
done
for place in /opt/ml /opt/ml/input/data/train "$HOME" /var /; do
  if touch "$place/written" 2>/dev/null; then
    echo "$place can be written"
    exit 99
  fi
done
status=0
"$@" || status=$?
cp -r /opt/ml/. "$out"
exit $status
