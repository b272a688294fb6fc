//! The shim between SQLite and its own unix VFS.
//!
//! A file of ours is a [`ShimFile`] with the real one's memory right behind it; each method tells
//! the [`Disk`] and passes on.
#![expect(
    unsafe_code,
    reason = "SQLite's VFS is a C interface, and nothing else sees each write and sync"
)]

use std::{
    ffi::{CStr, CString, OsStr, c_char, c_int, c_void},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    ptr, slice,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use rusqlite::ffi::{
    SQLITE_IOERR_SHORT_READ, SQLITE_OK, sqlite3_file, sqlite3_filename, sqlite3_int64,
    sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};

use super::{Disk, Kind};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Registering changes a list of SQLite's.
static REGISTERING: Mutex<()> = Mutex::new(());

#[repr(C)]
struct ShimFile {
    base: sqlite3_file,
    disk: &'static Disk,
    /// Leaked into the file, taken back when it is closed; null for a file without a name.
    path: *mut PathBuf,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // 2 has shared memory, which the write-ahead log needs; 3 would map files past the shim.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

pub(super) fn register(disk: impl FnOnce(CString) -> Disk) -> &'static Disk {
    let name = format!("power-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let name = CString::new(name).expect("no NUL in it");
    let disk: &'static Disk = Box::leak(Box::new(disk(name)));
    let _registering = REGISTERING.lock().unwrap();
    // SAFETY: the default VFS lives as long as the process; it is copied so that all we don't
    // replace (randomness, time, libraries) works on as it is, `pAppData` aside. Ours is leaked, as
    // SQLite asks of a registered one.
    unsafe {
        let real = sqlite3_vfs_find(ptr::null());
        let mut ours = *real;
        ours.iVersion = 1;
        ours.pNext = ptr::null_mut();
        ours.zName = disk.name.as_ptr();
        ours.szOsFile += c_int::try_from(size_of::<ShimFile>()).unwrap();
        ours.pAppData = ptr::from_ref(disk).cast_mut().cast();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        ours.xAccess = Some(access);
        ours.xFullPathname = Some(full_pathname);
        assert_eq!(
            sqlite3_vfs_register(Box::leak(Box::new(ours)), 0),
            SQLITE_OK
        );
    }
    disk
}

/// The VFS below ours.
fn real_vfs() -> *mut sqlite3_vfs {
    // SAFETY: reads SQLite's own list, under its own lock.
    unsafe { sqlite3_vfs_find(ptr::null()) }
}

/// # Safety
/// `vfs` is one that [`register`] made.
unsafe fn disk_of(vfs: *mut sqlite3_vfs) -> &'static Disk {
    // SAFETY: `register` put a leaked `Disk` there.
    unsafe { &*(*vfs).pAppData.cast::<Disk>() }
}

/// # Safety
/// `file` was opened by [`open`].
unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: SQLite gave `szOsFile` bytes, and the real file's begin right after ours, aligned
    // because a `ShimFile` is made of pointers.
    unsafe { file.cast::<ShimFile>().add(1).cast() }
}

/// # Safety
/// `file` was opened by [`open`] and is not closed.
unsafe fn shim<'a>(file: *mut sqlite3_file) -> (&'static Disk, Option<&'a Path>) {
    // SAFETY: `open` filled it in, and its path lives until `close`.
    unsafe {
        let file = &*file.cast::<ShimFile>();
        (file.disk, file.path.as_ref().map(PathBuf::as_path))
    }
}

/// # Safety
/// `name` is null or a C string that outlives the call.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives our VFS, a name that lives as long as the file, and `szOsFile` bytes.
    unsafe {
        let disk = disk_of(vfs);
        (*file).pMethods = ptr::null();
        let below = real(file);
        let real_vfs = real_vfs();
        let code = (*real_vfs).xOpen.unwrap()(real_vfs, name, below, flags, out_flags);
        // Even after a failure the real file may want to be closed.
        if (*below).pMethods.is_null() {
            return code;
        }
        let path = path_of(name);
        if let Some(path) = &path {
            disk.opened(path, fs::read(path).ok());
        }
        let path = path.map_or(ptr::null_mut(), |path| Box::into_raw(Box::new(path)));
        file.cast::<ShimFile>().write(ShimFile {
            base: sqlite3_file {
                pMethods: &raw const METHODS,
            },
            disk,
            path,
        });
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: SQLite gives our VFS and a C string.
    unsafe {
        let real_vfs = real_vfs();
        let code = (*real_vfs).xDelete.unwrap()(real_vfs, name, sync);
        if code == SQLITE_OK
            && let Some(path) = path_of(name)
        {
            disk_of(vfs).removed(&path, sync != 0);
        }
        code
    }
}

