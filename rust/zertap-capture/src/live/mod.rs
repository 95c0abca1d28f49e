//! Live capture: interfaces are read as they hear, and their frames go to several taps.
//!
//! One thread reads every interface, decodes each frame once and hands its segment to the tap that has the connection;
//! each tap has a thread of its own ([`Config`] by [`Config`], nothing is shared between them). Who owns the [`Live`]
//! collects their rows, put in order of time. Every frame is in exactly one place of the account: see [`Counts`].
//!
//! The reader decodes, so IP fragments and tunnels go where the rest of their connection goes; the kernel's own fanout
//! knows neither. Where taps cannot keep up frames are lost, in the kernel's ring or before a tap's full queue, and are
//! counted there; to a tap they are octets that will never be seen.
//!
//! A staircase: `account` and `device` hold the words, `interface` opens real ones (`absent` in its place says why not),
//! `parcel` is what goes from reader to tap, `sweep` puts frames in order, `worker` and `reader` are the threads,
//! `collector` joins what they say.

#[cfg(not(feature = "live"))]
mod absent;
mod account;
mod collector;
mod device;
#[cfg(feature = "live")]
mod interface;
mod parcel;
mod reader;
mod sweep;
mod worker;

pub use account::{Account, Counts, Losses, ReaderCounts};
pub use device::{Device, Heard, LiveError, LiveErrorKind, LiveOptions};

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use collector::Collector;
use crossbeam_channel::{RecvTimeoutError, Sender, TrySendError, bounded};
use reader::{Command, Reader};
use worker::{Question, Worker};
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::flow::Endpoint;
use zertap_core::time::Timestamp;

/// Whether interfaces can be opened in this build.
pub const AVAILABLE: bool = cfg!(feature = "live");

/// Most taps of one capture.
pub const MOST_TAPS: usize = 64;

/// Opens one interface. Needs the capability CAP_NET_RAW.
pub fn open(name: &str, options: &LiveOptions) -> Result<Box<dyn Device>, LiveError> {
    #[cfg(feature = "live")]
    return interface::open(name, options);
    #[cfg(not(feature = "live"))]
    return absent::open(name, options);
}

/// Parcels that wait before one tap; beyond it the reader waits a little, then loses frames and counts them.
const QUEUE: usize = 32;
/// Empty parcels that are kept for each tap; what a burst took beyond them goes back to the allocator.
const SPARE: usize = 4;
/// Messages of rows that wait for their collector; beyond it taps wait.
const TOLD: usize = 64;

/// A running capture. Dropping it ends its threads.
#[derive(Debug)]
pub struct Live {
    commands: Sender<Command>,
    collector: Collector,
    questions: Vec<Sender<Question>>,
    shared: Arc<Mutex<Shared>>,
}

/// Questions that wait before one tap; beyond it notes are not taken.
const QUESTIONS: usize = 1024;
/// How long a tap may take to answer; one that is busy is asked again later.
const PATIENCE: Duration = Duration::from_millis(200);
/// Where a place in the list of current connections has the number of its tap.
const TAP_BITS: u32 = 40;

/// What the reader tells whoever looks.
#[derive(Debug, Default)]
struct Shared {
    counts: ReaderCounts,
    faults: Vec<LiveError>,
}

impl Live {
    /// Starts reading `devices` into one tap for each of `configs`, of which there is at least one.
    pub fn start(devices: Vec<Box<dyn Device>>, configs: Vec<Config>) -> std::io::Result<Self> {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (commands, orders) = bounded(QUEUE);
        let (tell, told) = bounded(TOLD);
        let wire = configs.first().map(|config| config.wire).unwrap_or_default();
        let (mut queues, mut questions) = (Vec::new(), Vec::new());
        for (number, config) in configs.into_iter().enumerate() {
            let (queue, messages) = bounded(QUEUE);
            let (spare, spares) = bounded(SPARE);
            let (ask, asked) = bounded(QUESTIONS);
            let worker = Worker::new(number, config, messages, spare, tell.clone(), asked);
            questions.push(ask);
            thread::Builder::new().name(format!("tap {number}")).spawn(move || worker.run())?;
            queues.push((queue, spares));
        }
        let collector = Collector::new(queues.len(), told);
        let reader = Reader::new(devices, wire, queues, orders, Arc::clone(&shared));
        thread::Builder::new().name("reader".to_owned()).spawn(move || reader.run())?;
        Ok(Self { commands, collector, questions, shared })
    }

