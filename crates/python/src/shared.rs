//! Memory that the pool and one worker share: which call was started last, what was revoked, and
//! the answers that are not yet on the stream. It outlives the worker, so a crash loses no answer
//! and tells exactly which calls had begun.
#![expect(
    unsafe_code,
    reason = "memory shared between processes has no safe interface"
)]

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr::{self, NonNull},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{MemfdFlags, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

/// Answers that are held back to be written by one system call.
pub(crate) const HELD_BYTES_MAX: usize = 64 << 10;

/// Each word has a cache line of its own.
const LINE_WORDS: usize = 8;
const WORDS: usize = 4096;
const LENGTH: usize = WORDS + HELD_BYTES_MAX;

/// One mapping of the memory.
pub struct Shared {
    base: NonNull<u8>,
    /// A worker does not keep it: by it, a tool could reach what is said of calls.
    file: Option<OwnedFd>,
}

// SAFETY: the words are only used as atomics. The held bytes are written by the worker behind its
// own lock, and read by the pool after the worker is gone.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub fn create() -> io::Result<Self> {
        let file = memfd_create("luthier-worker", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, LENGTH as u64)?;
        let base = map(&file)?;
        let file = Some(file);
        Ok(Self { base, file })
    }

    /// The worker's side: takes over the memory that came with the first frame.
    pub fn adopt(file: &OwnedFd) -> io::Result<Self> {
        let base = map(file)?;
        Ok(Self { base, file: None })
    }

    /// What is handed to the worker.
    pub fn file(&self) -> io::Result<BorrowedFd<'_>> {
        let file = self.file.as_ref();
        file.map(AsFd::as_fd)
            .ok_or_else(|| io::Error::other("the memory was handed over already"))
    }

    /// The number of the call that was started last.
    pub fn started(&self) -> &AtomicU64 {
        self.word(0)
    }

    /// No call up to this number may be started any more.
    pub fn revoked(&self) -> &AtomicU64 {
        self.word(1)
    }

    /// The number of the call whose interrupt the worker's loop has seen last.
    pub fn interrupted(&self) -> &AtomicU64 {
        self.word(2)
    }

    fn held(&self) -> &AtomicU64 {
        self.word(3)
    }

    /// The call that the worker's main thread runs; 0 for none.
    pub fn running(&self) -> &AtomicU64 {
        self.word(4)
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        // SAFETY: the first page holds the words: aligned, mapped as long as `self`, and only ever
        // used as atomics by both processes.
        unsafe { AtomicU64::from_ptr(self.base.cast::<u64>().as_ptr().add(index * LINE_WORDS)) }
    }

    /// Appends whole frames to those held back; false when there is no room.
    pub fn hold(&self, frames: &[u8]) -> bool {
        let length = self.held_length();
        if length + frames.len() > HELD_BYTES_MAX {
            return false;
        }
        // SAFETY: the range lies in the mapping, and the worker writes it behind one lock.
        unsafe {
            let end = self.base.as_ptr().add(WORDS + length);
            ptr::copy_nonoverlapping(frames.as_ptr(), end, frames.len());
        }
        self.held()
            .store((length + frames.len()) as u64, Ordering::Release);
        true
    }

    pub fn held_length(&self) -> usize {
        let length = usize::try_from(self.held().load(Ordering::Acquire)).unwrap_or(usize::MAX);
        length.min(HELD_BYTES_MAX)
    }

    /// A copy of what is held back.
    pub fn held_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.held_length()];
        // SAFETY: `held_length` is at most what the mapping holds behind the words.
        unsafe {
            let start = self.base.as_ptr().add(WORDS);
            ptr::copy_nonoverlapping(start, bytes.as_mut_ptr(), bytes.len());
        }
        bytes
    }

    /// The held bytes from `offset` on, in place.
    pub fn held_from(&self, offset: usize) -> &[u8] {
        let length = self.held_length();
        let offset = offset.min(length);
        // SAFETY: inside the mapping; only called by the worker behind the lock under which it
        // writes, so nothing changes the bytes while they are borrowed.
        unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().add(WORDS + offset), length - offset)
        }
    }

    pub fn forget_held(&self) {
        self.held().store(0, Ordering::Release);
    }
}

/// A mapping of its own.
fn map(file: &OwnedFd) -> io::Result<NonNull<u8>> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address that the kernel picks; the file is `LENGTH` long.
    let base = unsafe { mmap(ptr::null_mut(), LENGTH, access, MapFlags::SHARED, file, 0)? };
    NonNull::new(base.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: `base` is the mapping that `map` made; no borrow of it outlives `self`.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), LENGTH) };
        debug_assert!(unmapped.is_ok(), "a mapping of ours can be undone");
    }
}
