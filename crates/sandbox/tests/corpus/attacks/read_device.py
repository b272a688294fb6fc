"""Opens a device: a disk, the memory of the machine, the log of the kernel, another machine."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool

DEVICES = ("/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/ptmx")


@tool
def attack() -> str:
    """Opens and reads nothing."""
    met: Exception = FileNotFoundError("no device")
    for device in DEVICES:
        try:
            os.close(os.open(device, os.O_RDONLY | os.O_NONBLOCK))
            return f"escaped: opened {device}"
        except OSError as problem:
            met = problem
    raise met