unsafe extern "C" fn access(
    _vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let vfs = real_vfs();
    // SAFETY: passed on as it came, to the VFS it is for.
    unsafe { (*vfs).xAccess.unwrap()(vfs, name, flags, out) }
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut sqlite3_vfs,
    name: *const c_char,
    length: c_int,
    out: *mut c_char,
) -> c_int {
    let vfs = real_vfs();
    // SAFETY: passed on as it came, to the VFS it is for.
    unsafe { (*vfs).xFullPathname.unwrap()(vfs, name, length, out) }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the path is taken back here and nowhere else.
    unsafe {
        let below = real(file);
        let code = (*(*below).pMethods).xClose.unwrap()(below);
        let path = (*file.cast::<ShimFile>()).path;
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
        code
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: an open file of ours and a buffer of `amount` bytes, passed on.
    unsafe {
        let (disk, path) = shim(file);
        if let Some(path) = path
            && let Err(code) = disk.begin(Kind::Read, path)
        {
            return code;
        }
        let below = real(file);
        let code = (*(*below).pMethods).xRead.unwrap()(below, into, amount, offset);
        debug_assert!(code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ);
        code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: an open file of ours and a buffer of `amount` bytes, read and passed on.
    unsafe {
        let (disk, path) = shim(file);
        let mut given = usize::try_from(amount).unwrap();
        let mut failure = None;
        if let Some(path) = path
            && let Err(code) = disk.begin(Kind::Write, path)
        {
            // A write that fails may have been made in part.
            given /= 2;
            failure = Some(code);
        }
        if let Some(path) = path {
            let bytes = slice::from_raw_parts(from.cast::<u8>(), given);
            disk.wrote(path, usize::try_from(offset).unwrap(), bytes);
        }
        let below = real(file);
        let given = c_int::try_from(given).unwrap();
        let code = (*(*below).pMethods).xWrite.unwrap()(below, from, given, offset);
        failure.unwrap_or(code)
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: an open file of ours, passed on.
    unsafe {
        if let (disk, Some(path)) = shim(file) {
            disk.truncated(path, usize::try_from(size).unwrap());
        }
        let below = real(file);
        (*(*below).pMethods).xTruncate.unwrap()(below, size)
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: an open file of ours. Not passed on: what is durable is for `Disk` to say, and the
    // real disk's time would be spent for nothing.
    unsafe {
        if let (disk, Some(path)) = shim(file) {
            let changes = disk.pending(path);
            if let Err(code) = disk.begin(Kind::Sync, path) {
                return code;
            }
            disk.synced(path, changes);
        }
        SQLITE_OK
    }
}

macro_rules! pass_on {
    ($($method:ident => $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(
            unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $kind),*) -> $answer {
                // SAFETY: an open file of ours; everything is passed on as it came.
                unsafe {
                    let below = real(file);
                    (*(*below).pMethods).$method.unwrap()(below, $($argument),*)
                }
            }
        )*
    };
}

pass_on! {
    xFileSize => file_size(size: *mut sqlite3_int64) -> c_int;
    xLock => lock(level: c_int) -> c_int;
    xUnlock => unlock(level: c_int) -> c_int;
    xCheckReservedLock => check_reserved_lock(out: *mut c_int) -> c_int;
    xFileControl => file_control(operation: c_int, argument: *mut c_void) -> c_int;
    xSectorSize => sector_size() -> c_int;
    xDeviceCharacteristics => device_characteristics() -> c_int;
    xShmMap => shm_map(page: c_int, bytes: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    xShmLock => shm_lock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    xShmBarrier => shm_barrier() -> ();
    xShmUnmap => shm_unmap(delete: c_int) -> c_int;
}
