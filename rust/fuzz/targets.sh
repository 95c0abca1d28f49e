# What run.sh and long.sh know of a target; $here is this folder.

# The dictionary of what it reads, if there is one.
dictionary() {
    case $1 in
        tls | ssh | captures | frames | certificate) echo "$here/dictionaries/$1.dict" ;;
        tap_frames | tap_segments) echo "$here/dictionaries/tls.dict" ;;
    esac
}

# Octets of its longest inputs. Where an input is a list of pieces of one small thing, more of them say nothing new and cost time.
longest() {
    case $1 in
        fragments) echo 256 ;;
        stream) echo 1024 ;;
        *) echo 32768 ;;
    esac
}
