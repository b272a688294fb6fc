//! What the default policy says of each module of `CPython` 3.11's standard library, and why.

use std::{collections::HashMap, sync::LazyLock};

/// What is to be said of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Allowed,
    Refused {
        reason: &'static str,
        hint: &'static str,
    },
}

/// What is said of this very name; nothing, if it has to be looked for by a shorter one.
pub(super) fn find(name: &str) -> Option<Standing> {
    STANDINGS.get(name).copied()
}

/// Is it a module of the standard library, and not `luthier`, `lib` or a package?
pub(super) fn is_module(top: &str) -> bool {
    !OWN.contains(&top)
}

static STANDINGS: LazyLock<HashMap<&'static str, Standing>> = LazyLock::new(|| {
    let allowed = OWN
        .iter()
        .chain(COMPUTING)
        .map(|name| (*name, Standing::Allowed));
    let refused = REFUSED.iter().flat_map(|group| {
        let standing = Standing::Refused {
            reason: group.reason,
            hint: group.hint,
        };
        group.names.iter().map(move |name| (*name, standing))
    });
    allowed.chain(refused).collect()
});

/// Luthier's own, the workspace's own, and what Luthier stands in for so that `FastMCP` modules load.
const OWN: &[&str] = &["luthier", "lib", "fastmcp", "mcp"];

/// What computes, and reaches nothing by itself. Of a package that does both, the parts that compute.
/// `pathlib` is among them because arguments can be paths: what there is to be read is the sandbox's
/// affair.
#[rustfmt::skip]
const COMPUTING: &[&str] = &[
    "__future__", "abc", "array", "ast", "asyncio", "base64", "binascii", "bisect", "bz2", "calendar",
    "cmath", "codecs", "collections", "colorsys", "configparser", "contextlib", "contextvars", "copy",
    "csv", "dataclasses", "datetime", "decimal", "difflib", "email", "enum", "errno", "fnmatch",
    "fractions", "functools", "graphlib", "gzip", "hashlib", "heapq", "hmac", "html",
    "http.HTTPMethod", "http.HTTPStatus", "inspect.cleandoc", "inspect.isawaitable",
    "inspect.iscoroutinefunction", "io", "ipaddress", "itertools", "json", "keyword", "logging", "lzma",
    "math", "numbers", "operator", "pathlib", "plistlib", "pprint", "queue", "quopri", "random", "re",
    "reprlib", "sched", "secrets", "shlex", "statistics", "string", "stringprep", "struct",
    "sys.byteorder", "sys.float_info", "sys.hash_info", "sys.int_info", "sys.maxsize", "sys.maxunicode",
    "sys.version_info", "textwrap", "time", "token", "tokenize", "tomllib", "traceback", "types",
    "typing", "unicodedata", "urllib.parse", "uuid", "warnings", "weakref", "xml.dom", "xml.etree",
    "xml.parsers", "xml.sax.saxutils", "zlib", "zoneinfo",
];

struct Group {
    reason: &'static str,
    hint: &'static str,
    names: &'static [&'static str],
}

const MATERIAL: &str =
    "what a tool needs comes as an argument, from `ctx.state` or from `ctx.assets`";

