//! An interface read by libpcap: its memory-mapped ring (TPACKET_V3 on Linux), stamps in nanoseconds.
//!
//! libpcap's immediate mode would give up that ring for an older one; instead the kernel closes a block of the ring after
//! some milliseconds, full or not.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::account::Losses;
use super::device::{Device, Heard, LiveError, LiveErrorKind, LiveOptions};
use super::reader::BLOCK_MS;
use pcap::{Active, Capture, Precision};
use socket2::{SockFilter, SockRef};
use zertap_core::time::Timestamp;

/// One open interface.
struct Interface {
    name: String,
    link: u16,
    capture: Capture<Active>,
    losses: Losses,
    /// The kernel's counters of 32 bits as they were last seen: received, dropped, dropped by the interface.
    seen: [u32; 3],
    /// When it was last asked whether it is up.
    asked: Instant,
}

/// The pseudo-interface that hears all others.
const ANY: &str = "any";

/// See `live::open`.
pub(super) fn open(name: &str, options: &LiveOptions) -> Result<Box<dyn Device>, LiveError> {
    if name != ANY && is_up(name).is_none() {
        return Err(LiveError::new(LiveErrorKind::NoInterface, name, "no such interface"));
    }
    let inactive = Capture::from_device(name).map_err(|error| explain(name, &error))?;
    let capture = inactive
        .snaplen(i32::try_from(options.snap_length).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(options.buffer).unwrap_or(i32::MAX))
        .promisc(options.promiscuous && name != ANY)
        .timeout(i32::try_from(BLOCK_MS).unwrap_or(i32::MAX))
        .precision(Precision::Nano)
        .open()
        .and_then(Capture::setnonblock)
        .map_err(|error| explain(name, &error))?;
    let link = u16::try_from(capture.get_datalink().0).unwrap_or(u16::MAX);
    let mut interface = Interface {
        name: name.to_owned(),
        link,
        capture,
        losses: Losses::default(),
        seen: [0; 3],
        asked: Instant::now(),
    };
    if let Some(filter) = &options.filter {
        interface.filter(filter)?;
    }
    Ok(Box::new(interface))
}

impl Interface {
    /// Sets the filter. What came before it is thrown away, so that the counts are those of the filter from the start.
    fn filter(&mut self, filter: &str) -> Result<(), LiveError> {
        let bad = |error: &pcap::Error| {
            LiveError::new(
                LiveErrorKind::BadFilter,
                &self.name,
                format!("bad filter `{filter}`: {}", said(error)),
            )
        };
        self.capture.compile(filter, true).map_err(|error| bad(&error))?;
        self.shut()?;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(u64::from(3 * BLOCK_MS)) {
            if self.read(usize::MAX, &mut |_| ())? == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.losses();
        self.losses = Losses::default();
        let bad = |error: &pcap::Error| LiveError::new(LiveErrorKind::BadFilter, &self.name, said(error));
        self.capture.filter(filter, true).map_err(|error| bad(&error))
    }
}

impl Interface {
    /// libpcap passes over an interface that is taken down; nothing would ever come from it without a word.
    fn ask_whether_up(&mut self) -> Result<usize, LiveError> {
        if self.asked.elapsed() < BETWEEN_QUESTIONS || self.name == ANY {
            return Ok(0);
        }
        self.asked = Instant::now();
        match is_up(&self.name) {
            Some(true) => Ok(0),
            Some(false) => Err(LiveError::new(LiveErrorKind::Lost, &self.name, "the interface went down")),
            None => Err(LiveError::new(LiveErrorKind::Lost, &self.name, "the interface went away")),
        }
    }
}

/// How often a silent interface is asked.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(1);

/// Whether an interface of this network namespace is up; `None` if there is none.
fn is_up(name: &str) -> Option<bool> {
    let known = pcap::Device::list().unwrap_or_default();
    known.iter().find(|device| device.name == name).map(|device| device.flags.is_up())
}

impl Device for Interface {
    fn name(&self) -> &str {
        &self.name
    }

    fn link(&self) -> u16 {
        self.link
    }

    fn read(&mut self, most: usize, take: &mut dyn FnMut(Heard<'_>)) -> Result<usize, LiveError> {
        let most = most.min(i32::MAX as usize);
        let read = self.capture.dispatch(Some(most), |packet| {
            let header = packet.header;
            let seconds = u64::try_from(header.ts.tv_sec).unwrap_or_default();
            let nanoseconds = u64::try_from(header.ts.tv_usec).unwrap_or_default();
            let at = Timestamp(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds));
            take(Heard { at, bytes: packet.data, wire_length: header.len });
        });
        match read {
            Ok(0) | Err(pcap::Error::TimeoutExpired) => self.ask_whether_up(),
            Ok(count) => Ok(count),
            Err(error) => Err(LiveError::new(LiveErrorKind::Lost, &self.name, said(&error))),
        }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.capture.as_fd())
    }

    fn losses(&mut self) -> Losses {
        if let Ok(stat) = self.capture.stats() {
            let now = [stat.received, stat.dropped, stat.if_dropped];
            let [received, dropped, interface] =
                [0, 1, 2].map(|n: usize| u64::from(now[n].wrapping_sub(self.seen[n])));
            self.seen = now;
            self.losses.received += received;
            self.losses.dropped += dropped;
            self.losses.interface_dropped += interface;
        }
        self.losses
    }

    fn shut(&mut self) -> Result<(), LiveError> {
        // "Return 0": the kernel takes no octet of any frame.
        let nothing = [SockFilter::new(0x06, 0, 0, 0)];
        SockRef::from(&self.capture).attach_filter(&nothing).map_err(|error| {
            LiveError::new(LiveErrorKind::Other, &self.name, format!("cannot be shut: {error}"))
        })
    }
}

/// Why an interface could not be opened, and what helps.
fn explain(name: &str, error: &pcap::Error) -> LiveError {
    let text = said(error);
    let (kind, reason) = if text.contains("permission") || text.contains("not permitted") {
        (LiveErrorKind::NotPermitted, NOT_PERMITTED.to_owned())
    } else if text.contains("No such device") {
        (LiveErrorKind::NoInterface, "no such interface".to_owned())
    } else if text.contains("is not up") {
        (LiveErrorKind::NoInterface, format!("the interface is down: ip link set {name} up"))
    } else {
        (LiveErrorKind::Other, text)
    };
    LiveError::new(kind, name, reason)
}

const NOT_PERMITTED: &str = "not permitted: capturing needs the capability CAP_NET_RAW: \
    run it as root (with --user to give the rest up), or as a service that has it";

/// libpcap's words on one line.
fn said(error: &pcap::Error) -> String {
    let text = match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
