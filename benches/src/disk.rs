//! The floor: what the disk takes for one durable 4 KB write, with nothing above it.

use std::{
    fs::File,
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    document::DOCUMENT_BYTES,
    load::{Measured, new_histogram, record},
};

const FILE_BYTES: usize = 64 << 20;

/// Overwrites blocks of a file that is all there already, each followed by fdatasync.
pub(crate) fn overwrite(folder: &Path, duration: Duration) -> Result<Measured> {
    let file = File::create(folder.join("overwritten"))?;
    (&file).write_all(&vec![1; FILE_BYTES])?;
    file.sync_all()?;
    let blocks = FILE_BYTES / DOCUMENT_BYTES;
    measure(duration, |write| {
        let offset = (write % blocks) * DOCUMENT_BYTES;
        file.write_all_at(&[2; DOCUMENT_BYTES], offset as u64)?;
        Ok(file.sync_data()?)
    })
}

/// Appends to a file, so that its size is written each time as well.
pub(crate) fn append(folder: &Path, duration: Duration) -> Result<Measured> {
    let mut file = File::create(folder.join("appended"))?;
    measure(duration, |_write| {
        file.write_all(&[2; DOCUMENT_BYTES])?;
        Ok(file.sync_data()?)
    })
}

fn measure(duration: Duration, mut write: impl FnMut(usize) -> Result<()>) -> Result<Measured> {
    let mut latency_ns = new_histogram();
    let began = Instant::now();
    for number in 0.. {
        let called = Instant::now();
        if called.duration_since(began) > duration {
            break;
        }
        write(number)?;
        record(&mut latency_ns, called.elapsed());
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ops_per_second = latency_ns.len() as f64 / began.elapsed().as_secs_f64();
    Ok(Measured {
        ops_per_second,
        latency_ns,
    })
}
