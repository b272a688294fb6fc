"""Lists the users of the machine."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised | value
# denied: "nobody"

import pwd

from luthier import tool


@tool
def attack() -> str:
    """Asks the database of users."""
    users = [user.pw_name for user in pwd.getpwall()]
    return f"escaped: {users}" if users else "nobody"
