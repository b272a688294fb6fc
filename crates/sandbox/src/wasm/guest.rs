//! What the machine inside a cell can reach: WASI without a single file or socket, and one function
//! of ours that refuses what it does not know.

use std::sync::Arc;

use wasmtime::{
    ResourceLimiter, StoreContextMut,
    component::{Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::{
    desk::{Desk, Stream},
    instance::Stop,
    meter::Meter,
    nested::Mailbox,
    output::Printer,
    said,
};

/// Random bytes at once.
const RANDOM_BYTES_MAX: u64 = 1 << 20;
const TABLE_ELEMENTS_MAX: usize = 64 << 10;
const TOOL_NAME_BYTES_MAX: usize = 4096;

/// One cell's side of the machine.
pub(super) struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(super) limits: Limits,
    pub(super) desk: Arc<Desk>,
    pub(super) mailbox: Arc<Mailbox>,
}

/// The memory that it may have.
pub(super) struct Limits {
    /// What Python itself begins with, which is none of the code's.
    base: usize,
    used: usize,
    bytes_max: usize,
    /// From then on, what it gets counts.
    pub(super) has_begun: bool,
    meter: Arc<Meter>,
}

impl Guest {
    pub(super) fn new(
        desk: Arc<Desk>,
        mailbox: Arc<Mailbox>,
        meter: Arc<Meter>,
        memory_bytes_max: u64,
    ) -> Self {
        let printer = |stream| Printer {
            desk: Arc::clone(&desk),
            stream,
        };
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(printer(Stream::Stdout))
            .stderr(printer(Stream::Stderr))
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        Self {
            wasi: wasi.build(),
            table: ResourceTable::new(),
            limits: Limits {
                base: 0,
                used: 0,
                bytes_max: usize::try_from(memory_bytes_max).unwrap_or(usize::MAX),
                has_begun: false,
                meter,
            },
            desk,
            mailbox,
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.has_begun {
            let used = self.used.saturating_add(more);
            if used > self.bytes_max {
                return Err(wasmtime::Error::new(Stop::Memory));
            }
            self.used = used;
        } else {
            self.base = self.base.saturating_add(more);
        }
        self.meter.note_memory((self.base + self.used) as u64);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

/// Links what a cell can reach.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.root().func_wrap_async(
        "host",
        |context: StoreContextMut<'_, Guest>, (what, header, body): (String, Vec<u8>, Vec<u8>)| {
            let guest = context.data();
            let (desk, mailbox) = (Arc::clone(&guest.desk), Arc::clone(&guest.mailbox));
            Box::new(async move {
                let answer = ask(&desk, &mailbox, &what, &header, body).await?;
                Ok((answer,))
            })
        },
    )
}

/// Does what running code asks for. An error ends the cell; a refusal is told to the code.
async fn ask(
    desk: &Desk,
    mailbox: &Mailbox,
    what: &str,
    header: &[u8],
    body: Vec<u8>,
) -> wasmtime::Result<Result<Vec<u8>, String>> {
    let id = desk.running();
    match what {
        "log" => desk.log(&said::log(id, header)?)?,
        "progress" => desk.log(&said::progress(id, header)?)?,
        "lines" => desk.push(&said::lines(id, &body)?),
        "nested" => {
            let tool = said::tool(header)?;
            if tool.len() > TOOL_NAME_BYTES_MAX {
                return Ok(Err("the name is too long".to_owned()));
            }
            return mailbox.ask(desk, id, tool, &body).await;
        }
        "ran" => return mailbox.ran(desk, header, &body).await,
        _ => return Ok(Err(format!("nothing here is called `{what}`"))),
    }
    // Whoever reads too slowly holds up the code, not the memory of this process.
    desk.make_room().await;
    Ok(Ok(Vec::new()))
}
