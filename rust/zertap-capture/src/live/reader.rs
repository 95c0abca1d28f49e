//! The thread that reads the interfaces, decodes every frame once, and hands segments to their taps.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Shared;
use super::account::ReaderCounts;
use super::device::{Device, LiveError};
use super::parcel::{Message, Parcel};
use super::sweep::{Sweep, watermark};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use zertap_core::config::Config;
use zertap_core::flow::FlowKey;
use zertap_core::tap::RawFrame;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Corners, Decoder, LinkType, Segment, WireConfig};

/// What the owner of the capture wants.
pub(super) enum Command {
    /// Other taps, or none.
    Renew(Option<Vec<Config>>),
    /// No more frames.
    Stop,
}

/// A tap's queue, and parcels that it has emptied.
pub(super) type Queue = (Sender<Message>, Receiver<Parcel>);

/// The reader and all it reads from and writes to.
pub(super) struct Reader {
    devices: Vec<Heeded>,
    decoder: Decoder,
    hasher: RandomState,
    ways: Vec<Way>,
    orders: Receiver<Command>,
    shared: Arc<Mutex<Shared>>,
    sweep: Sweep,
    counts: ReaderCounts,
    /// An interface that had nothing to read has handed over everything that it heard before this moment. It counts from
    /// when it was asked: until frames are handed on, this thread may have had to wait for a processor.
    quiet: Timestamp,
    /// The latest moment of which it is known that everything before was handed on.
    now: Timestamp,
    observed: Option<Instant>,
}

/// An interface being read.
struct Heeded {
    device: Box<dyn Device>,
    link: LinkType,
    frames: u64,
    /// Its latest frame, while more of them may wait.
    latest: Option<Timestamp>,
    alive: bool,
}

/// The way to one tap.
struct Way {
    queue: Sender<Message>,
    spares: Receiver<Parcel>,
    parcel: Parcel,
    clock: Timestamp,
}