    /// The rows that are complete, in order of time; waits at most so long for the first. When `is_over` there are none.
    pub fn collect(&mut self, wait: Duration) -> Vec<Row> {
        self.collector.collect(wait)
    }

    /// Connections that live, as [`zertap_core::tap::Tap::current`] tells them: at most so many, from a place on; and the
    /// place to go on from. A place whose tap does not answer in time comes back as it is.
    pub fn current(&self, from: usize, most: usize) -> (Vec<Row>, Option<usize>) {
        let (tap, slot) = (from >> TAP_BITS, from & ((1 << TAP_BITS) - 1));
        let Some(tap_asked) = self.questions.get(tap) else { return (Vec::new(), None) };
        let (answer, answers) = bounded(1);
        let question = Question::Current { from: slot, most, answer };
        let next_tap = (tap + 1 < self.questions.len()).then_some((tap + 1) << TAP_BITS);
        match tap_asked.try_send(question) {
            Err(TrySendError::Disconnected(_)) => return (Vec::new(), next_tap),
            Err(TrySendError::Full(_)) => return (Vec::new(), Some(from)),
            Ok(()) => {}
        }
        match answers.recv_timeout(PATIENCE) {
            Ok((mut rows, slot)) => {
                self.collector.number(tap, &mut rows);
                (rows, slot.map(|slot| tap << TAP_BITS | slot).or(next_tap))
            }
            Err(RecvTimeoutError::Timeout) => (Vec::new(), Some(from)),
            Err(RecvTimeoutError::Disconnected) => (Vec::new(), next_tap),
        }
    }

    /// Keeps `note` with the connection of this number between these ends, if it still lives when its tap hears of it and
    /// nothing of it was reported; `false` where the tap has too much else to hear.
    pub fn mark(&self, ends: [Endpoint; 2], number: u64, note: u64) -> bool {
        let several = self.questions.len() as u64;
        let (tap, number) = (number.saturating_sub(1) % several, number.saturating_sub(1) / several + 1);
        let asked = self.questions.get(tap as usize);
        asked.is_some_and(|tap| tap.try_send(Question::Mark { ends, number, note }).is_ok())
    }

    /// Begins anew with other taps, one for each of `configs` (as many as before), or observes nothing.
    ///
    /// What the old ones still had open is forgotten.
    pub fn renew(&mut self, configs: Option<Vec<Config>>) {
        // The reader is gone only when the capture is over.
        let _ = self.commands.send(Command::Renew(configs));
    }

    /// No more frames are taken. What was received is still read; go on collecting until it `is_over`.
    pub fn stop(&mut self) {
        let _ = self.commands.send(Command::Stop);
    }

    /// Whether every tap has ended and every row was collected.
    pub fn is_over(&self) -> bool {
        self.collector.is_over()
    }

    /// The first moment that any tap was told of, and the latest that all were; rows up to it were collected.
    pub fn clock(&self) -> Option<(Timestamp, Timestamp)> {
        self.collector.clock()
    }

    /// Where everything went so far.
    pub fn counts(&self) -> Counts {
        let reader = self.look().counts.clone();
        Counts { reader, taps: self.collector.accounts(), rows_waiting: self.collector.waiting() as u64 }
    }

    /// What went wrong with interfaces since the last call. The capture goes on while one is left.
    pub fn take_faults(&mut self) -> Vec<LiveError> {
        std::mem::take(&mut self.look().faults)
    }

    fn look(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