#[rustfmt::skip]
const REFUSED: &[Group] = &[
    Group {
        reason: "it reaches the machine: its files, its processes, its environment",
        hint: MATERIAL,
        names: &[
            "fcntl", "getpass", "grp", "msvcrt", "nis", "nt", "os", "ossaudiodev", "platform", "posix",
            "pwd", "resource", "site", "spwd", "sysconfig", "syslog", "winreg", "winsound",
        ],
    },
    Group {
        reason: "it looks at the machine's files",
        hint: "for paths as text there is `pathlib.PurePosixPath`",
        names: &["genericpath", "ntpath", "nturl2path", "os.path", "posixpath", "stat"],
    },
    Group {
        reason: "it reads and writes files",
        hint: MATERIAL,
        names: &[
            "aifc", "dbm", "filecmp", "fileinput", "glob", "imghdr", "linecache", "mailbox", "mailcap",
            "mimetypes", "netrc", "shutil", "sndhdr", "sqlite3", "sunau", "tarfile", "tempfile", "wave",
            "zipapp", "zipfile",
            "bz2.open", "codecs.open", "gzip.open", "io.FileIO", "io.open", "io.open_code",
            "logging.FileHandler", "logging.config", "logging.handlers", "lzma.open", "tokenize.open",
        ],
    },
    Group {
        reason: "it starts other programs",
        hint: "what another tool does is called by `ctx.call`",
        names: &[
            "ensurepip", "multiprocessing", "pipes", "subprocess", "venv", "webbrowser",
            "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "asyncio.subprocess",
            // Both may ask `ifconfig` for the address of the machine.
            "uuid.getnode", "uuid.uuid1",
        ],
    },
    Group {
        reason: "it reaches the network",
        hint: "what another tool does is called by `ctx.call`; `urllib.parse` reads addresses",
        names: &[
            "asynchat", "asyncore", "cgi", "cgitb", "ftplib", "http", "imaplib", "nntplib", "poplib",
            "select", "selectors", "smtpd", "smtplib", "socket", "socketserver", "ssl", "telnetlib",
            "urllib", "wsgiref", "xmlrpc",
            // Fetches what a document names.
            "xml.sax",
            "asyncio.open_connection", "asyncio.open_unix_connection", "asyncio.start_server",
            "asyncio.start_unix_server",
        ],
    },
    Group {
        reason: "it starts threads, and what a call comes to would hang on their timing",
        hint: "`async def` with `asyncio.gather` waits for many things at once",
        names: &["asyncio.to_thread", "concurrent", "threading"],
    },
    Group {
        reason: "it changes the whole process, which other calls share",
        hint: "",
        names: &["atexit", "gettext", "locale", "signal"],
    },
    Group {
        reason: "it imports by a name that is not in the text",
        hint: "write an `import`",
        names: &["imp", "importlib", "modulefinder", "pkgutil", "runpy", "zipimport"],
    },
    Group {
        reason: "it runs text as code",
        hint: "`ast.literal_eval` and `json` read values",
        names: &[
            "code", "codeop", "compileall", "doctest", "py_compile", "timeit",
            "types.CodeType", "types.FunctionType", "types.LambdaType",
            "typing.ForwardRef", "typing.get_type_hints",
        ],
    },
    Group {
        reason: "it calls what its data names",
        hint: "`json` and `struct` store values",
        names: &["copyreg", "marshal", "pickle", "pickletools", "shelve"],
    },
    Group {
        reason: "it reaches memory past Python",
        hint: "`array`, `struct` and `memoryview` hold numbers",
        names: &["ctypes", "mmap"],
    },
    Group {
        reason: "it looks into the interpreter that runs it",
        hint: "`from sys import maxsize` and the like pass; how long a call takes is measured for you",
        names: &[
            "bdb", "builtins", "cProfile", "dis", "faulthandler", "gc", "inspect", "opcode", "pdb",
            "profile", "pstats", "pyclbr", "symtable", "sys", "trace", "tracemalloc",
            "traceback.walk_stack", "traceback.walk_tb",
        ],
    },
    Group {
        reason: "it speaks with a person at a terminal",
        hint: "arguments come with the call, and `ctx.ask` asks for more",
        names: &[
            "argparse", "cmd", "curses", "getopt", "optparse", "readline", "rlcompleter", "termios",
            "tkinter", "tty", "turtle", "pty",
        ],
    },
    Group {
        reason: "it is for developing or for building Python, not for tools",
        hint: "",
        names: &[
            "antigravity", "distutils", "encodings", "idlelib", "lib2to3", "msilib", "pydoc",
            "pydoc_data", "pyexpat", "sre_compile", "sre_constants", "sre_parse", "tabnanny", "this",
            "turtledemo", "unittest",
        ],
    },
    Group {
        reason: "Python is about to drop it",
        hint: "",
        names: &["audioop", "chunk", "crypt", "uu", "xdrlib"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_of_the_standard_library_is_decided_on_once() {
        let decided: Vec<&str> = COMPUTING
            .iter()
            .chain(REFUSED.iter().flat_map(|group| group.names))
            .copied()
            .collect();
        let tops: std::collections::BTreeSet<&str> = decided
            .iter()
            .map(|name| name.split('.').next().unwrap())
            .collect();

        let undecided: Vec<&str> = include_str!("../../tests/data/standard-library-3.11.txt")
            .lines()
            .filter(|name| !tops.contains(name))
            .collect();

        assert_eq!(undecided, Vec::<&str>::new());
        assert_eq!(
            STANDINGS.len(),
            OWN.len() + decided.len(),
            "a name stands in two places"
        );
    }
}
