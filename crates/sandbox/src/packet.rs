//! What the pool and a nursery say to each other: one JSON object a packet, over a socket of packets
//! that is the nursery's standard input.
//!
//! To open a cell, the packet brings along three descriptors: the cell's stream of work, its control
//! stream, and where its raw output goes. From then on the cell is spoken to in [`python::frame`]s, the
//! first being a `Hello` on the control stream with the shared memory, as to any worker.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixDatagram as Packets,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{io::Interest, net::UnixDatagram};

/// A longer packet is neither sent nor read.
const PACKET_BYTES_MAX: usize = 16 << 10;

/// The descriptors that come with [`Order::Open`].
pub(crate) const STREAMS: usize = 3;

/// To a nursery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Bring a cell to life on the descriptors that come along.
    Open { cell: u64, bounds: Bounds },
    /// End it, whatever it does.
    End { cell: u64 },
}

/// What a cell may use, beside what its `Hello` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "each is the most of something")]
pub(crate) struct Bounds {
    pub(crate) memory_bytes_max: u64,
    pub(crate) output_bytes_max: u64,
    pub(crate) fuel_max: Option<u64>,
    pub(crate) threads_max: u32,
    pub(crate) open_files_max: u32,
    /// Ended after this at the latest, if nobody says so.
    pub(crate) life_ms_max: u64,
}

/// From a nursery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// It can open cells. The first packet.
    Ready { about: String },
    /// It cannot, and ends.
    Unfit { reason: String, hint: String },
    /// A cell is no more.
    Ended { cell: u64, end: End },
}

/// How a cell ended, and what it has used in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<Why>,
    pub(crate) cpu_us: u64,
    pub(crate) memory_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fuel: Option<u64>,
}

/// What ended a cell that did not end by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// An order, or the end of its streams.
    Order,
    Life,
    Memory,
    Output,
    Fuel,
    Trap(String),
    /// It said what only its nursery may say.
    Forged(String),
}

/// Sends one packet, and descriptors with it.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > PACKET_BYTES_MAX {
        return Err(too_long());
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(STREAMS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let slices = [IoSlice::new(&bytes)];
    rustix::net::sendmsg(socket, &slices, &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one packet and what comes with it; `None` when the other side is gone. Waits for it, unless
/// the socket does not wait.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: impl AsFd,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = [0; PACKET_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(STREAMS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(socket, &mut slices, &mut ancillary, flags)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let descriptors = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => files.collect(),
        _ => Vec::new(),
    });
    let descriptors = descriptors.collect();
    if received.flags.contains(ReturnFlags::TRUNC) {
        return Err(too_long());
    }
    let message = serde_json::from_slice(&bytes[..received.bytes])?;
    Ok(Some((message, descriptors)))
}

/// One end of the socket, for whoever does other things while it waits. It has packets, so tokio may
/// take it for one of datagrams.
pub(crate) struct Channel(UnixDatagram);

impl Channel {
    pub(crate) fn of(socket: OwnedFd) -> io::Result<Self> {
        let packets = Packets::from(socket);
        packets.set_nonblocking(true)?;
        Ok(Self(UnixDatagram::from_std(packets)?))
    }

    /// The next packet, and what comes with it; `None` when there will be none.
    pub(crate) async fn receive<T: DeserializeOwned>(
        &self,
    ) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let receive = || receive(&self.0);
        match self.0.async_io(Interest::READABLE, receive).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            received => received,
        }
    }

    pub(crate) async fn send(
        &self,
        message: &impl Serialize,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        let send = || send(self.0.as_fd(), message, descriptors);
        self.0.async_io(Interest::WRITABLE, send).await
    }

    /// Sends without waiting for room.
    pub(crate) fn try_send(&self, message: &impl Serialize) -> io::Result<()> {
        send(self.0.as_fd(), message, &[])
    }
}

fn too_long() -> io::Error {
    io::Error::other("the packet is too long")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    use super::*;

    /// What is received when these bytes are a packet.
    fn received<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<Option<T>> {
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        rustix::net::send(&theirs, bytes, SendFlags::NOSIGNAL)?;
        Ok(receive(&ours)?.map(|(message, _)| message))
    }

    fn notice() -> impl Strategy<Value = Notice> {
        let why = prop_oneof![
            prop::sample::select(&[Why::Order, Why::Life, Why::Memory, Why::Output, Why::Fuel][..]),
            any::<String>().prop_map(Why::Trap),
        ];
        let end = (
            any::<[Option<i32>; 2]>(),
            prop::option::of(why),
            any::<[u64; 2]>(),
        );
        let end = end.prop_map(|([code, signal], why, [cpu_us, memory_bytes])| End {
            code,
            signal,
            why,
            cpu_us,
            memory_bytes,
            fuel: None,
        });
        prop_oneof![
            any::<String>().prop_map(|about| Notice::Ready { about }),
            any::<[String; 2]>().prop_map(|[reason, hint]| Notice::Unfit { reason, hint }),
            (any::<u64>(), end).prop_map(|(cell, end)| Notice::Ended { cell, end }),
        ]
    }

    #[test]
    fn a_packet_that_is_too_long_is_refused_and_not_read_in_part() {
        let mut packet = serde_json::to_vec(&Order::End { cell: 1 }).unwrap();
        packet.resize(PACKET_BYTES_MAX + 1, b' ');

        let refused = received::<Order>(&packet).unwrap_err();

        assert_eq!(refused.to_string(), "the packet is too long");
        packet.pop();
        let read = received::<Order>(&packet).unwrap();
        assert_eq!(read, Some(Order::End { cell: 1 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_sent_is_received(notice in notice()) {
            let bytes = serde_json::to_vec(&notice).unwrap();

            prop_assert_eq!(received::<Notice>(&bytes).unwrap(), Some(notice));
        }

        #[test]
        fn any_packet_is_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
            prop_assert!(received::<Notice>(&bytes).is_err());
            prop_assert!(received::<Order>(&bytes).is_err());
        }

        #[test]
        fn a_packet_with_a_bit_changed_or_cut_is_a_message_or_an_error(
            notice in notice(),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            length in any::<prop::sample::Index>(),
        ) {
            let whole = serde_json::to_vec(&notice).unwrap();
            let mut changed = whole.clone();
            changed[at.index(whole.len())] ^= 1 << bit;

            drop(received::<Notice>(&changed));
            let cut = &whole[..=length.index(whole.len() - 1)];
            prop_assert!(received::<Notice>(cut).is_err());
        }
    }
}