/// Frames asked of one interface at once.
const AT_ONCE: usize = 256;
/// Octets read before they are handed on.
const SWEEP: usize = 4 << 20;
/// How long the kernel may keep frames in a block that is not full. Unit: milliseconds.
pub(super) const BLOCK_MS: u32 = 20;
/// An interface without waiting frames has handed over everything that it heard so long ago.
const QUIET: Duration = Duration::from_millis(100);
/// How long a full queue is waited for before its parcel is lost.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long frames of a stopped interface are awaited, and how long they may be read at most.
const LAST_BLOCK: Duration = Duration::from_millis(3 * BLOCK_MS as u64);
const WINDING_UP: Duration = Duration::from_millis(800);
/// How often losses are asked for while the interfaces are busy.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Reader {
    pub(super) fn new(
        devices: Vec<Box<dyn Device>>,
        wire: WireConfig,
        queues: Vec<Queue>,
        orders: Receiver<Command>,
        shared: Arc<Mutex<Shared>>,
    ) -> Self {
        let heed = |device: Box<dyn Device>| Heeded {
            link: LinkType(device.link()),
            device,
            frames: 0,
            latest: None,
            alive: true,
        };
        let way =
            |(queue, spares): Queue| Way { queue, spares, parcel: Parcel::default(), clock: Timestamp(0) };
        Self {
            devices: devices.into_iter().map(heed).collect(),
            decoder: Decoder::new(wire),
            hasher: RandomState::new(),
            ways: queues.into_iter().map(way).collect(),
            orders,
            shared,
            sweep: Sweep::default(),
            counts: ReaderCounts::default(),
            quiet: Timestamp(0),
            now: Timestamp(0),
            observed: None,
        }
    }

    /// Reads until it is told to stop or no interface is left; then the taps end too.
    pub(super) fn run(mut self) {
        while self.obey() && self.devices.iter().any(|heeded| heeded.alive) {
            let busy = self.read();
            self.hand_on(false);
            self.look(!busy);
            if !busy {
                self.wait();
            }
        }
        self.wind_up();
    }

    /// Does what was ordered; whether to go on.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Command::Renew(configs)) => self.renew(configs),
                Err(TryRecvError::Empty) => return true,
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn renew(&mut self, configs: Option<Vec<Config>>) {
        let mut configs = configs.map(Vec::into_iter);
        for way in &mut self.ways {
            let config = configs.as_mut().and_then(Iterator::next).map(Box::new);
            let _ = way.queue.send(Message::Renew(config));
        }
    }

    /// Reads what waits at the interfaces, up to a limit; whether more may wait.
    fn read(&mut self) -> bool {
        let mut more = false;
        self.quiet = moment(SystemTime::now().checked_sub(QUIET));
        for heeded in self.devices.iter_mut().filter(|heeded| heeded.alive) {
            heeded.latest = None;
            loop {
                let (sweep, frames, latest) = (&mut self.sweep, &mut heeded.frames, &mut heeded.latest);
                let link = heeded.link;
                let read = heeded.device.read(AT_ONCE, &mut |heard| {
                    *frames += 1;
                    *latest = Some(heard.at);
                    sweep.push(link, heard);
                });
                match read {
                    Ok(0) => {
                        heeded.latest = None;
                        break;
                    }
                    Ok(_) if self.sweep.octets() >= SWEEP => {
                        more = true;
                        break;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        heeded.alive = false;
                        heeded.latest = None;
                        tell(&self.shared, error);
                        break;
                    }
                }
            }
        }
        more
    }

    /// Decodes what is ready and sends it; at the end everything is ready.
    fn hand_on(&mut self, end: bool) {
        let alone = self.devices.len() == 1;
        let latest = self.devices.iter().filter(|heeded| heeded.alive).map(|heeded| heeded.latest);
        let passed = watermark(latest, self.quiet);
        let until = if end || alone { Timestamp(u64::MAX) } else { passed };
        if !alone {
            self.sweep.sort();
        }
        let mut sweep = std::mem::take(&mut self.sweep);
        let mut count = 0;
        for frame in sweep.ready(until) {
            count += 1;
            self.decode(&frame);
        }
        sweep.forget(count);
        self.sweep = sweep;
        self.now = self.now.max(passed);
        for way in 0..self.ways.len() {
            self.flush(way);
        }
    }

    fn decode(&mut self, frame: &RawFrame<'_>) {
        let Self { decoder, hasher, ways, counts, .. } = self;
        counts.frames += 1;
        match decoder.decode(frame.at, frame.link, frame.bytes, frame.wire_length) {
            Ok(segment) => {
                counts.segments += 1;
                let index = way_of(hasher, &segment, ways.len());
                let Some(way) = ways.get_mut(index) else { return };
                way.parcel.push(counts.frames, frame.at, &segment);
                way.parcel.clock = frame.at;
                if way.parcel.is_full() {
                    self.flush(index);
                }
            }
            Err(skip) => {
                if let Some(count) = counts.skipped.get_mut(skip.index()) {
                    *count += 1;
                }
            }
        }
    }

    /// Sends a tap its parcel; without one the time, if that has moved on.
    fn flush(&mut self, index: usize) {
        let Some(way) = self.ways.get_mut(index) else { return };
        if way.parcel.len() == 0 {
            // A tap whose queue is full will hear of the time with its next parcel.
            if self.now > way.clock && way.queue.try_send(Message::Clock(self.now)).is_ok() {
                way.clock = self.now;
            }
            return;
        }
        let empty = way.spares.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut way.parcel, empty);
        let segments = full.len() as u64;
        if way.queue.send_timeout(Message::Parcel(full), PATIENCE).is_err() {
            self.counts.lost_here += segments;
        }
    }

    /// Asks for losses and lets others see the counts.
    fn look(&mut self, idle: bool) {
        if !idle && self.observed.is_some_and(|at| at.elapsed() < BETWEEN_LOOKS) {
            return;
        }
        self.observed = Some(Instant::now());
        let interfaces = self.devices.iter_mut().map(|heeded| {
            let losses = heeded.device.losses();
            (heeded.device.name().to_owned(), losses, heeded.frames)
        });
        self.counts.interfaces = interfaces.collect();
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).counts.clone_from(&self.counts);
    }

    /// Waits until frames wait, or some milliseconds.
    #[cfg_attr(
        not(feature = "live"),
        expect(clippy::unused_self, reason = "without interfaces there is nothing to ask")
    )]
    fn wait(&self) {
        #[cfg(feature = "live")]
        {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let alive = self.devices.iter().filter(|heeded| heeded.alive);
            let descriptors = alive.map(|heeded| heeded.device.descriptor());
            if let Some(known) = descriptors.collect::<Option<Vec<_>>>() {
                let mut waiting: Vec<PollFd<'_>> =
                    known.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)).collect();
                let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(BLOCK_MS) * 1_000_000 };
                // Interrupted or not: the interfaces are looked at again.
                let _ = poll(&mut waiting, Some(&limit));
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }

    /// Reads what the interfaces still hold, and ends the taps.
    fn wind_up(&mut self) {
        for heeded in self.devices.iter_mut().filter(|heeded| heeded.alive) {
            if let Err(error) = heeded.device.shut() {
                tell(&self.shared, error);
            }
        }
        let begun = Instant::now();
        let mut latest = begun;
        while latest.elapsed() < LAST_BLOCK
            && begun.elapsed() < WINDING_UP
            && self.devices.iter().any(|it| it.alive)
        {
            let before = self.counts.frames;
            let busy = self.read();
            self.hand_on(false);
            if self.counts.frames > before || busy {
                latest = Instant::now();
            } else {
                self.wait();
            }
        }
        self.hand_on(true);
        self.look(true);
        // With their queues the taps end.
        self.ways.clear();
    }
}

fn tell(shared: &Mutex<Shared>, error: LiveError) {
    shared.lock().unwrap_or_else(PoisonError::into_inner).faults.push(error);
}

/// Which tap has a segment's connection: the same for both directions, and for any tags and tunnels around it.
fn way_of(hasher: &RandomState, segment: &Segment<'_>, ways: usize) -> usize {
    if ways < 2 {
        return 0;
    }
    let [a, b, c, d, rest] = FlowKey::of(&Corners::of(segment)).0.words();
    (hasher.hash_one((a, b, c, d, rest >> 32)) % ways as u64) as usize
}

fn moment(at: Option<SystemTime>) -> Timestamp {
    let since = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
